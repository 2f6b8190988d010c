//! Compiled pipelines on disk.
//!
//! The driver's own bytes, behind a line that names this version, the adapter, the driver and the shaders, and a
//! digest. A file that is not exactly what was written is as good as none. Files are written under another name and
//! renamed, so that a reader meets the old one or the new one.

use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

/// The environment variable that names the folder of compiled pipelines; empty for none.
pub const CACHE_VARIABLE: &str = "SIGWARP_CACHE_DIR";
const MAGIC: &[u8] = b"sigwarp pipelines 1\n";
/// What no cache of a few kernels reaches.
const MOST: u64 = 256 << 20;

/// Where the pipelines of one adapter, driver and set of shaders lie.
#[derive(Debug, Clone)]
pub(super) struct CacheFile {
    path: PathBuf,
    identity: [u8; 32],
}

impl CacheFile {
    /// The file of what `identity` names, in `folder` or in the folder of the platform. `None` where there is none.
    pub(super) fn new(folder: Option<&Path>, identity: &str) -> Option<Self> {
        let folder = folder.map_or_else(platform_folder, |folder| Some(folder.to_owned()))?;
        let identity: [u8; 32] = Sha256::digest(identity).into();
        let name: String = identity[..12].iter().map(|byte| format!("{byte:02x}")).collect();
        Some(Self { path: folder.join(format!("pipelines-{name}.bin")), identity })
    }

    /// What was stored, if all of it is there.
    pub(super) fn load(&self) -> Option<Vec<u8>> {
        if fs::metadata(&self.path).ok()?.len() > MOST {
            return None;
        }
        let bytes = fs::read(&self.path).ok()?;
        let rest = bytes.strip_prefix(MAGIC)?;
        let (identity, rest) = rest.split_first_chunk::<32>()?;
        let (digest, data) = rest.split_first_chunk::<32>()?;
        (*identity == self.identity && *digest == <[u8; 32]>::from(Sha256::digest(data)))
            .then(|| data.to_vec())
    }

    /// Stores `data`. A folder that cannot be written costs the next start some time and nothing else.
    pub(super) fn store(&self, data: &[u8]) -> std::io::Result<()> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend(self.identity);
        bytes.extend(Sha256::digest(data));
        bytes.extend(data);
        if let Some(folder) = self.path.parent() {
            fs::create_dir_all(folder)?;
        }
        let aside = self.path.with_extension(format!("{}.new", std::process::id()));
        fs::write(&aside, bytes).and_then(|()| fs::rename(&aside, &self.path)).inspect_err(|_| {
            // Half a file under a name that nobody reads.
            let _ = fs::remove_file(&aside);
        })
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder of this test alone, removed at the end.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("sigwarp-cache-{name}-{}", std::process::id()));
            Self(path)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn what_was_stored_comes_back_to_the_same_identity_alone() {
        let folder = Folder::new("same");
        let file = CacheFile::new(Some(&folder.0), "adapter, driver, shaders").unwrap();
        assert_eq!(file.load(), None);
        file.store(b"compiled").unwrap();
        assert_eq!(file.load().as_deref(), Some(&b"compiled"[..]));
        let other = CacheFile::new(Some(&folder.0), "adapter, newer driver, shaders").unwrap();
        assert_eq!(other.load(), None);
        fs::copy(&file.path, &other.path).unwrap();
        assert_eq!(other.load(), None, "a file of another driver under this name");
        assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 2, "nothing is left aside");
    }

    #[test]
    fn a_damaged_file_is_no_file() {
        let folder = Folder::new("damaged");
        let file = CacheFile::new(Some(&folder.0), "x").unwrap();
        file.store(&[7; 100]).unwrap();
        let whole = fs::read(&file.path).unwrap();
        for length in [0, 5, MAGIC.len(), MAGIC.len() + 40, whole.len() - 1] {
            fs::write(&file.path, &whole[..length]).unwrap();
            assert_eq!(file.load(), None, "cut to {length}");
        }
        for position in (0..whole.len()).step_by(7) {
            let mut bytes = whole.clone();
            bytes[position] ^= 1;
            fs::write(&file.path, bytes).unwrap();
            assert_eq!(file.load(), None, "bit of byte {position}");
        }
    }
}
