//! PEM as Go's `encoding/pem` reads it: a block begins with its line wherever that stands, headers may follow, and what
//! is not a block, among it a block whose base64 is broken, is skipped.

use memchr::memchr;
use memchr::memmem::find;

const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";
const DASHES: &[u8] = b"-----";

/// The most lines of headers that are looked at in a text, so that blocks which are begun again and again and never
/// end cost no more than the text is long.
const MAX_ATTEMPTS: usize = 64;

/// A block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Block<'a> {
    /// What stands after `BEGIN`.
    pub(crate) label: &'a [u8],
    /// Its contents.
    pub(crate) bytes: Vec<u8>,
    /// What follows the block.
    pub(crate) rest: &'a [u8],
}

/// The first block of a text. A text that begins more than 64 blocks, none of which is whole, is not searched further.
pub(crate) fn decode(text: &[u8]) -> Option<Block<'_>> {
    let mut rest = text;
    for _ in 0..MAX_ATTEMPTS {
        let (line, after) = begin(rest)?;
        rest = after;
        let Some(label) = line.strip_suffix(DASHES) else { continue };
        // Lines with a colon are headers.
        let mut body = after;
        loop {
            if body.is_empty() {
                return None;
            }
            let (line, next) = line_of(body);
            if memchr(b':', line).is_none() {
                break;
            }
            body = next;
        }
        let has_headers = body.len() != after.len();
        // Where there are no headers, the end may follow the beginning at once.
        let (text, tail) = match body.strip_prefix(END) {
            Some(tail) if !has_headers => (&[][..], tail),
            _ => match find(body, b"\n-----END ") {
                Some(at) => (&body[..at], &body[at + 1 + END.len()..]),
                None => continue,
            },
        };
        // The end has the label of the beginning, five dashes, and nothing else but spaces on its line.
        let Some(tail) = tail.strip_prefix(label).and_then(|tail| tail.strip_prefix(DASHES)) else {
            continue;
        };
        let (line, next) = line_of(tail);
        if !line.is_empty() {
            continue;
        }
        if let Some(bytes) = base64(text) {
            return Some(Block { label, bytes, rest: next });
        }
    }
    None
}

/// The rest of the first line that begins a block, after `BEGIN`, and what follows the line.
fn begin(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let after = match text.strip_prefix(BEGIN) {
        Some(after) => after,
        None => &text[find(text, b"\n-----BEGIN ")? + 1 + BEGIN.len()..],
    };
    Some(line_of(after))
}

/// The first line without its end and the spaces before that, and what follows.
fn line_of(text: &[u8]) -> (&[u8], &[u8]) {
    let (line, rest) = match memchr(b'\n', text) {
        Some(at) => (&text[..at], &text[at + 1..]),
        None => (text, &[][..]),
    };
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let end = line.iter().rposition(|byte| !matches!(byte, b' ' | b'\t')).map_or(0, |last| last + 1);
    (&line[..end], rest)
}

/// Standard base64 with its padding, whose last digit may have bits that say nothing, between spaces, tabs and ends of
/// lines.
fn base64(text: &[u8]) -> Option<Vec<u8>> {
    let is_digit = |byte: &u8| !matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
    let digits: Vec<u8> = text.iter().copied().filter(is_digit).collect();
    let padding = digits.iter().rev().take_while(|byte| **byte == b'=').count();
    if !digits.len().is_multiple_of(4) || padding > 2 {
        return None;
    }
    let mut bytes = Vec::with_capacity(digits.len() / 4 * 3);
    let (mut group, mut count) = (0u32, 0);
    for digit in &digits[..digits.len() - padding] {
        group = group << 6 | value_of(*digit)?;
        count += 1;
        if count == 4 {
            bytes.extend_from_slice(&group.to_be_bytes()[1..]);
            (group, count) = (0, 0);
        }
    }
    match count {
        2 => bytes.push((group >> 4) as u8),
        3 => bytes.extend_from_slice(&((group >> 2) as u16).to_be_bytes()),
        _ => {}
    }
    Some(bytes)
}

fn value_of(digit: u8) -> Option<u32> {
    Some(u32::from(match digit {
        b'A'..=b'Z' => digit - b'A',
        b'a'..=b'z' => digit - b'a' + 26,
        b'0'..=b'9' => digit - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(text: &str) -> Option<(String, Vec<u8>, String)> {
        let text_of = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
        decode(text.as_bytes()).map(|block| (text_of(block.label), block.bytes, text_of(block.rest)))
    }

    fn found(label: &str, bytes: &[u8], rest: &str) -> Option<(String, Vec<u8>, String)> {
        Some((label.to_owned(), bytes.to_vec(), rest.to_owned()))
    }

    #[test]
    fn blocks_are_found_between_other_lines() {
        assert_eq!(block("-----BEGIN A-----\nAQID\n-----END A-----\n"), found("A", &[1, 2, 3], ""));
        let text = "x\r\n-----BEGIN A B-----\r\nAQ ID\r\n\tBA==\r\n-----END A B-----  \r\nrest";
        assert_eq!(block(text), found("A B", &[1, 2, 3, 4], "rest"));
        assert_eq!(block("-----BEGIN A-----\nK: v\n\nAQI=\n-----END A-----"), found("A", &[1, 2], ""));
        assert_eq!(block("-----BEGIN A-----\n-----END A-----\n"), found("A", &[], ""));
    }

    #[test]
    fn broken_blocks_are_skipped() {
        let good = "-----BEGIN A-----\nAQID\n-----END A-----\n";
        for broken in [
            "-----BEGIN A-----\nAQI\n-----END A-----\n",
            "-----BEGIN A-----\nA?ID\n-----END A-----\n",
            "-----BEGIN A-----\nA===\n-----END A-----\n",
            "-----BEGIN A-----\nAQ==AQID\n-----END A-----\n",
            "-----BEGIN A-----\nAQID\n-----END B-----\n",
            "-----BEGIN A-----\nAQID\n-----END A----- x\n",
            "-----BEGIN A\nAQID\n-----END A-----\n",
            "-----BEGIN A-----\nAQID-----END A-----\n",
            "x-----BEGIN B-----\nBBBB\n-----END B-----\n",
        ] {
            assert_eq!(block(&format!("{broken}{good}")), found("A", &[1, 2, 3], ""), "{broken}");
            assert_eq!(block(broken), None, "{broken}");
        }
        assert_eq!(block("-----BEGIN A-----\n"), None);
        assert_eq!(block(""), None);
    }

    #[test]
    fn blocks_that_never_end_are_given_up() {
        let text = "-----BEGIN A-----\nx\n".repeat(100_000);
        assert_eq!(block(&text), None);
    }
}
