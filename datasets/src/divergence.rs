//! An item on which two verifiers differ, as a row that can be judged again.

use serde_json::{Map, Value};
use sigwarp::Item;

/// The item as a row of JSONL, with what was said about it in columns of its own.
///
/// `expected` is the verdict of whoever is believed; `sigwarp verify -` then counts the row as not expected.
pub fn divergence_line(id: &str, item: &Item<'_>, expected: bool, said: &[(&str, &str)]) -> String {
    let Item { suite, key, message, signature } = item;
    let mut row = Map::new();
    let mut set = |name: &str, value: Value| row.insert(name.to_owned(), value);
    set("id", id.into());
    set("scheme", suite.scheme().name().into());
    set("rule", suite.rule().into());
    set("encoding", suite.encoding().into());
    if let (Some(name), Some(bytes)) = (suite.scheme().parameter(), suite.parameter()) {
        set(name, hex::encode(bytes).into());
    }
    set("public_key", hex::encode(key).into());
    set(suite.scheme().input().name(), hex::encode(message).into());
    set("signature", hex::encode(signature).into());
    set("expected", expected.into());
    for (name, value) in said {
        set(name, (*value).into());
    }
    Value::Object(row).to_string()
}

#[cfg(test)]
mod tests {
    use sigwarp::{Sm2Encoding, Suite};

    use super::*;
    use crate::{ReadOptions, RowBlock, RowReader};

    #[test]
    fn the_line_is_the_item() {
        let suites = [
            Suite::sm2_sm3(b"device 7", Sm2Encoding::Der).unwrap(),
            Suite::sm2(Sm2Encoding::Raw),
            Suite::bip340(),
            Suite::from_names("ed25519", Some("donna"), None, None).unwrap(),
            Suite::from_names("ecdsa-p256", Some("ecdsa-low-s"), Some("der-trailing"), None).unwrap(),
        ];
        for suite in &suites {
            let item = Item { suite, key: &[1, 2], message: &[3; 32], signature: &[] };
            let line = divergence_line("a \"b\"", &item, true, &[("peer", "x")]);
            let mut reader = RowReader::jsonl("line", std::io::Cursor::new(line), &ReadOptions::default());
            let mut block = RowBlock::new();
            assert!(reader.next_block(&mut block).unwrap());
            let view = block.batch().view().unwrap();
            let read = view.item(0);
            assert_eq!(
                (read.suite, read.key, read.message, read.signature),
                (suite, item.key, item.message, item.signature)
            );
            assert_eq!((block.id(0), block.expected()), (Some("a \"b\""), &[Some(true)][..]));
        }
    }
}
