//! Bitcoin beside Bitcoin Core: `sigwarp-differential-bitcoin VECTORS scripts [INPUTS [SEED]]` or `VECTORS speed`.
//!
//! - `scripts`: changed inputs of the vectors, judged by ours in batches and by `bitcoinkernel` one by one under the same
//!   flags. Both must say the same of every input.
//! - `speed`: the scripts of block 866,342 from its bytes and its undo data on one thread, in interleaved pairs.
//!
//! Each line of output begins with `pass`, `short` or `note` and a tabulator, and the status is 1 where one is `short`.

mod change;
mod kernel;
mod quadratic;
mod scripts;
mod seeds;
mod speed;
mod wire;

use std::path::PathBuf;
use std::process::ExitCode;

use sha2::{Digest as _, Sha256};

/// What a part has found, printed as it comes.
pub(crate) struct Out {
    is_short: bool,
}

impl Out {
    pub(crate) fn judge(&mut self, is_good: bool, text: &str) {
        println!("{}\t{text}", if is_good { "pass" } else { "short" });
        self.is_short |= !is_good;
    }

    pub(crate) fn note(&self, text: &str) {
        println!("note\t{text}");
    }
}

pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

pub(crate) fn sha256d(bytes: &[u8]) -> [u8; 32] {
    sha256(&sha256(bytes))
}

pub(crate) fn hash160(bytes: &[u8]) -> [u8; 20] {
    ripemd::Ripemd160::digest(sha256(bytes)).into()
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let mut out = Out { is_short: false };
    let vectors = |folder: &str| seeds::Vectors(PathBuf::from(folder));
    match arguments[..] {
        [folder, "speed"] => speed::speed(&vectors(folder), &mut out),
        [folder, "scripts", ref numbers @ ..] if numbers.len() <= 2 => {
            let number = |place: usize| numbers.get(place).and_then(|text| text.parse::<u64>().ok());
            scripts::scripts(
                &vectors(folder),
                number(0).unwrap_or(1_000_000),
                number(1).unwrap_or(1),
                &mut out,
            );
        }
        _ => {
            eprintln!("usage: sigwarp-differential-bitcoin VECTORS scripts [INPUTS [SEED]] | VECTORS speed");
            return ExitCode::from(2);
        }
    }
    ExitCode::from(u8::from(out.is_short))
}
