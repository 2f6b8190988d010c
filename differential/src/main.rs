//! Whole transactions beside other implementations: `sigwarp-differential VECTORS PART…`, of the parts
//!
//! - `vectors`: every transaction and block of Ethereum and every transaction of Solana in the folder of vectors, judged by
//!   ours, by `alloy-consensus` and `solana-transaction`, and by what is expected of it;
//! - `flips`: every truncation and every flip of one bit (32,768 random ones for those of over 4 kB) of fifty valid
//!   transactions of each of the four systems: valid only where `docs/profiles.md` says that no signature covers the bit or,
//!   for Ethereum, with another sender; those of Ethereum and Solana are put to the peers as well;
//! - `speed`: one thread, in interleaved pairs, from the same bytes to the same answers;
//! - `devices`: the same of tokens of devices, beside `jsonwebtoken` and `coset` on AWS-LC;
//! - `ledgers`: the same of blocks of Hyperledger Fabric, beside Go's own checks of their signatures (`peers/fabric`, whose
//!   program the variable SIGWARP_FABRIC_PEER names), and times of NEO, FISCO BCOS and Corda.
//!
//! Each line of output begins with `pass`, `short` or `note` and a tabulator, and the status is 1 where one is `short`. Where
//! ours and a peer differ by design, the difference has a class, which is counted and printed with its reason; any other is a
//! failure.

mod compare;
mod damage;
mod data;
mod devices;
mod ethereum;
mod goal;
mod ledgers;
mod solana;
mod speed;
mod unsigned;

use std::path::PathBuf;
use std::process::ExitCode;

use sigwarp::Engine;

/// What a part has found, printed as it comes.
struct Out {
    is_short: bool,
}

impl Out {
    fn judge(&mut self, is_good: bool, text: &str) {
        println!("{}\t{text}", if is_good { "pass" } else { "short" });
        self.is_short |= !is_good;
    }

    fn note(&self, text: &str) {
        println!("note\t{text}");
    }
}

/// A part: its name, and what it does with the vectors.
type Part = (&'static str, fn(&data::Vectors, &Engine, &mut Out));

const PARTS: [Part; 5] = [
    ("vectors", vectors),
    ("flips", damage::flips),
    ("speed", speed::speed),
    ("devices", devices::devices),
    ("ledgers", ledgers::ledgers),
];

fn vectors(vectors: &data::Vectors, engine: &Engine, out: &mut Out) {
    ethereum::vectors(vectors, engine, out);
    solana::vectors(vectors, engine, out);
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let named = |name: &String| PARTS.iter().find(|(of, _)| of == name);
    let (Some(folder), Some(parts)) = (
        arguments.first(),
        arguments.get(1..).and_then(|names| names.iter().map(named).collect::<Option<Vec<_>>>()),
    ) else {
        eprintln!("usage: sigwarp-differential VECTORS [vectors] [flips] [speed] [devices] [ledgers]");
        return ExitCode::from(2);
    };
    let vectors = data::Vectors(PathBuf::from(folder));
    let engine = Engine::builder().build().expect("some backend runs everywhere");
    let mut out = Out { is_short: false };
    for (_, run) in parts {
        run(&vectors, &engine, &mut out);
    }
    ExitCode::from(u8::from(out.is_short))
}
