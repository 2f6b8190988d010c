//! The plan, through the public calls: whatever the order of suites and the number of threads, every item gets its
//! own verdict once.

use std::sync::LazyLock;

use arbitrary::{Result, Unstructured};
use sigwarp::{BatchView, Column, Ed25519Rule, Engine, Reason, Suite, Suites, Verdict};

use super::{CHOICES, engine};

const MOST_ITEMS: usize = 3000;

/// Each engine on one to three threads.
static PLANNED: LazyLock<Vec<Engine>> = LazyLock::new(|| {
    CHOICES.iter().flat_map(|choice| (1..=3).filter_map(|threads| engine(*choice, threads))).collect()
});

/// Items that the bytes decide, in four ways that differ by rule, so that an item in the wrong place or under the
/// wrong suite shows.
pub fn plan(data: &[u8]) {
    let mut u = Unstructured::new(data);
    let _ = check(&mut u);
}

fn check(u: &mut Unstructured<'_>) -> Result<()> {
    let engine = u.choose(&PLANNED)?;
    let table: Vec<Suite> = {
        let length = u.int_in_range(1..=12)?;
        let rules = (0..length).map(|_| Ok(Suite::ed25519(*u.choose(&Ed25519Rule::ALL)?)));
        rules.collect::<Result<_>>()?
    };
    let items: usize = u.int_in_range(0..=MOST_ITEMS)?;
    let pattern = u.bytes(u.len())?;
    if pattern.is_empty() {
        return Ok(());
    }
    let byte = |item: usize| pattern[item % pattern.len()] as usize;
    // A stride that is no multiple of the pattern's period, so that runs do not repeat exactly.
    let index: Vec<u32> = (0..items).map(|i| ((byte(i) + i / 7) % table.len()) as u32).collect();
    let kinds: Vec<usize> = (0..items).map(|i| (byte(i) >> 4 ^ i) % 4).collect();

    // y = 1 with the sign of x set: small order, not canonical in x, reduced in y.
    let mut signed_one = [0; 32];
    (signed_one[0], signed_one[31]) = (1, 0x80);
    let keys: [&[u8]; 4] = [&[0; 31], &[0; 32], &signed_one, &[0; 32]];
    let signatures: [&[u8]; 4] = [&[0; 64], &[0; 63], &[0xff; 64], &[0xff; 64]];
    let key_rows: Vec<&[u8]> = kinds.iter().map(|&kind| keys[kind]).collect();
    let signature_rows: Vec<&[u8]> = kinds.iter().map(|&kind| signatures[kind]).collect();
    let messages: Vec<&[u8]> = vec![b""; items];
    let view = BatchView::new(
        Suites::PerItem { table: &table, index: &index },
        Column::slices(&key_rows),
        Column::slices(&messages),
        Column::slices(&signature_rows),
    );
    let verdicts = engine.verify_columns(&view.expect("equal rows")).expect("verdicts");
    assert_eq!(verdicts.len(), items);
    for (item, verdict) in verdicts.iter().enumerate() {
        let expected = expected(kinds[item], table[index[item] as usize].rule());
        assert_eq!(verdict, Verdict::Invalid(expected), "{:?}: item {item} of {items}", engine.backends());
    }
    Ok(())
}

fn expected(kind: usize, rule: &str) -> Reason {
    let refuses_small = matches!(rule, "strict" | "libsodium" | "simd0376" | "bouncy-castle");
    match kind {
        0 => Reason::BadKeyLength,
        1 => Reason::BadSignatureLength,
        2 if matches!(rule, "rfc8032" | "rfc8032-cofactorless" | "simd0376" | "bouncy-castle") => {
            Reason::NonCanonicalKey
        }
        // y = 0 and y = 1 both are points of small order.
        _ if refuses_small => Reason::SmallOrderKey,
        _ => Reason::ScalarOutOfRange,
    }
}
