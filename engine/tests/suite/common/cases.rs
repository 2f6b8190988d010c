//! Cases that every backend and the oracle must judge alike.

use std::sync::{Mutex, PoisonError};

use sigwarp::{
    BackendKind, Batch, BatchView, Engine, Error, Item, Key, KeyId, Message, Reason, Suite, Verdict, oracle,
};

/// The text of a file of test vectors, or `None` (with a line that says so) where none are configured.
pub fn vectors(file: &str) -> Option<String> {
    let path = super::vector_file(file)?;
    let text = std::fs::read_to_string(&path).expect("a readable file");
    assert!(!text.is_empty(), "{} is empty", path.display());
    Some(text)
}

/// The rows of a JSONL file.
pub fn rows(text: &str) -> impl Iterator<Item = serde_json::Value> + '_ {
    text.lines().map(|line| serde_json::from_str(line).expect("a row is a JSON object"))
}

/// The text of a field.
pub fn text<'a>(row: &'a serde_json::Value, field: &str) -> Option<&'a str> {
    row.get(field).and_then(serde_json::Value::as_str)
}

/// The bytes of a field of hexadecimal digits.
pub fn bytes(row: &serde_json::Value, field: &str) -> Option<Vec<u8>> {
    text(row, field).map(unhex)
}

/// Bytes from hexadecimal digits.
pub fn unhex(digits: &str) -> Vec<u8> {
    hex::decode(digits).expect("hexadecimal digits")
}

/// What is expected of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expect {
    Valid,
    /// Invalid for any reason.
    Invalid,
    /// Invalid for this reason.
    Because(Reason),
    /// Whatever the oracle says.
    AsOracle,
}

impl Expect {
    /// From a vector that says valid or not.
    pub fn from_validity(valid: bool) -> Self {
        if valid { Self::Valid } else { Self::Invalid }
    }

    fn admits(self, verdict: Verdict) -> bool {
        match self {
            Self::Valid => verdict.is_valid(),
            Self::Invalid => !verdict.is_valid(),
            Self::Because(reason) => verdict == Verdict::Invalid(reason),
            Self::AsOracle => true,
        }
    }
}

/// Adds an item to a batch; its message is what its suite takes.
pub fn push(batch: &mut Batch, item: Item<'_>) {
    let message = Message::of(item.suite.scheme().input(), item.message);
    batch.push(item.suite, Key::Bytes(item.key), message, item.signature);
}

/// Items with what is expected of each.
#[derive(Default)]
pub struct Cases {
    batch: Batch,
    names: Vec<String>,
    expected: Vec<Expect>,
}

impl Cases {
    /// Adds an item; `message` is what the suite takes.
    pub fn push(
        &mut self,
        name: impl Into<String>,
        suite: &Suite,
        (key, message, signature): (&[u8], &[u8], &[u8]),
        expected: Expect,
    ) {
        push(&mut self.batch, Item { suite, key, message, signature });
        self.names.push(name.into());
        self.expected.push(expected);
    }

    /// Requires that every backend and the oracle give the same verdicts, and the expected ones. Returns how many
    /// items were judged.
    pub fn check(self) -> usize {
        self.check_on(super::engines()).items
    }

    /// As [`Self::check`], on these engines.
    pub fn check_on(self, engines: &[(BackendKind, &Engine)]) -> Judged {
        let view = self.batch.view().unwrap();
        let verdicts: Vec<Verdict> = (0..view.len())
            .map(|i| {
                let item = view.item(i);
                oracle::verify(item.suite, item.key, item.message, item.signature)
                    .unwrap_or_else(|| panic!("the oracle does not know {}", item.suite))
            })
            .collect();
        let mut with_registered_keys = Vec::new();
        let mut wrong = Vec::new();
        let mut note = |who: &str, i: usize, verdict: Verdict, expected: &dyn std::fmt::Debug| {
            let item = view.item(i);
            wrong.push(format!(
                "{}: {who} says {verdict}, expected {expected:?}\n  under {}\n  key {}\n  message {}\n  signature {}",
                self.names[i],
                item.suite,
                hex::encode(item.key),
                hex::encode(&item.message[..item.message.len().min(100)]),
                hex::encode(item.signature),
            ));
        };
        for (i, &verdict) in verdicts.iter().enumerate() {
            if !self.expected[i].admits(verdict) {
                note("the oracle", i, verdict, &self.expected[i]);
            }
        }
        // What is not accelerated takes a millisecond an item by the same code on every backend of the CPU.
        let one_by_one = view.suite_table().iter().all(|suite| !suite.scheme().is_accelerated());
        for (place, &(kind, engine)) in engines.iter().enumerate() {
            let once_more = one_by_one && place > 0;
            let items: Vec<usize> =
                (0..view.len()).filter(|&i| engine.supports(view.item(i).suite)).collect();
            // All at once, a vector at a time, and one by one: the size of a batch must not change a verdict. The
            // emulation of a vector costs as much as a vector, so there the sizes share the items.
            for (turn, size) in [items.len().max(1), 8, 1].into_iter().enumerate() {
                for (number, chunk) in items.chunks(size).enumerate() {
                    // A dispatch costs as much as a thousand items of it.
                    let shares = match kind {
                        BackendKind::Emulated => 8,
                        BackendKind::Gpu => 64,
                        _ => 1,
                    };
                    if turn > 0 && (number % shares != 0 || once_more) {
                        continue;
                    }
                    let mut batch = Batch::new();
                    for item in chunk.iter().map(|&i| view.item(i)) {
                        push(&mut batch, item);
                    }
                    let found = engine.verify(&batch).unwrap();
                    for (&i, verdict) in chunk.iter().zip(found.iter()) {
                        if verdict != verdicts[i] {
                            note(&format!("{kind} in a batch of {size}"), i, verdict, &verdicts[i]);
                        }
                    }
                }
            }
            // A device makes no tables.
            if kind == BackendKind::Gpu || once_more {
                continue;
            }
            for (i, verdict) in registered(kind, &view, &items) {
                if verdict != verdicts[i] {
                    note(&format!("{kind} with registered keys"), i, verdict, &verdicts[i]);
                }
            }
            with_registered_keys.push(kind);
        }
        assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong[..wrong.len().min(10)].join("\n"));
        Judged { items: verdicts.len(), with_registered_keys }
    }
}

/// What was judged.
#[derive(Debug, PartialEq, Eq)]
pub struct Judged {
    pub items: usize,
    /// The backends that judged the items with their keys registered as well.
    pub with_registered_keys: Vec<BackendKind>,
}

/// The verdicts on items whose keys are registered first, as far as they are keys: by their bytes, then by their ids.
fn registered(kind: BackendKind, view: &BatchView<'_>, items: &[usize]) -> Vec<(usize, Verdict)> {
    // The keys of earlier cases stay, so that some have full tables, some compact ones and some none, until there is no
    // room. One test at a time, since another may name what is dropped then.
    static HELD: Mutex<Vec<(BackendKind, KeyId)>> = Mutex::new(Vec::new());
    let mut held = HELD.lock().unwrap_or_else(PoisonError::into_inner);
    let engine = super::registering_engine(kind);
    let (batch, of) = match with_ids(engine, view, items, |id| held.push((kind, id))) {
        Err(Error::KeyBudget { .. }) => {
            let (mine, others): (Vec<_>, Vec<_>) = held.drain(..).partition(|(of, _)| *of == kind);
            engine.unregister(&mine.into_iter().map(|(_, id)| id).collect::<Vec<_>>());
            *held = others;
            with_ids(engine, view, items, |id| held.push((kind, id))).expect("room for the keys of one test")
        }
        made => made.expect("a ring of keys"),
    };
    of.into_iter().zip(engine.verify(&batch).unwrap().iter()).collect()
}

/// The items by the bytes of their keys and then, where these are keys, by the ids that they are registered under; and
/// which item each is.
fn with_ids(
    engine: &Engine,
    view: &BatchView<'_>,
    items: &[usize],
    mut hold: impl FnMut(KeyId),
) -> Result<(Batch, Vec<usize>), Error> {
    let mut batch = Batch::new();
    let mut of = Vec::new();
    for suite in view.suite_table() {
        let mine: Vec<usize> = items.iter().copied().filter(|&i| view.item(i).suite == suite).collect();
        let ids = engine.register(suite, mine.iter().map(|&i| view.item(i).key))?;
        for (&i, id) in mine.iter().zip(ids) {
            let item = view.item(i);
            push(&mut batch, item);
            of.push(i);
            if let Ok(id) = id {
                hold(id);
                let message = Message::of(suite.scheme().input(), item.message);
                batch.push(suite, Key::Id(id), message, item.signature);
                of.push(i);
            }
        }
    }
    Ok((batch, of))
}

/// `INTEGER`, minimal.
pub fn der_integer(number: &[u8]) -> Vec<u8> {
    let mut content: Vec<u8> = number.iter().copied().skip_while(|&byte| byte == 0).collect();
    if content.first().is_none_or(|&first| first >= 0x80) {
        content.insert(0, 0);
    }
    der_element(2, &content)
}

/// `SEQUENCE` of a content.
pub fn der_sequence(content: &[u8]) -> Vec<u8> {
    der_element(0x30, content)
}

fn der_element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = match content.len() {
        short @ ..0x80 => vec![short as u8],
        long @ ..0x100 => vec![0x81, long as u8],
        long => vec![0x82, (long >> 8) as u8, long as u8],
    };
    [&[tag], &length[..], content].concat()
}

/// r ‖ s as DER.
pub fn der(raw: &[u8]) -> Vec<u8> {
    let (r, s) = raw.split_at(raw.len() / 2);
    der_sequence(&[der_integer(r), der_integer(s)].concat())
}
