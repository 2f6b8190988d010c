//! Gives the shared library its name for the loader, which changes with the ABI version.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let target = std::env::var("CARGO_CFG_TARGET_OS").unwrap_or_default();
    if target == "linux" || target == "android" {
        // The number is SIGWARP_ABI_VERSION; tests/header.rs compares.
        println!("cargo::rustc-cdylib-link-arg=-Wl,-soname,libsigwarp_c.so.1");
    }
}
