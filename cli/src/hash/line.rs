//! The lines of `sha256sum`: a digest and a name, written and read.

use std::borrow::Cow;

use sigwarp::Hash;

/// A line as `sha256sum` prints it: names with a backslash, a newline or a carriage return are escaped, and the line
/// then begins with a backslash. Other bytes stay as they are, or the file would not be found under its name.
pub(super) fn line(digest: &str, name: &[u8]) -> Vec<u8> {
    let shown = escaped(name);
    let mark: &[u8] = if matches!(shown, Cow::Owned(_)) { b"\\" } else { b"" };
    [mark, digest.as_bytes(), b"  ", &shown].concat()
}

/// The name with what would break a line escaped; borrowed where there is nothing to escape.
pub(super) fn escaped(name: &[u8]) -> Cow<'_, [u8]> {
    let escape = |byte: u8| match byte {
        b'\\' => Some(b'\\'),
        b'\n' => Some(b'n'),
        b'\r' => Some(b'r'),
        _ => None,
    };
    if name.iter().all(|&byte| escape(byte).is_none()) {
        return Cow::Borrowed(name);
    }
    let mut out = Vec::with_capacity(name.len() + 8);
    for &byte in name {
        match escape(byte) {
            Some(letter) => out.extend_from_slice(&[b'\\', letter]),
            None => out.push(byte),
        }
    }
    Cow::Owned(out)
}

/// A line of a list of digests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Listed {
    /// The digest that the file should have.
    pub(super) digest: Vec<u8>,
    /// The hash function of the digest.
    pub(super) hash: Hash,
    /// The name of the file, as bytes.
    pub(super) name: Vec<u8>,
}

/// Reads a line without its end. `asked` is the hash function that the user named: lines that name none have digests of
/// it, or of SHA-256, and lines that name another one do not fit. `None` for a line of another form.
pub(super) fn parse(line: &[u8], asked: Option<Hash>) -> Option<Listed> {
    let line = line.trim_ascii_start();
    let (line, is_escaped) = match line.strip_prefix(b"\\") {
        Some(rest) => (rest, true),
        None => (line, false),
    };
    let (digest, hash, name) = match tagged(line) {
        Some((hash, name, digest)) => (digest, hash, name),
        None => {
            let (digest, name) = plain(line)?;
            (digest, asked.unwrap_or(Hash::Sha256), name)
        }
    };
    if asked.is_some_and(|asked| asked != hash) {
        return None;
    }
    let digest = hex::decode(digest).ok().filter(|digest| digest.len() == hash.digest_length())?;
    let name = if is_escaped { unescaped(name)? } else { name.to_vec() };
    Some(Listed { digest, hash, name }).filter(|listed| !listed.name.is_empty() && !listed.name.contains(&0))
}

/// `HEX  NAME` or `HEX *NAME`; with one space alone, the form of old BSD tools.
fn plain(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = line.iter().position(|&byte| byte == b' ' || byte == b'\t')?;
    let (digest, rest) = (&line[..end], &line[end + 1..]);
    let name = rest.strip_prefix(b" ").or_else(|| rest.strip_prefix(b"*")).unwrap_or(rest);
    Some((digest, name))
}

/// `NAME (FILE) = HEX`, as BSD tools and `sha256sum --tag` write it, or without the spaces around the parentheses, as
/// OpenSSL does. The last `)` before a `=` ends the file's name.
fn tagged(line: &[u8]) -> Option<(Hash, &[u8], &[u8])> {
    let open = line.iter().position(|&byte| byte == b'(')?;
    let tag = line[..open].trim_ascii_end();
    let equals = line.iter().rposition(|&byte| byte == b'=')?;
    let name = line.get(open + 1..equals)?.trim_ascii_end().strip_suffix(b")")?;
    Some((function(tag)?, name, line[equals + 1..].trim_ascii()))
}

/// The hash function of a tag, however it is spelled: `SHA256`, `SHA2-256` and `sha256` are one.
fn function(tag: &[u8]) -> Option<Hash> {
    let plain = |name: &[u8]| -> Vec<u8> {
        name.iter().filter(|byte| byte.is_ascii_alphanumeric()).map(u8::to_ascii_lowercase).collect()
    };
    if tag.len() > 32 || tag.iter().any(|byte| !byte.is_ascii_graphic()) {
        return None;
    }
    let tag = plain(tag);
    let tag = match tag.as_slice() {
        b"sha2256" => &b"sha256"[..],
        b"sha2512" => &b"sha512"[..],
        tag => tag,
    };
    Hash::ALL.into_iter().find(|hash| plain(hash.name().as_bytes()) == tag)
}

/// The name behind the escapes; `None` where there is one that nobody writes.
fn unescaped(name: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(name.len());
    let mut bytes = name.iter();
    while let Some(&byte) = bytes.next() {
        out.push(match byte {
            b'\\' => match bytes.next()? {
                b'\\' => b'\\',
                b'n' => b'\n',
                b'r' => b'\r',
                _ => return None,
            },
            byte => byte,
        });
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    fn name(line: &str, asked: Option<Hash>) -> Option<(Hash, String)> {
        let listed = parse(line.as_bytes(), asked)?;
        assert_eq!(listed.digest.len(), listed.hash.digest_length());
        Some((listed.hash, String::from_utf8(listed.name).expect("a text")))
    }

    #[test]
    fn names_are_escaped_as_sha256sum_escapes_them() {
        assert_eq!(line("00", b"a b"), b"00  a b");
        assert_eq!(line("00", b"a\nb\\c\rd\xff"), b"\\00  a\\nb\\\\c\\rd\xff");
    }

    #[test]
    fn what_is_written_is_read() {
        let names: [&[u8]; 9] =
            [b"a", b" a", b"*a", b"a b", b"\\", b"a\nb\\c\rd\xff", b"(a) = b", b"SHA256 (x) = 00", b"\t"];
        for name in names {
            for hash in Hash::ALL {
                let digest = vec![7; hash.digest_length()];
                let line = line(&hex::encode(&digest), name);
                let listed = Listed { digest, hash, name: name.to_vec() };
                assert_eq!(parse(&line, Some(hash)), Some(listed), "{}", String::from_utf8_lossy(&line));
            }
        }
    }

    #[test]
    fn every_form_of_other_tools_is_read() {
        let (sha, upper) = (Some(Hash::Sha256), ABC.to_uppercase());
        for line in [
            format!("{ABC}  a b"),
            format!("{ABC} *a b"),
            format!("{ABC} a b"),
            format!("  {upper}  a b"),
            format!("SHA256 (a b) = {ABC}"),
            format!("SHA256(a b)= {ABC}"),
            format!("SHA2-256(a b)= {upper}"),
            format!("sha256 (a b) ={ABC}"),
        ] {
            for asked in [None, sha] {
                assert_eq!(name(&line, asked), Some((Hash::Sha256, "a b".to_owned())), "{line}");
            }
        }
        assert_eq!(name(&format!("\\SHA256 (a\\nb) = {ABC}"), None), Some((Hash::Sha256, "a\nb".to_owned())));
        assert_eq!(name(&format!("SHA256 (a) = b) = {ABC}"), sha), Some((Hash::Sha256, "a) = b".to_owned())));
        for (tag, hash) in [
            ("SHA512", Hash::Sha512),
            ("SHA512-HALF", Hash::Sha512Half),
            ("SHA256D", Hash::Sha256d),
            ("SHA3-256", Hash::Sha3_256),
            ("KECCAK-256", Hash::Keccak256),
            ("SM3", Hash::Sm3),
            ("BLAKE3", Hash::Blake3),
        ] {
            let digest = "00".repeat(hash.digest_length());
            assert_eq!(name(&format!("{tag} (a) = {digest}"), None), Some((hash, "a".to_owned())), "{tag}");
        }
    }

    #[test]
    fn lines_of_another_form_are_refused() {
        for line in [
            "".to_owned(),
            "a".to_owned(),
            ABC.to_owned(),
            format!("{ABC}  "),
            format!("{}  a", &ABC[1..]),
            format!("{}  a", &ABC[2..]),
            format!("{ABC}00  a"),
            format!("z{}  a", &ABC[1..]),
            format!("\\{ABC}  a\\"),
            format!("\\{ABC}  a\\t"),
            format!("{ABC}  a\0b"),
            format!("MD5 (a) = {ABC}"),
            format!("SHA512 (a) = {ABC}"),
            format!("SHA256 () = {ABC}"),
            format!("SHA256 a) = {ABC}"),
            format!("SHA256 (a = {ABC}"),
            format!("(a) = {ABC}"),
            format!("){ABC}=("),
            "SHA256 (a) =".to_owned(),
            "=(".to_owned(),
        ] {
            assert_eq!(name(&line, None), None, "{line}");
        }
        // Another function than the one that was asked for.
        assert_eq!(name(&format!("SHA256 (a) = {ABC}"), Some(Hash::Sm3)), None);
        assert_eq!(name(&format!("{ABC}  a"), Some(Hash::Sha512)), None);
    }
}
