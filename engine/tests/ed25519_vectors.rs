//! Ed25519 against computed edge cases under all nine rules.

mod common;

use common::bytes;
use sigwarp::{Batch, Ed25519Rule, Key, Message, Suite, oracle};

#[test]
fn edge_cases_under_every_rule() {
    let Some(rows) = common::vector_rows("edges/ed25519.jsonl") else { return };
    for (backend, engine) in common::engines() {
        for rule in Ed25519Rule::ALL {
            let suite = Suite::ed25519(rule);
            let mut batch = Batch::new();
            for row in &rows {
                let [key, message, signature] =
                    ["public_key", "message", "signature"].map(|field| bytes(row, field));
                batch.push(&suite, Key::Bytes(&key), Message::Raw(&message), &signature);
            }
            let verdicts = engine.verify(&batch).expect("verdicts");
            let view = batch.view().expect("a batch that fits its suites");
            for ((item, row), verdict) in rows.iter().enumerate().zip(verdicts.iter()) {
                let place = format!("{} under {} on {backend}", row["id"], rule.name());
                let expected = row["expected"][rule.name()].as_bool().expect("a verdict for every rule");
                assert_eq!(verdict.is_valid(), expected, "{place}: {verdict}");
                let item = view.item(item);
                let oracle = oracle::verify(&suite, item.key, item.message, item.signature);
                assert_eq!(oracle, Some(verdict), "{place}");
            }
        }
    }
}
