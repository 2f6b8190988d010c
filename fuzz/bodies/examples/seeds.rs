//! Writes the seeds of the fuzz targets: `cargo run -p sigwarp-fuzz-bodies --example seeds -- FOLDER` makes
//! `FOLDER/TARGET/seed-NNNN`.

use std::path::PathBuf;

use sigwarp_fuzz_bodies::{TARGETS, seeds};

fn main() -> std::io::Result<()> {
    let Some(folder) = std::env::args_os().nth(1).map(PathBuf::from) else {
        eprintln!("usage: seeds FOLDER");
        std::process::exit(2);
    };
    for (name, _) in TARGETS {
        let folder = folder.join(name);
        std::fs::create_dir_all(&folder)?;
        for (index, seed) in seeds::of(name).iter().enumerate() {
            std::fs::write(folder.join(format!("seed-{index:04}")), seed)?;
        }
    }
    Ok(())
}
