//! The Rust in the pages of docs that speak of profiles compiles and does what they say: each block stands here too.

use std::path::Path;

/// docs/profiles.md, "In a program".
fn profiles(records: &[Vec<u8>]) -> Result<(), Box<dyn std::error::Error>> {
    use sigwarp::Engine;
    use sigwarp_profiles::{Batch, ethereum, verify};

    let engine = Engine::builder().build()?;
    let context = ethereum::Context::transactions(1, ethereum::Fork::Prague);
    let mut batch = Batch::new();
    for record in records {
        batch.push(&ethereum::Ethereum, record, &context);
    }
    for report in verify(&engine, batch)? {
        println!("{} {:?}", report.verdict.name(), report.sender);
    }
    Ok(())
}

#[test]
fn the_blocks_do_what_the_pages_say() {
    profiles(&[vec![0xf8], vec![0x02, 0xc0]]).expect("an engine that works");
}

/// Code without comments and with single spaces, as far as layout can differ.
fn plain(code: &str) -> String {
    let lines = code.lines().map(|line| line.split("//").next().unwrap_or_default());
    lines.flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ")
}

#[test]
fn every_block_of_rust_about_profiles_is_here() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
    // The page borrows what is a slice here.
    let here = plain(include_str!("snippets.rs")).replace("for record in records", "for record in &records");
    let mut blocks = 0;
    for entry in std::fs::read_dir(docs).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.extension().is_none_or(|extension| extension != "md") {
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("a page");
        for block in text.split("\n```rust\n").skip(1) {
            let block = block.split("\n```").next().unwrap_or_default();
            if block.contains("sigwarp_profiles") {
                assert!(here.contains(&plain(block)), "{}: not in snippets.rs:\n{block}", path.display());
                blocks += 1;
            }
        }
    }
    assert!(blocks >= 1, "no block");
}
