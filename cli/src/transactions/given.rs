//! What the command line gives to records that do not have it: fields, and files whose contents are fields, such as keys.
//! The files are read again when they change, without stopping.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use sigwarp_profiles::{AnyContext, FieldError, Fields, System, Value};

use crate::args::TransactionsArgs;
use crate::exit::Failure;
use crate::output::note;

/// The most bytes that are read of a file.
const MOST_BYTES: u64 = 256 << 20;

/// How often files are looked at.
const INTERVAL: Duration = Duration::from_secs(1);

/// See the module.
pub(super) struct Given {
    system: &'static dyn System,
    files: Vec<GivenFile>,
    /// When the files were looked at.
    looked: Instant,
    /// All of them: the options, then what the files hold. A million keys are kept once.
    fields: Fields,
    /// The context that they make by themselves, where they do.
    context: Result<Arc<AnyContext>, FieldError>,
}

/// Makes a field of the bytes of a file, or says what is wrong with them.
type Contents = fn(&[u8]) -> Result<Value, String>;

/// A file whose contents are a field.
struct GivenFile {
    option: &'static str,
    field: &'static str,
    path: PathBuf,
    read: Contents,
    stamp: Option<Stamp>,
}

/// By what a changed file is known.
type Stamp = (u64, Option<SystemTime>);

impl Given {
    /// Reads the files.
    pub(super) fn read(args: &TransactionsArgs, system: &'static dyn System) -> Result<Self, Failure> {
        let known = system.context_fields();
        let mut options = Fields::new();
        for option in &args.context {
            let wrong =
                |problem: &dyn std::fmt::Display| Failure::input(format!("--context {option}: {problem}"));
            options.push_text(option).map_err(|error| wrong(&error))?;
            let name = option.split_once('=').map_or("", |(name, _)| name);
            if !known.contains(&name) {
                let (profile, known) = (system.name(), known.join(", "));
                return Err(wrong(&format!("the profile {profile} has no such field; it has {known}")));
            }
        }
        let no_use = |option: &str| {
            Failure::input(format!("{option}: the profile {} has no use for it", system.name()))
        };
        let network = args.network.clone().map(Value::Text);
        let height = args.height.map(|height| Value::Integer(height.into()));
        for (option, field, value) in [("--network", "network", network), ("--height", "height", height)] {
            if let Some(value) = value {
                if !known.contains(&field) {
                    return Err(no_use(option));
                }
                options.push(field, value);
            }
        }
        let mut files = Vec::new();
        let of_keys = args.keys.iter().map(|path| ("--keys", "keys", path, keys as Contents));
        let of_roots = args.roots.iter().map(|path| ("--roots", "roots", path, roots as Contents));
        let of_outputs = args.previous_outputs.iter();
        let of_outputs =
            of_outputs.map(|path| ("--previous-outputs", PREVIOUS_OUTPUTS, path, outputs as Contents));
        for (option, field, path, read) in of_keys.chain(of_roots).chain(of_outputs) {
            let path = path.clone();
            if !known.contains(&field) {
                return Err(no_use(option));
            }
            files.push(GivenFile { option, field, path, read, stamp: None });
        }
        let mut fields = options;
        for file in &mut files {
            fields.push(file.field, file.read_again().map_err(Failure::input)?);
        }
        let context = system.context(&fields).map(Arc::new);
        if let Err(error @ FieldError::Wrong { field, .. }) = &context
            && let Some(file) = files.iter().find(|file| file.field == *field)
        {
            return Err(Failure::input(format!("{} {}: {error}", file.option, file.path.display())));
        }
        Ok(Self { system, files, looked: Instant::now(), fields, context })
    }

    /// The fields, for records that have some of their own.
    pub(super) fn fields(&self) -> &Fields {
        &self.fields
    }

    /// The context of records that have none of its fields.
    pub(super) fn context(&self) -> Result<Arc<AnyContext>, FieldError> {
        self.context.clone()
    }

    /// Whether keys are among what is given.
    pub(super) fn has_keys(&self) -> bool {
        self.files.iter().any(|file| file.field == "keys")
    }

    /// Reads the files again that have changed since they were looked at. What was read before stays where a file is
    /// gone or no good, and a line says so, once for each change.
    pub(super) fn refresh(&mut self) {
        if self.files.is_empty() || self.looked.elapsed() < INTERVAL {
            return;
        }
        self.look();
    }

    fn look(&mut self) {
        self.looked = Instant::now();
        // What each file holds now, where it has changed.
        let mut changed: Vec<Option<Value>> = Vec::new();
        for file in &mut self.files {
            let value = match stamp(&file.path) == file.stamp {
                true => None,
                false => file
                    .read_again()
                    .map_err(|problem| note(&format!("{problem}; what it held before stays in use")))
                    .ok(),
            };
            changed.push(value);
        }
        if changed.iter().all(Option::is_none) {
            return;
        }
        // The options come first, and a name may stand among both.
        let options = self.fields.iter().count() - self.files.len();
        let fields = self.fields.iter().enumerate().map(|(place, (name, value))| {
            let new = place.checked_sub(options).and_then(|file| changed[file].take());
            (name.to_owned(), new.unwrap_or_else(|| value.clone()))
        });
        let fields: Fields = fields.collect();
        match self.system.context(&fields) {
            Ok(context) => (self.fields, self.context) = (fields, Ok(Arc::new(context))),
            // Rows may have what is missing, as before.
            Err(FieldError::Missing(name)) if self.context.is_err() => {
                (self.fields, self.context) = (fields, Err(FieldError::Missing(name)));
            }
            Err(error) => note(&format!("{error}; what was given before stays in use")),
        }
    }
}

fn stamp(path: &Path) -> Option<Stamp> {
    let metadata = path.metadata().ok()?;
    Some((metadata.len(), metadata.modified().ok()))
}

impl GivenFile {
    fn read_again(&mut self) -> Result<Value, String> {
        // Before it is read: what changes meanwhile is seen next time.
        self.stamp = stamp(&self.path);
        let wrong = |problem: String| format!("{} {}: {problem}", self.option, self.path.display());
        let bytes = bytes(&self.path).map_err(wrong)?;
        (self.read)(&bytes).map_err(wrong)
    }
}

fn bytes(path: &Path) -> Result<Vec<u8>, String> {
    let cannot = |error: std::io::Error| format!("cannot read: {error}");
    let mut bytes = Vec::new();
    File::open(path).map_err(cannot)?.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(cannot)?;
    match bytes.len() as u64 > MOST_BYTES {
        true => Err(format!("it has more than {MOST_BYTES} bytes")),
        false => Ok(bytes),
    }
}

/// Keys in one of the forms in which they are kept: JSON (a JWK Set, an array of keys, a key), PEM (public keys and
/// certificates), the DER of one of these, CBOR (a COSE_KeySet, a COSE_Key).
fn keys(bytes: &[u8]) -> Result<Value, String> {
    const REMEDY: &str = "give a JWK Set, an array of keys or a key as JSON, public keys or certificates as PEM or DER, \
                          or a COSE_KeySet";
    let only = |member: &str, bytes: &[u8]| {
        Value::Object([(member.to_owned(), Value::Bytes(bytes.to_vec()))].into_iter().collect())
    };
    let blocks = pem(bytes, &["PUBLIC KEY", "CERTIFICATE"])?;
    if !blocks.is_empty() {
        return Ok(Value::Array(blocks.iter().map(|der| only("der", der)).collect()));
    }
    match bytes.first() {
        Some(0x30) => return Ok(Value::Array(vec![only("der", bytes)])),
        // CBOR's arrays and maps: no text begins so.
        Some(0x80..=0xbf) => return Ok(Value::Array(vec![only("cose", bytes)])),
        _ => {}
    }
    // An array is read as the member that it would be.
    let set = match bytes.trim_ascii_start().first() {
        Some(b'[') => Fields::from_json(&[b"{\"keys\":", bytes, b"}"].concat()),
        _ => Fields::from_json(bytes),
    };
    let mut set = set.map_err(|error| format!("{error}; {REMEDY}"))?;
    match set.take("keys") {
        Some(keys @ Value::Array(_)) => Ok(keys),
        Some(_) => Err(format!("there are no keys in it; {REMEDY}")),
        None => Ok(Value::Array(vec![Value::Object(set)])),
    }
}

/// The field of the outputs that a transaction or a block spends.
const PREVIOUS_OUTPUTS: &str = "prevouts";

/// An array of JSON, or undo data as they are.
fn outputs(bytes: &[u8]) -> Result<Value, String> {
    let array = match bytes.trim_ascii_start().first() {
        Some(b'[') => Fields::from_json(&[b"{\"outputs\":", bytes, b"}"].concat()).ok(),
        _ => None,
    };
    // Undo data can begin with any byte.
    Ok(array
        .and_then(|fields| fields.get("outputs").cloned())
        .unwrap_or_else(|| Value::Bytes(bytes.to_vec())))
}

/// Certificates as PEM with one or several, or the DER of one.
fn roots(bytes: &[u8]) -> Result<Value, String> {
    let roots = match pem(bytes, &["CERTIFICATE"])? {
        found if !found.is_empty() => found,
        // DER begins with a SEQUENCE, which no text does.
        _ if bytes.first() == Some(&0x30) => vec![bytes.to_vec()],
        _ => return Err("no certificate in it; give PEM with BEGIN CERTIFICATE, or DER".to_owned()),
    };
    Ok(Value::Array(roots.into_iter().map(Value::Bytes).collect()))
}

/// The blocks of PEM, which have one of these labels; none where there is no PEM. What stands between them is no matter.
fn pem(bytes: &[u8], labels: &[&str]) -> Result<Vec<Vec<u8>>, String> {
    const BEGIN: &str = "-----BEGIN ";
    let Ok(mut text) = std::str::from_utf8(bytes) else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    while let Some(begin) = text.find(BEGIN) {
        let number = found.len() + 1;
        let block = &text[begin..];
        let label = block[BEGIN.len()..].split_once("-----").map_or("", |(label, _)| label);
        if !labels.contains(&label) {
            // What a private key holds is for nobody's eyes.
            let label: String = label.chars().filter(char::is_ascii).take(40).collect();
            return Err(format!("block {number} is {label:?}; {} are read", labels.join(" and ")));
        }
        let end = format!("-----END {label}-----");
        let length =
            block.find(&end).ok_or_else(|| format!("block {number} has no END {label}"))? + end.len();
        let (_, der) = pem_rfc7468::decode_vec(&block.as_bytes()[..length])
            .map_err(|error| format!("block {number}: {error}"))?;
        found.push(der);
        text = &block[length..];
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certificates_are_found_in_pem_and_der() {
        let pem = "Bag Attributes\n-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";
        let two = roots(format!("{pem}{pem}").as_bytes());
        assert_eq!(two, Ok(Value::Array(vec![Value::Bytes(vec![0x30, 0]); 2])));
        assert_eq!(roots(&[0x30, 0]), Ok(Value::Array(vec![Value::Bytes(vec![0x30, 0])])));
        assert_eq!(roots(b"").unwrap_err(), "no certificate in it; give PEM with BEGIN CERTIFICATE, or DER");
        assert_eq!(
            roots(b"-----BEGIN CERTIFICATE-----\nMAA=").unwrap_err(),
            "block 1 has no END CERTIFICATE"
        );
        assert!(roots(pem.replace("MAA=", "M").as_bytes()).unwrap_err().starts_with("block 1: "));
    }

    #[test]
    fn keys_are_found_in_every_form() {
        let of = |member: &str, bytes: &[u8]| {
            Value::Object([(member.to_owned(), Value::Bytes(bytes.to_vec()))].into_iter().collect())
        };
        let pem = "# a fleet\n-----BEGIN PUBLIC KEY-----\nMAA=\n-----END PUBLIC KEY-----\n\
                   -----BEGIN CERTIFICATE-----\nMAE=\n-----END CERTIFICATE-----\n";
        assert_eq!(
            keys(pem.as_bytes()),
            Ok(Value::Array(vec![of("der", &[0x30, 0]), of("der", &[0x30, 1])]))
        );
        assert_eq!(keys(&[0x30, 0]), Ok(Value::Array(vec![of("der", &[0x30, 0])])));
        assert_eq!(keys(&[0x81, 0xa0]), Ok(Value::Array(vec![of("cose", &[0x81, 0xa0])])));
        let json = keys(br#"{"keys":[{"kty":"EC"}]}"#);
        assert_eq!(json, keys(br#" [{"kty":"EC"}]"#));
        assert_eq!(json, keys(br#"{"kty":"EC"}"#));
        let error = keys(b"-----BEGIN EC PRIVATE KEY-----\nMAA=\n").unwrap_err();
        assert_eq!(error, "block 1 is \"EC PRIVATE KEY\"; PUBLIC KEY and CERTIFICATE are read");
        assert!(keys(b"").unwrap_err().ends_with("or a COSE_KeySet"));
    }

    #[test]
    fn a_changed_file_is_read_again_and_a_bad_one_is_not() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("keys.json");
        let key = |id: &str| {
            let x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
            format!(r#"[{{"kty":"OKP","crv":"Ed25519","x":"{x}","kid":"{id}"}}]"#)
        };
        std::fs::write(&path, key("a")).expect("a file");
        let system = sigwarp_profiles::system("jose").expect("a profile");
        let file = GivenFile { option: "--keys", field: "keys", path: path.clone(), read: keys, stamp: None };
        let mut given = Given {
            system,
            files: vec![file],
            looked: Instant::now(),
            fields: [("keys".to_owned(), Value::Array(Vec::new()))].into_iter().collect(),
            context: system.context(&Fields::new()).map(Arc::new),
        };
        let ids = |given: &Given| match given.fields().objects("keys") {
            Ok(Some(keys)) => keys.iter().map(|key| format!("{:?}", key.text("kid"))).collect(),
            _ => String::new(),
        };
        given.look();
        let first = given.context().expect("a context");
        assert!(ids(&given).contains("\"a\""), "{}", ids(&given));
        given.look();
        assert!(Arc::ptr_eq(&first, &given.context().expect("a context")), "nothing has changed");
        for bad in ["{", r#"[{"kty":"EC"}]"#] {
            std::fs::write(&path, bad).expect("a file");
            given.look();
            assert!(Arc::ptr_eq(&first, &given.context().expect("a context")), "{bad}");
        }
        std::fs::remove_file(&path).expect("a file");
        given.look();
        assert!(Arc::ptr_eq(&first, &given.context().expect("a context")), "it is gone");
        std::fs::write(&path, key("another")).expect("a file");
        given.look();
        assert!(!Arc::ptr_eq(&first, &given.context().expect("a context")));
        assert!(ids(&given).contains("another"), "{}", ids(&given));
    }
}
