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
    /// Those of `--context`.
    options: Fields,
    files: Vec<GivenFile>,
    /// When the files were looked at.
    looked: Instant,
    /// All of them: the options, then what the files hold.
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
    value: Value,
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
            let (stamp, value) = (None, Value::Null);
            let mut file = GivenFile { option, field, path, read, stamp, value };
            file.read_again().map_err(Failure::input)?;
            files.push(file);
        }
        let fields = all(&options, &files);
        let context = system.context(&fields).map(Arc::new);
        if let Err(error @ FieldError::Wrong { field, .. }) = &context
            && let Some(file) = files.iter().find(|file| file.field == *field)
        {
            return Err(Failure::input(format!("{} {}: {error}", file.option, file.path.display())));
        }
        Ok(Self { system, options, files, looked: Instant::now(), fields, context })
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
        let mut has_changed = false;
        for file in &mut self.files {
            if stamp(&file.path) == file.stamp {
                continue;
            }
            match file.read_again() {
                Ok(()) => has_changed = true,
                Err(problem) => note(&format!("{problem}; what it held before stays in use")),
            }
        }
        if !has_changed {
            return;
        }
        let fields = all(&self.options, &self.files);
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

fn all(options: &Fields, files: &[GivenFile]) -> Fields {
    let options = options.iter().map(|(name, value)| (name.to_owned(), value.clone()));
    options.chain(files.iter().map(|file| (file.field.to_owned(), file.value.clone()))).collect()
}

fn stamp(path: &Path) -> Option<Stamp> {
    let metadata = path.metadata().ok()?;
    Some((metadata.len(), metadata.modified().ok()))
}

impl GivenFile {
    fn read_again(&mut self) -> Result<(), String> {
        // Before it is read: what changes meanwhile is seen next time.
        self.stamp = stamp(&self.path);
        let wrong = |problem: String| format!("{} {}: {problem}", self.option, self.path.display());
        let bytes = bytes(&self.path).map_err(wrong)?;
        self.value = (self.read)(&bytes).map_err(wrong)?;
        Ok(())
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

/// The keys of a JWK Set, an array of keys or one key, in JSON.
fn keys(bytes: &[u8]) -> Result<Value, String> {
    const REMEDY: &str = "give a JWK Set, an array of keys or a key, as JSON";
    // An array is read as the member that it would be.
    let set = match bytes.trim_ascii_start().first() {
        Some(b'[') => Fields::from_json(&[b"{\"keys\":", bytes, b"}"].concat()),
        _ => Fields::from_json(bytes),
    };
    let set = set.map_err(|error| format!("{error}; {REMEDY}"))?;
    match set.get("keys") {
        Some(keys @ Value::Array(_)) => Ok(keys.clone()),
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
    let roots = match certificates(bytes)? {
        found if !found.is_empty() => found,
        // DER begins with a SEQUENCE, which no text does.
        _ if bytes.first() == Some(&0x30) => vec![bytes.to_vec()],
        _ => return Err("no certificate in it; give PEM with BEGIN CERTIFICATE, or DER".to_owned()),
    };
    Ok(Value::Array(roots.into_iter().map(Value::Bytes).collect()))
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
            "certificate 1 has no END CERTIFICATE"
        );
        assert!(roots(pem.replace("MAA=", "M").as_bytes()).unwrap_err().starts_with("certificate 1: "));
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
        let file = GivenFile {
            option: "--keys",
            field: "keys",
            path: path.clone(),
            read: keys,
            stamp: None,
            value: Value::Null,
        };
        let mut given = Given {
            system,
            options: Fields::new(),
            files: vec![file],
            looked: Instant::now(),
            fields: Fields::new(),
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
