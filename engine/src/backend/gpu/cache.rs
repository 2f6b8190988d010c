//! Compiled pipelines on disk.
//!
//! What a cache holds is code for the device in a form that the driver takes on trust, so a driver is shown nothing but
//! what processes of this user wrote:
//!
//! - The folder is a folder and no symbolic link, belongs to the effective user, and nobody else may write to it.
//! - The same holds for the file, and for the file of the folder's key, which nobody else may read either.
//! - The file is sealed: a keyed digest under that key covers what the pipelines were compiled of and for, and the
//!   driver's bytes. A file that was copied from elsewhere, or whose digest somebody else computed, does not have it.
//!
//! Whoever gets past that acts as this user or as root, and could change the running process as well. Ancestors of the
//! folder are not looked at: who can exchange the folder for another cannot make that one, or a file in it, belong to the
//! effective user. Files are opened without following links and examined once they are open.
//!
//! Only Unix has owners and modes that the standard library shows. Elsewhere nothing is kept, and every start compiles.
//!
//! Files are written under another name and renamed, so that a reader meets the old one or the new one. Nothing here knows
//! a device: this file is built, and its tests run, in builds without the feature `gpu` as well.
#![cfg_attr(unix, allow(unsafe_code, reason = "the number of the effective user has no other name"))]

use std::fs::{self, File, Metadata};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// The environment variable that names the folder of compiled pipelines; empty for none.
#[cfg_attr(not(feature = "gpu"), allow(unreachable_pub, reason = "no device is in this build"))]
pub const CACHE_VARIABLE: &str = "SIGWARP_CACHE_DIR";
/// The crates whose versions make the form of a cache, as Cargo.lock has them.
pub(crate) const COMPILERS: [(&str, &str); 4] =
    [("wgpu", "30.0.1"), ("wgpu-core", "30.0.1"), ("wgpu-hal", "30.0.1"), ("naga", "30.0.1")];

const MAGIC: &[u8] = b"sigwarp pipelines 2\n";
const KEY_FILE: &str = "key";
const KEY_BYTES: usize = 32;
/// What no cache of a few kernels reaches.
const MOST: u64 = 256 << 20;

/// Where the pipelines of one adapter, driver and set of shaders lie, in a folder that is this user's alone.
pub(crate) struct CacheFile {
    path: PathBuf,
    identity: [u8; 32],
    key: [u8; KEY_BYTES],
}

/// Without the key.
impl std::fmt::Debug for CacheFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CacheFile").field("path", &self.path).finish_non_exhaustive()
    }
}

impl CacheFile {
    /// The file of what `identity` names, in `folder` or in the folder of the platform, which is made if it is not
    /// there. `None` where there is no such folder; an error says why the folder is not used, and what would help.
    pub(crate) fn open(folder: Option<&Path>, identity: &str) -> Result<Option<Self>, String> {
        let Some(folder) = folder.map_or_else(platform_folder, |folder| Some(folder.to_owned())) else {
            return Ok(None);
        };
        if !platform::SHOWS_OWNERS {
            return Err(
                "compiled pipelines are not kept on this system, where the owner of a file is not checked"
                    .into(),
            );
        }
        // Without a slash at its end, behind which a link would be followed.
        let folder: PathBuf = folder.components().collect();
        let about = |what: io::Error| format!("the cache folder {}: {what}", folder.display());
        platform::create_folder(&folder).map_err(about)?;
        let entry = Entry::of(&fs::symlink_metadata(&folder).map_err(about)?);
        entry.belongs_to(platform::user(), Kind::Folder).map_err(|why| refused(&folder, &why))?;
        let key = match read(&folder.join(KEY_FILE), Kind::Secret)? {
            Some(key) => key,
            None => new_key(&folder)?,
        };
        let Ok(key) = <[u8; KEY_BYTES]>::try_from(key) else {
            return Err(refused(&folder.join(KEY_FILE), "it is no key; remove it to have a new one"));
        };
        let identity: [u8; 32] = blake3::hash(identity.as_bytes()).into();
        let name: String = identity[..12].iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Some(Self { path: folder.join(format!("pipelines-{name}.bin")), identity, key }))
    }

    /// What was stored, or `None` if nothing was. An error says why what is there is not used.
    pub(crate) fn load(&self) -> Result<Option<Vec<u8>>, String> {
        let Some(bytes) = read(&self.path, Kind::File)? else { return Ok(None) };
        let damaged = || refused(&self.path, "it is damaged");
        let rest = bytes.strip_prefix(MAGIC).ok_or_else(damaged)?;
        let (seal, data) = rest.split_first_chunk::<32>().ok_or_else(damaged)?;
        // The comparison of this type takes the same time wherever they differ.
        if self.seal(data) != *seal {
            return Err(refused(&self.path, "its seal is not of this folder's key"));
        }
        Ok(Some(data.to_vec()))
    }

    /// Stores `data`. A folder that cannot be written costs the next start some time and nothing else.
    pub(crate) fn store(&self, data: &[u8]) -> io::Result<()> {
        write(&self.path, &[MAGIC, self.seal(data).as_bytes(), data])
    }

    /// The keyed digest of `data` and of what they were compiled of and for.
    fn seal(&self, data: &[u8]) -> blake3::Hash {
        blake3::Hasher::new_keyed(&self.key).update(&self.identity).update(data).finalize()
    }
}

/// What is to be where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Folder,
    /// A file that others may read.
    File,
    /// A file that nobody else may read.
    Secret,
}

/// What the file system says of a folder or a file.
#[derive(Debug, Clone, Copy)]
struct Entry {
    is_folder: bool,
    is_file: bool,
    owner: u32,
    mode: u32,
    bytes: u64,
}

impl Entry {
    fn of(metadata: &Metadata) -> Self {
        let (owner, mode) = platform::owner_and_mode(metadata);
        let form = metadata.file_type();
        Self { is_folder: form.is_dir(), is_file: form.is_file(), owner, mode, bytes: metadata.len() }
    }

    /// Nothing if only `user` can have written it, or else why it is not to be trusted and what would help.
    fn belongs_to(&self, user: u32, kind: Kind) -> Result<(), String> {
        let wanted = if kind == Kind::Folder { self.is_folder } else { self.is_file };
        if !wanted {
            let form = if kind == Kind::Folder { "folder" } else { "plain file" };
            return Err(format!("it is no {form}; links are not followed"));
        }
        if self.owner != user {
            return Err(format!("it belongs to user {}, and this process runs as user {user}", self.owner));
        }
        if self.mode & 0o022 != 0 {
            let mode = self.mode & 0o7777;
            return Err(format!(
                "other users may write to it (mode {mode:o}); take that away with chmod go-w"
            ));
        }
        if kind == Kind::Secret && self.mode & 0o077 != 0 {
            let mode = self.mode & 0o7777;
            return Err(format!("other users may read it (mode {mode:o}); remove it to have a new one"));
        }
        if self.bytes > MOST && kind != Kind::Folder {
            return Err(format!("it has {} bytes, and no cache has more than {MOST}", self.bytes));
        }
        Ok(())
    }
}

fn refused(path: &Path, why: &str) -> String {
    format!("the cache of compiled pipelines {} is not used: {why}", path.display())
}

/// All of a file that only this user can have written; `None` where there is none.
fn read(path: &Path, kind: Kind) -> Result<Option<Vec<u8>>, String> {
    let trusted = |metadata: &Metadata| {
        Entry::of(metadata).belongs_to(platform::user(), kind).map_err(|why| refused(path, &why))
    };
    let failed = |error: io::Error| refused(path, &error.to_string());
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        found => trusted(&found.map_err(failed)?)?,
    }
    // What is open may be another file by now, so it is asked again. Nothing is followed, and nothing waited for.
    let file = platform::open(path).map_err(failed)?;
    trusted(&file.metadata().map_err(failed)?)?;
    let mut bytes = Vec::new();
    file.take(MOST).read_to_end(&mut bytes).map_err(failed)?;
    Ok(Some(bytes))
}

/// Writes a file that is this user's alone, in place of what was under its name.
fn write(path: &Path, parts: &[&[u8]]) -> io::Result<()> {
    let aside = path.with_extension(format!("{}.new", std::process::id()));
    // Left by a process of the same number that was stopped half-way.
    let _ = fs::remove_file(&aside);
    let written = platform::create(&aside).and_then(|mut file: File| {
        parts.iter().try_for_each(|part| file.write_all(part))?;
        fs::rename(&aside, path)
    });
    written.inspect_err(|_| {
        // Half a file under a name that nobody reads.
        let _ = fs::remove_file(&aside);
    })
}

/// Makes the key of a folder. Of two processes that do so at the same time one has a key that is not kept, and what it
/// stores is refused and written again.
fn new_key(folder: &Path) -> Result<Vec<u8>, String> {
    let path = folder.join(KEY_FILE);
    let mut key = [0; KEY_BYTES];
    getrandom::fill(&mut key).map_err(|error| refused(&path, &format!("no random bytes: {error}")))?;
    write(&path, &[&key]).map_err(|error| refused(&path, &error.to_string()))?;
    Ok(key.to_vec())
}

fn platform_folder() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os(CACHE_VARIABLE) {
        return (!named.is_empty()).then(|| PathBuf::from(named));
    }
    let of = |variable: &str| std::env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from);
    let folder = if cfg!(target_os = "windows") {
        of("LOCALAPPDATA")?
    } else if cfg!(target_os = "macos") {
        of("HOME")?.join("Library/Caches")
    } else {
        of("XDG_CACHE_HOME").or_else(|| Some(of("HOME")?.join(".cache")))?
    };
    Some(folder.join("sigwarp"))
}

#[cfg(unix)]
mod platform {
    use std::fs::{DirBuilder, File, Metadata, OpenOptions};
    use std::io;
    use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
    use std::path::Path;

    pub(super) const SHOWS_OWNERS: bool = true;

    /// The user whose files this process makes.
    pub(super) fn user() -> u32 {
        // SAFETY: the call takes nothing, touches no memory and cannot fail.
        unsafe { libc::geteuid() }
    }

    pub(super) fn owner_and_mode(metadata: &Metadata) -> (u32, u32) {
        (metadata.uid(), metadata.mode())
    }

    /// Makes a folder, and those above it, that nobody else may look into. One that is there stays as it is.
    pub(super) fn create_folder(path: &Path) -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(0o700).create(path)
    }

    pub(super) fn open(path: &Path) -> io::Result<File> {
        OpenOptions::new().read(true).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK).open(path)
    }

    /// A new file that nobody else may read.
    pub(super) fn create(path: &Path) -> io::Result<File> {
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
    }
}

#[cfg(not(unix))]
mod platform {
    use std::fs::{File, Metadata};
    use std::io;
    use std::path::Path;

    pub(super) const SHOWS_OWNERS: bool = false;

    pub(super) fn user() -> u32 {
        0
    }

    /// Nobody's, and open to everybody.
    pub(super) fn owner_and_mode(_: &Metadata) -> (u32, u32) {
        (u32::MAX, 0o777)
    }

    pub(super) fn create_folder(path: &Path) -> io::Result<()> {
        std::fs::create_dir_all(path)
    }

    pub(super) fn open(path: &Path) -> io::Result<File> {
        File::open(path)
    }

    pub(super) fn create(path: &Path) -> io::Result<File> {
        File::create_new(path)
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    /// A folder of this test alone, removed at the end.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("sigwarp-cache-{name}-{}", std::process::id()));
            let _ = fs::remove_dir_all(&path);
            Self(path)
        }

        fn open(&self, identity: &str) -> Result<CacheFile, String> {
            CacheFile::open(Some(&self.0), identity).map(|file| file.expect("a folder was named"))
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("a file of this user");
    }

    /// A cache with something in it.
    fn filled(name: &str) -> (Folder, CacheFile) {
        let folder = Folder::new(name);
        let file = folder.open("adapter, driver, shaders").expect("a new folder");
        file.store(b"compiled").expect("a writable folder");
        assert_eq!(file.load(), Ok(Some(b"compiled".to_vec())));
        (folder, file)
    }

    #[test]
    fn what_was_stored_comes_back_to_the_same_identity_alone() {
        let folder = Folder::new("same");
        let file = folder.open("adapter, driver, shaders").unwrap();
        assert_eq!(file.load(), Ok(None));
        file.store(b"compiled").unwrap();
        let again = folder.open("adapter, driver, shaders").unwrap();
        assert_eq!(again.load(), Ok(Some(b"compiled".to_vec())));
        let other = folder.open("adapter, newer driver, shaders").unwrap();
        assert_eq!(other.load(), Ok(None));
        fs::copy(&file.path, &other.path).unwrap();
        assert!(other.load().is_err(), "a file of another driver under this name");
        assert_eq!(
            fs::read_dir(&folder.0).unwrap().count(),
            3,
            "two files and the key: nothing is left aside"
        );
    }

    #[test]
    fn a_damaged_file_is_no_file() {
        let folder = Folder::new("damaged");
        let file = folder.open("x").unwrap();
        file.store(&[7; 100]).unwrap();
        let whole = fs::read(&file.path).unwrap();
        for length in [0, 5, MAGIC.len(), MAGIC.len() + 20, whole.len() - 1] {
            fs::write(&file.path, &whole[..length]).unwrap();
            assert!(file.load().is_err(), "cut to {length}");
        }
        for position in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[position] ^= 1;
            fs::write(&file.path, bytes).unwrap();
            assert!(file.load().is_err(), "bit of byte {position}");
        }
        file.store(&[7; 100]).unwrap();
        assert_eq!(file.load(), Ok(Some(vec![7; 100])));
    }

    /// Who can write the file and compute any digest, but not read the key, cannot make a cache.
    #[test]
    fn a_file_that_was_sealed_elsewhere_is_refused() {
        let (_folder, file) = filled("seal");
        let (_other, elsewhere) = filled("seal-elsewhere");
        fs::copy(&elsewhere.path, &file.path).unwrap();
        let why = file.load().unwrap_err();
        assert!(why.contains("its seal is not of this folder's key"), "{why}");
        assert!(why.contains(file.path.to_str().unwrap()), "{why}");
    }

    #[test]
    fn a_folder_that_others_may_write_to_is_not_used() {
        let (folder, _) = filled("open-folder");
        for mode in [0o777, 0o775, 0o707, 0o1777] {
            set_mode(&folder.0, mode);
            let why = folder.open("adapter, driver, shaders").unwrap_err();
            assert!(why.contains(&format!("other users may write to it (mode {mode:o})")), "{why}");
            assert!(why.contains(folder.0.to_str().unwrap()) && why.contains("chmod go-w"), "{why}");
        }
        set_mode(&folder.0, 0o755);
        assert!(folder.open("adapter, driver, shaders").unwrap().load().unwrap().is_some());
    }

    #[test]
    fn files_that_others_may_write_or_a_key_that_they_may_read_are_not_used() {
        let (folder, file) = filled("open-files");
        set_mode(&file.path, 0o620);
        let why = file.load().unwrap_err();
        assert!(why.contains("other users may write to it (mode 620)"), "{why}");
        set_mode(&file.path, 0o644);
        assert!(file.load().unwrap().is_some());
        set_mode(&folder.0.join(KEY_FILE), 0o640);
        let why = folder.open("x").unwrap_err();
        assert!(why.contains("other users may read it (mode 640)"), "{why}");
        fs::write(folder.0.join(KEY_FILE), b"short").unwrap();
        set_mode(&folder.0.join(KEY_FILE), 0o600);
        let why = folder.open("x").unwrap_err();
        assert!(why.contains("it is no key"), "{why}");
    }

    #[test]
    fn links_and_what_is_no_file_are_not_used() {
        let (folder, file) = filled("links");
        let aside = folder.0.join("aside");
        fs::rename(&file.path, &aside).unwrap();
        symlink(&aside, &file.path).unwrap();
        let why = file.load().unwrap_err();
        assert!(why.contains("it is no plain file; links are not followed"), "{why}");
        // Storing replaces the link and leaves alone what it led to.
        file.store(b"compiled again").unwrap();
        assert_eq!(file.load(), Ok(Some(b"compiled again".to_vec())));
        assert!(fs::read(&aside).unwrap().ends_with(b"compiled"));
        fs::remove_file(&file.path).unwrap();
        fs::create_dir(&file.path).unwrap();
        assert!(file.load().unwrap_err().contains("it is no plain file"));

        let link = Folder::new("links-folder");
        symlink(&folder.0, &link.0).unwrap();
        for named in [link.0.clone(), link.0.join(""), link.0.join(".")] {
            let why = CacheFile::open(Some(&named), "x").unwrap_err();
            assert!(why.contains("it is no folder; links are not followed"), "{why}");
        }
        fs::remove_file(&link.0).unwrap();
    }

    #[test]
    fn what_belongs_to_another_user_is_not_used() {
        let mine = Entry { is_folder: true, is_file: false, owner: 1000, mode: 0o40755, bytes: 4096 };
        let user = 1000;
        assert_eq!(mine.belongs_to(user, Kind::Folder), Ok(()));
        // Neither root's nor anybody else's: root's would have to be readable, and its key is not.
        for owner in [0, 1001] {
            for (kind, is_folder) in [(Kind::Folder, true), (Kind::File, false), (Kind::Secret, false)] {
                let theirs = Entry { owner, is_folder, is_file: !is_folder, mode: 0o600, ..mine };
                let why = theirs.belongs_to(user, kind).unwrap_err();
                assert!(why.contains(&format!("it belongs to user {owner}")), "{why}");
            }
        }
        let huge = Entry { is_folder: false, is_file: true, mode: 0o600, bytes: MOST + 1, ..mine };
        assert!(huge.belongs_to(user, Kind::File).is_err());
    }

    #[test]
    fn new_folders_and_files_are_closed_to_others() {
        let (folder, file) = filled("modes");
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
        assert_eq!(mode(&folder.0), 0o700);
        assert_eq!((mode(&file.path), mode(&folder.0.join(KEY_FILE))), (0o600, 0o600));
    }

    /// The versions are part of what a cache is of; a literal that is behind would hand a driver what another wgpu wrote.
    #[test]
    fn the_versions_are_those_of_the_lock_file() {
        let lock = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.lock");
        let lock = fs::read_to_string(lock).expect("the workspace has a lock file");
        for (name, version) in COMPILERS {
            let entry = format!("[[package]]\nname = \"{name}\"\n");
            let found: Vec<&str> = lock
                .split(&entry)
                .skip(1)
                .filter_map(|rest| rest.strip_prefix("version = \"")?.split('"').next())
                .collect();
            assert_eq!(found, [version], "{name}: set its version in COMPILERS");
        }
    }
}
