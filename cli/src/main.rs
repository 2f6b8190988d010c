//! The `sigwarp` command.
fn main() {}
