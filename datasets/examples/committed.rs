//! Writes the committed datasets again: `cargo run --release --example committed --features edges -- datasets`.

use std::path::PathBuf;

use sigwarp_datasets::generate::{Generator, Workload};
use sigwarp_datasets::{ROW_GROUP_ROWS, RowWriter, edges};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder: PathBuf = std::env::args_os().nth(1).ok_or("name the folder of the crate")?.into();
    for (name, cases) in edges::files() {
        let mut writer = RowWriter::create(&folder.join("edges").join(name), ROW_GROUP_ROWS)?;
        for edge in &cases {
            edge.write(&mut writer)?;
        }
        writer.finish()?;
        println!("edges/{name}: {} cases", cases.len());
    }
    let sample = Workload::iot_sample();
    let mut writer = RowWriter::create(&folder.join("samples/iot.jsonl"), ROW_GROUP_ROWS)?;
    Generator::new(sample.clone())?.write_rows(&mut writer, |_| true)?;
    writer.finish()?;
    println!("samples/iot.jsonl: {} rows", sample.items);
    Ok(())
}
