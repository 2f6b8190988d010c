//! Offsets and lengths of every kind, against a model of which of them describe rows: the library agrees with it, and with
//! the engine where they do. Nothing outside the arena is read: the model slices the same bytes in safe code.

use crate::common;

use common::*;
use sigwarp::{BackendChoice, BackendKind, Batch, Ed25519Rule, Engine, Key, Message, Suite};
use sigwarp_c::*;

/// A generator of repeatable numbers (xorshift of 64 bits, Marsaglia 2003).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % bound
    }
}

/// Rows of a column, where its offsets describe any.
fn rows<'a>(bytes: &'a [u8], offsets: &[u64]) -> Option<Vec<&'a [u8]>> {
    offsets
        .windows(2)
        .map(|pair| bytes.get(usize::try_from(pair[0]).ok()?..usize::try_from(pair[1]).ok()?))
        .collect()
}

#[test]
fn a_call_takes_what_describes_rows_and_nothing_else() {
    let (engine, suite) = (engine(), suite("ed25519", Some("zip215"), None));
    let portable = BackendChoice::Forced(BackendKind::Portable);
    let reference = Engine::builder().backend(portable).threads(std::num::NonZeroUsize::MIN).build().unwrap();
    let rule = Suite::ed25519(Ed25519Rule::Zip215);
    let mut numbers = Numbers(0x5157_a2b9_0c3d_4e5f);
    let (mut taken, mut refused, mut valid) = (0, 0, 0);
    for _ in 0..600 {
        let mut arena = Arena::signed(numbers.below(6) as usize);
        for _ in 0..numbers.below(3) {
            let column = numbers.below(3);
            let offsets = match column {
                0 => &mut arena.keys,
                1 => &mut arena.messages,
                _ => &mut arena.signatures,
            };
            let at = numbers.below(offsets.len() as u64) as usize;
            let (old, end) = (offsets[at], arena.bytes.len() as u64);
            offsets[at] = match numbers.below(6) {
                0 => old.wrapping_add(1),
                1 => old.wrapping_sub(1),
                2 => numbers.below(end + 2),
                3 => u64::MAX - numbers.below(3),
                4 => 1 << (31 + numbers.below(33)),
                _ => end,
            };
        }
        if numbers.below(8) == 0 {
            arena.bytes.truncate(numbers.below(arena.bytes.len() as u64 + 1) as usize);
        }
        let columns =
            [&arena.keys, &arena.messages, &arena.signatures].map(|offsets| rows(&arena.bytes, offsets));
        // Without rows the only offset of a column still lies within the arena.
        let within = [&arena.keys, &arena.messages, &arena.signatures]
            .iter()
            .all(|offsets| offsets.iter().all(|&offset| offset <= arena.bytes.len() as u64));
        let (code, said, statuses) = verify(engine, suite, &arena);
        if let ([Some(keys), Some(messages), Some(signatures)], true) = (columns, within) {
            let mut batch = Batch::new();
            for ((key, message), signature) in keys.into_iter().zip(messages).zip(signatures) {
                batch.push(&rule, Key::Bytes(key), Message::Raw(message), signature);
            }
            let expected: Vec<String> = reference
                .verify(&batch)
                .unwrap()
                .iter()
                .map(|verdict| verdict.reason().map_or("Valid".to_owned(), |reason| reason.name().to_owned()))
                .collect();
            assert_eq!((code, said.as_str()), (SIGWARP_OK, ""));
            assert_eq!(statuses.iter().map(|&status| status_name(status)).collect::<Vec<_>>(), expected);
            valid += statuses.iter().filter(|&&status| status == SIGWARP_STATUS_VALID).count();
            taken += 1;
        } else {
            assert_eq!(code, SIGWARP_ERROR_COLUMNS, "{said}");
            assert!(statuses.iter().all(|&status| status == SIGWARP_STATUS_NOT_COMPUTED));
            refused += 1;
        }
    }
    assert!(taken > 100 && refused > 100 && valid > 100, "{taken} taken, {refused} refused, {valid} valid");
}
