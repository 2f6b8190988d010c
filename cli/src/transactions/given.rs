//! Files on the command line that become fields of the context: keys, and certificates that chains may end in.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use sigwarp_profiles::{Fields, Value};

use crate::exit::Failure;

/// The most bytes that are read of such a file.
const MOST_BYTES: u64 = 256 << 20;

/// Adds the keys of a file as the field `keys`: a JWK Set, an array of keys or one key, in JSON.
pub(super) fn keys(path: &Path, fields: &mut Fields) -> Result<(), Failure> {
    let wrong = |problem: &str| {
        let shown = path.display();
        Failure::input(format!(
            "--keys {shown}: {problem}; give a JWK Set, an array of keys or a key, as JSON"
        ))
    };
    let text = read("--keys", path)?;
    // An array is read as the member that it would be.
    let text = match text.trim_ascii_start().first() {
        Some(b'[') => [b"{\"keys\":", &text[..], b"}"].concat(),
        _ => text,
    };
    let set = Fields::from_json(&text).map_err(|error| wrong(&error.to_string()))?;
    let keys = match set.get("keys") {
        Some(keys) => keys.clone(),
        None => Value::Array(vec![Value::Object(set)]),
    };
    match keys {
        Value::Array(_) => fields.push("keys", keys),
        _ => return Err(wrong("there are no keys in it")),
    }
    Ok(())
}

/// Adds the certificates of a file as the field `roots`: PEM with one or several, or the DER of one.
pub(super) fn roots(path: &Path, fields: &mut Fields) -> Result<(), Failure> {
    let bytes = read("--roots", path)?;
    let roots = match certificates(&bytes) {
        Ok(found) if !found.is_empty() => found,
        // DER begins with a SEQUENCE, which no text does.
        Ok(_) if bytes.first() == Some(&0x30) => vec![bytes],
        Ok(_) => {
            let shown = path.display();
            return Err(Failure::input(format!(
                "--roots {shown}: no certificate in it; give PEM with BEGIN CERTIFICATE, or DER"
            )));
        }
        Err(problem) => return Err(Failure::input(format!("--roots {}: {problem}", path.display()))),
    };
    fields.push("roots", Value::Array(roots.into_iter().map(Value::Bytes).collect()));
    Ok(())
}

/// The certificates of PEM; none where there is no PEM. What stands between them is no matter.
fn certificates(bytes: &[u8]) -> Result<Vec<Vec<u8>>, String> {
    const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
    const END: &str = "-----END CERTIFICATE-----";
    let Ok(mut text) = std::str::from_utf8(bytes) else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    while let Some(begin) = text.find(BEGIN) {
        let number = found.len() + 1;
        let rest = &text[begin..];
        let end = rest.find(END).ok_or_else(|| format!("certificate {number} has no END CERTIFICATE"))?;
        let (block, after) = rest.split_at(end + END.len());
        let (_, der) = pem_rfc7468::decode_vec(block.as_bytes())
            .map_err(|error| format!("certificate {number}: {error}"))?;
        found.push(der);
        text = after;
    }
    Ok(found)
}

fn read(option: &str, path: &Path) -> Result<Vec<u8>, Failure> {
    let cannot = |error| Failure::input(format!("{option} {}: cannot read: {error}", path.display()));
    let mut bytes = Vec::new();
    File::open(path).map_err(cannot)?.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(cannot)?;
    match bytes.len() as u64 > MOST_BYTES {
        true => {
            Err(Failure::input(format!("{option} {}: it has more than {MOST_BYTES} bytes", path.display())))
        }
        false => Ok(bytes),
    }
}
