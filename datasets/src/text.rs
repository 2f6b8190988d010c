//! Text from files on its way to a terminal.
//!
//! An id, a column name or a file name is chosen by whoever wrote the file. Printed as it stands it could move the
//! cursor, clear lines, change colours or turn the direction of writing, and so show a verdict that was never given.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io;

use serde::Serialize;

/// Marks that may follow a character, so that names in every script stay readable and a pile of marks does not cover
/// the lines above.
const MARKS: usize = 3;

/// How a character is shown.
#[derive(PartialEq, Eq)]
enum Shown {
    AsItIs,
    /// A combining mark: as it is, behind a character.
    Mark,
    Escaped,
}

fn class(character: char) -> Shown {
    match character {
        ' '..='~' => return Shown::AsItIs,
        '\0'..='\u{9f}' => return Shown::Escaped,
        _ => {}
    }
    // Debug output escapes what is not printable: control and format characters (those that turn the direction among
    // them), separators of lines and words, private and unassigned code points. In a text it leaves combining marks
    // alone, as a single character it escapes them too.
    if character.escape_debug().len() == 1 {
        return Shown::AsItIs;
    }
    let mut behind = [b'a'; 5];
    let length = character.encode_utf8(&mut behind[1..]).len();
    let text = std::str::from_utf8(&behind[..=length]).unwrap_or_default();
    if text.escape_debug().count() == 2 { Shown::Mark } else { Shown::Escaped }
}

/// The text with everything escaped, as `\u{1b}`, that could do more on a terminal than appear in its place. Quotes
/// and backslashes stay as they are.
///
/// ```
/// use sigwarp_datasets::shown;
///
/// assert_eq!(shown("meter-7 \"é\""), "meter-7 \"é\"");
/// assert_eq!(shown("a\u{1b}[2Kb\n\u{202e}"), "a\\u{1b}[2Kb\\n\\u{202e}");
/// ```
pub fn shown(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut marks = MARKS;
    for character in text.chars() {
        match class(character) {
            Shown::AsItIs => {
                marks = 0;
                out.push(character);
                continue;
            }
            Shown::Mark if marks < MARKS => {
                marks += 1;
                out.push(character);
                continue;
            }
            Shown::Mark | Shown::Escaped => marks = MARKS,
        }
        match character {
            '\n' | '\r' | '\t' => out.extend(character.escape_default()),
            character => out.extend(character.escape_unicode()),
        }
    }
    Cow::Owned(out)
}

/// As [`shown`], and at most `limit` characters: what lies in the middle is left out, and the text says so.
pub fn shown_within(text: &str, limit: usize) -> String {
    // More than this cannot be shown, whatever it is: so a cell of megabytes is not escaped as a whole.
    let ends = |text: &str| {
        let head = text.char_indices().nth(limit).map_or(text.len(), |(at, _)| at);
        let tail = text.char_indices().rev().nth(limit).map_or(0, |(at, _)| at);
        (head < tail).then_some((head, tail))
    };
    let (text, cut) = match ends(text) {
        Some((head, tail)) => (Cow::Owned(format!("{}{}", &text[..head], &text[tail..])), true),
        None => (Cow::Borrowed(text), false),
    };
    let text = shown(&text);
    let length = text.chars().count();
    if length <= limit && !cut {
        return text.into_owned();
    }
    const GAP: &str = " … ";
    let room = limit.saturating_sub(GAP.chars().count());
    let (head, tail) = (room.div_ceil(2), room / 2);
    let head: String = text.chars().take(head).collect();
    let tail: String = text.chars().skip(length - tail).collect();
    format!("{head}{GAP}{tail}")
}

/// One line of JSON in which strings escape what [`shown`] escapes, as `\u001b`. Readers of JSON see no difference.
///
/// # Panics
/// When the value has no form in JSON: a map whose keys are no strings, or an error of its own.
pub fn json_line(value: &impl Serialize) -> String {
    let mut bytes = Vec::new();
    write_json(&mut bytes, value);
    String::from_utf8(bytes).expect("JSON is text")
}

/// As [`json_line`], appended to `out`.
pub(crate) fn write_json(out: &mut Vec<u8>, value: &impl Serialize) {
    let mut serializer = serde_json::Serializer::with_formatter(out, Escaping);
    value.serialize(&mut serializer).expect("plain data serialises, and a Vec takes it");
}

/// serde_json escapes the control characters of ASCII alone, and not DEL.
struct Escaping;

impl serde_json::ser::Formatter for Escaping {
    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        out: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut rest = fragment;
        while let Some(at) = rest.find(|character| !matches!(character, ' '..='~')) {
            out.write_all(&rest.as_bytes()[..at])?;
            let character = rest[at..].chars().next().unwrap_or_default();
            let after = at + character.len_utf8();
            match class(character) {
                Shown::Escaped => {
                    let mut units = [0; 2];
                    let mut text = String::new();
                    for unit in character.encode_utf16(&mut units) {
                        write!(text, "\\u{unit:04x}").expect("writing to a String cannot fail");
                    }
                    out.write_all(text.as_bytes())?;
                }
                Shown::AsItIs | Shown::Mark => out.write_all(&rest.as_bytes()[at..after])?,
            }
            rest = &rest[after..];
        }
        out.write_all(rest.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Control characters of both sets, format characters, those that turn the direction, separators, tags, private
    /// and unassigned code points, and the byte order mark.
    const ESCAPED: [char; 26] = [
        '\0',
        '\u{7}',
        '\u{8}',
        '\t',
        '\n',
        '\r',
        '\u{1b}',
        '\u{7f}',
        '\u{80}',
        '\u{85}',
        '\u{9b}',
        '\u{9f}',
        '\u{ad}',
        '\u{200b}',
        '\u{200e}',
        '\u{200f}',
        '\u{2028}',
        '\u{2029}',
        '\u{202a}',
        '\u{202e}',
        '\u{2066}',
        '\u{2069}',
        '\u{feff}',
        '\u{e0041}',
        '\u{e000}',
        '\u{10ffff}',
    ];

    #[test]
    fn nothing_moves_the_cursor_or_turns_the_direction() {
        for character in ESCAPED {
            let text = format!("a{character}b");
            let escaped = shown(&text);
            assert!(!escaped.contains(character) && escaped.contains('\\'), "{escaped:?}");
            let json = json_line(&text);
            assert!(!json.contains(character), "{json:?}");
            assert_eq!(serde_json::from_str::<String>(&json).ok(), Some(text));
        }
    }

    #[test]
    fn text_of_every_script_stays_readable() {
        for text in [
            "a b\\\"'~",
            "Gerät-7",
            "e\u{301}",
            "संवेदक",
            "センサー",
            "датчик",
            "🛰\u{fe0f}",
            "ngu\u{31b}\u{301}",
        ] {
            assert_eq!(shown(text), text);
            assert_eq!(serde_json::from_str::<String>(&json_line(&text)).ok().as_deref(), Some(text));
        }
        // A mark without a character before it, and a pile of them.
        assert_eq!(shown("\u{301}a"), "\\u{301}a");
        let pile = format!("a{}", "\u{301}".repeat(9));
        assert_eq!(shown(&pile).chars().filter(|&mark| mark == '\u{301}').count(), MARKS);
    }

    #[test]
    fn long_text_keeps_its_ends() {
        assert_eq!(shown_within("abcdefghij", 10), "abcdefghij");
        assert_eq!(shown_within("abcdefghijk", 10), "abcd … ijk");
        assert_eq!(shown_within(&format!("ab{}yz", "-".repeat(1 << 20)), 7), "ab … yz");
        for limit in [3, 9, 40] {
            for text in ["\u{1b}".repeat(50), "é".repeat(70_000), "\u{301}".repeat(100)] {
                assert_eq!(shown_within(&text, limit).chars().count(), limit);
            }
        }
        assert_eq!(shown_within("", 5), "");
    }
}
