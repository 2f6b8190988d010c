//! Whether the system shows a device that a driver could open, found without loading a driver.
//!
//! Loading the drivers of Vulkan takes a tenth of a second, and one of them may have something to say on standard error
//! (a layer of Mesa does where `XDG_RUNTIME_DIR` is not set). On Linux a driver of hardware opens a node below `/dev`, so
//! where there is none an engine that chooses by itself loads nothing. A software adapter needs no node; `auto` takes
//! none of these, and who names the backend `gpu` is not asked for a node.

#[cfg(any(test, target_os = "linux"))]
use std::path::Path;

/// How the names of nodes below `/dev` begin: NVIDIA (also Tegra), WSL, AMD's compute driver, Adreno, Mali.
#[cfg(any(test, target_os = "linux"))]
const NODES: [&str; 6] = ["nvidia", "nvhost", "dxg", "kfd", "kgsl", "mali"];
/// The folder of nodes of every other driver of the kernel.
#[cfg(any(test, target_os = "linux"))]
const RENDERERS: &str = "dri";

/// Why no driver can find a device of its own here; `None` where one may, or where the system does not say.
#[cfg_attr(not(feature = "gpu"), allow(dead_code, reason = "no device is in this build"))]
pub(crate) fn no_device() -> Option<String> {
    #[cfg(target_os = "linux")]
    return none_below(Path::new("/dev"));
    #[cfg(not(target_os = "linux"))]
    None
}

#[cfg(any(test, target_os = "linux"))]
fn none_below(folder: &Path) -> Option<String> {
    let mut renderers = folder.join(RENDERERS).read_dir().into_iter().flatten();
    let mut nodes = folder.read_dir().into_iter().flatten().flatten();
    let found = renderers.next().is_some()
        || nodes.any(|node| {
            let name = node.file_name();
            NODES.iter().any(|begins| name.to_string_lossy().starts_with(begins))
        });
    let folder = folder.display();
    (!found).then(|| format!("there is no device node ({folder}/dri, {folder}/nvidia*, {folder}/dxg, ...)"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_of_devices_are_seen_and_others_are_not() {
        let folder = std::env::temp_dir().join(format!("sigwarp-nodes-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        assert!(none_below(&folder).is_some(), "a folder that is not there");
        std::fs::create_dir_all(folder.join("dri")).expect("a temporary folder");
        // A disk, and an empty folder of renderers, as containers have it.
        std::fs::write(folder.join("nvme0n1"), "").expect("a file");
        let why = none_below(&folder).expect("no node");
        assert!(why.starts_with("there is no device node") && why.contains("/dri"), "{why}");
        for name in ["nvidia0", "nvidiactl", "dxg", "kfd", "kgsl-3d0", "mali0", "dri/renderD128"] {
            std::fs::write(folder.join(name), "").expect("a file");
            assert_eq!(none_below(&folder), None, "{name}");
            std::fs::remove_file(folder.join(name)).expect("a file");
        }
        assert!(none_below(&folder).is_some());
        std::fs::remove_dir_all(folder).expect("the folder of this test");
    }
}
