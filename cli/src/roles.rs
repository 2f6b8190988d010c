//! One file in one role: an output that is also an input would be overwritten while it is read.
//!
//! Everything that the command line names is compared before anything is opened or created, by what the paths lead to:
//! links, hard links and other ways to write a path are the same file.

use std::ffi::OsString;
use std::fs::{self, File, Metadata};
use std::path::{Path, PathBuf};

use crate::exit::Failure;
use crate::output::is_standard;

/// What a path is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Use {
    Read,
    Write,
}

/// The paths of a command, each in its role.
#[derive(Debug, Default)]
pub(crate) struct Roles(Vec<Role>);

#[derive(Debug)]
struct Role {
    name: &'static str,
    shown: String,
    kind: Use,
    file: FileId,
    /// What is read from or written to standard streams, which may be one terminal or one log in several roles.
    standard: bool,
}

/// What tells files apart.
#[derive(Debug, PartialEq, Eq)]
enum FileId {
    /// The device and the number of an existing file, and whether it is a regular one.
    #[cfg(unix)]
    Existing { device: u64, number: u64, regular: bool },
    /// Where the numbers are not to be had, or there is no file yet: its folder, resolved, and its name.
    Named(PathBuf),
}

impl FileId {
    fn is_regular(&self) -> bool {
        match self {
            #[cfg(unix)]
            Self::Existing { regular, .. } => *regular,
            Self::Named(_) => true,
        }
    }

    #[cfg(unix)]
    fn of(metadata: &Metadata) -> Option<Self> {
        use std::os::unix::fs::MetadataExt as _;
        Some(Self::Existing { device: metadata.dev(), number: metadata.ino(), regular: metadata.is_file() })
    }

    #[cfg(not(unix))]
    fn of(_: &Metadata) -> Option<Self> {
        None
    }

    fn at(path: &Path) -> Self {
        match fs::metadata(path).ok().as_ref().and_then(Self::of) {
            Some(file) => file,
            None => Self::Named(resolved(path)),
        }
    }
}

/// Links that are followed one after another before a path is taken as it stands.
const LINKS: usize = 40;

/// The path with its folder resolved, and followed where it is a link to a file that does not exist yet.
fn resolved(path: &Path) -> PathBuf {
    let mut path = path.to_owned();
    for _ in 0..LINKS {
        if let Ok(whole) = path.canonicalize() {
            return whole;
        }
        let folder = match path.parent() {
            Some(folder) if folder != Path::new("") => folder,
            _ => Path::new("."),
        };
        let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
        match fs::read_link(&path) {
            // A target that is absolute replaces the folder.
            Ok(target) => path = folder.join(target),
            Err(_) => return folder.join(path.file_name().unwrap_or_default()),
        }
    }
    path
}

impl Roles {
    /// Files that are read; `-` is standard input.
    pub(crate) fn read<'a>(
        mut self,
        name: &'static str,
        paths: impl IntoIterator<Item = &'a PathBuf>,
    ) -> Self {
        for path in paths {
            match is_standard(path) {
                true => self.stream("standard input", Use::Read, standard_input()),
                false => self.push(name, path, Use::Read),
            }
        }
        self
    }

    /// A file that is written, under its name and as `NAME.partial` before; `-` is standard output.
    pub(crate) fn write<'a>(self, name: &'static str, path: impl IntoIterator<Item = &'a PathBuf>) -> Self {
        let mut roles = self;
        for path in path.into_iter().filter(|path| !is_standard(path)) {
            roles.push(name, path, Use::Write);
            if fs::metadata(path).map_or(true, |metadata| metadata.is_file()) {
                let mut partial = OsString::from(path);
                partial.push(".partial");
                roles.push(name, Path::new(&partial), Use::Write);
            }
        }
        roles
    }

    /// A file that is written in place.
    pub(crate) fn write_in_place<'a>(
        mut self,
        name: &'static str,
        path: impl IntoIterator<Item = &'a Path>,
    ) -> Self {
        for path in path {
            self.push(name, path, Use::Write);
        }
        self
    }

    fn push(&mut self, name: &'static str, path: &Path, kind: Use) {
        let shown = path.display().to_string();
        self.0.push(Role { name, shown, kind, file: FileId::at(path), standard: false });
    }

    fn stream(&mut self, name: &'static str, kind: Use, file: Option<File>) {
        let file = file.and_then(|file| file.metadata().ok()).as_ref().and_then(FileId::of);
        if let Some(file) = file {
            self.0.push(Role { name, shown: String::new(), kind, file, standard: true });
        }
    }

    /// Refuses a file in two roles of which one writes, and a stream in any two: a part of it would be missing from
    /// each.
    pub(crate) fn check(mut self) -> Result<(), Failure> {
        // What the shell appends to a file that is also read here would be read again, or spoil the rows in it.
        self.stream("standard output", Use::Write, standard_output());
        self.stream("standard error", Use::Write, standard_error());
        for (at, second) in self.0.iter().enumerate() {
            for first in &self.0[..at] {
                if first.clashes(second) {
                    return Err(Failure::input(format!(
                        "{} is also {}: one file in two roles would be lost or spoiled; name another for one of them",
                        second.describe(),
                        first.describe()
                    )));
                }
            }
        }
        Ok(())
    }
}

impl Role {
    fn clashes(&self, other: &Self) -> bool {
        if self.file != other.file || self.name == other.name {
            return false;
        }
        let writes = self.kind == Use::Write || other.kind == Use::Write;
        match (self.standard, other.standard) {
            // Both are often one log or one terminal; but rows from a file must not go back into it.
            (true, true) => self.file.is_regular() && self.kind != other.kind,
            // A terminal or the null device may be named besides.
            (true, false) | (false, true) => self.file.is_regular() && writes,
            (false, false) => writes || !self.file.is_regular(),
        }
    }

    fn describe(&self) -> String {
        match self.standard {
            true => self.name.to_owned(),
            false => format!("{} {}", self.name, self.shown),
        }
    }
}

#[cfg(unix)]
fn duplicate(stream: impl std::os::fd::AsFd) -> Option<File> {
    stream.as_fd().try_clone_to_owned().ok().map(File::from)
}

#[cfg(unix)]
fn standard_input() -> Option<File> {
    duplicate(std::io::stdin())
}

#[cfg(unix)]
fn standard_output() -> Option<File> {
    duplicate(std::io::stdout())
}

#[cfg(unix)]
fn standard_error() -> Option<File> {
    duplicate(std::io::stderr())
}

#[cfg(not(unix))]
fn standard_input() -> Option<File> {
    None
}

#[cfg(not(unix))]
fn standard_output() -> Option<File> {
    None
}

#[cfg(not(unix))]
fn standard_error() -> Option<File> {
    None
}
