//! The files that arguments stand for: patterns and folders are expanded before anything is opened.

use std::fs;
use std::path::{Path, PathBuf};

use glob::MatchOptions;
use sigwarp_datasets::{FileKind, shown_within};

use crate::exit::Failure;
use crate::output::is_standard;
use crate::output::note;

/// As a shell expands patterns: `*` crosses no folder and takes no hidden file.
const PATTERNS: MatchOptions =
    MatchOptions { case_sensitive: true, require_literal_separator: true, require_literal_leading_dot: true };

/// Skipped files that a note names.
const SKIPPED: usize = 3;

/// Which files of a folder are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Take {
    /// Those of known formats.
    Rows,
    /// All.
    All,
}

/// The files of these arguments. Those of a pattern or of a folder are sorted; a path that exists is no pattern.
pub(crate) fn expand(arguments: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    expand_to(arguments, Take::Rows)
}

/// As [`expand`], with the files of any name in folders: for what may be bytes of no format of rows.
pub(crate) fn expand_all(arguments: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    expand_to(arguments, Take::All)
}

fn expand_to(arguments: &[PathBuf], take: Take) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::with_capacity(arguments.len());
    for argument in arguments {
        match fs::metadata(argument) {
            _ if is_standard(argument) => files.push(argument.clone()),
            Ok(metadata) if metadata.is_dir() => files.extend(of_folder(argument, take)?),
            Ok(_) => files.push(argument.clone()),
            Err(_) => match of_pattern(argument, take)? {
                Some(matches) => files.extend(matches),
                // Who opens it says what is wrong.
                None => files.push(argument.clone()),
            },
        }
    }
    Ok(files)
}

/// The files that match, or those in the folders that match where no file does; `None` where it is no pattern.
fn of_pattern(argument: &Path, take: Take) -> Result<Option<Vec<PathBuf>>, Failure> {
    let Some(pattern) = argument.to_str().filter(|text| text.contains(['*', '?', '['])) else {
        return Ok(None);
    };
    let Ok(matches) = glob::glob_with(pattern, PATTERNS) else { return Ok(None) };
    let matches: Result<Vec<PathBuf>, _> = matches.collect();
    let mut matches = matches.map_err(|error| Failure::input(format!("{pattern}: cannot read: {error}")))?;
    matches.sort_unstable();
    let (folders, files): (Vec<PathBuf>, Vec<PathBuf>) = matches.into_iter().partition(|path| path.is_dir());
    if !files.is_empty() {
        return Ok(Some(files));
    }
    if folders.is_empty() {
        return Err(Failure::input(format!("{pattern}: no file matches this pattern; check the path")));
    }
    let mut files = Vec::new();
    for folder in folders {
        files.extend(of_folder(&folder, take)?);
    }
    Ok(Some(files))
}

/// The files in a folder that are taken, without those in folders within it and hidden ones.
fn of_folder(folder: &Path, take: Take) -> Result<Vec<PathBuf>, Failure> {
    let shown = folder.display();
    let cannot = |error| Failure::input(format!("{shown}: cannot read: {error}"));
    let (mut files, mut skipped) = (Vec::new(), Vec::new());
    for entry in fs::read_dir(folder).map_err(cannot)? {
        let name = entry.map_err(cannot)?.file_name();
        let path = folder.join(&name);
        let hidden = name.to_string_lossy().starts_with('.');
        if hidden || path.is_dir() {
            continue;
        }
        match FileKind::of(&path) {
            _ if take == Take::All => files.push(path),
            Some(_) => files.push(path),
            None => skipped.push(name.to_string_lossy().into_owned()),
        }
    }
    files.sort_unstable();
    skipped.sort_unstable();
    if files.is_empty() && take == Take::All {
        return Err(Failure::input(format!(
            "{shown}: the folder holds no file; name the files, or a folder of them"
        )));
    }
    if files.is_empty() {
        return Err(Failure::input(format!(
            "{shown}: the folder holds no file of rows, whose name would end with {} (text also with {}); name the files in it",
            FileKind::extensions(),
            FileKind::compressed_extensions(),
        )));
    }
    if let count @ 1.. = skipped.len() {
        let mut names: Vec<String> =
            skipped.iter().take(SKIPPED).map(|name| shown_within(name, 40)).collect();
        if count > SKIPPED {
            names.push("…".to_owned());
        }
        let plural = if count == 1 { "" } else { "s" };
        note(&format!("{shown}: skipped {count} file{plural} of other formats: {}", names.join(", ")));
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_and_folders_become_sorted_files() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let root = folder.path();
        fs::create_dir_all(root.join("data/day=1/deep")).expect("folders");
        fs::create_dir_all(root.join("data/day=2")).expect("folders");
        fs::create_dir(root.join("empty")).expect("a folder");
        for name in [
            "data/b.jsonl",
            "data/a.csv.gz",
            "data/notes.txt",
            "data/.hidden.csv",
            "data/day=1/z.json",
            "data/day=1/deep/x.csv",
            "data/day=2/y.ndjson.zst",
            "data/[1].csv",
            "empty/README",
        ] {
            fs::write(root.join(name), "").expect("a file");
        }
        let expanded = |arguments: &[&str]| {
            let arguments: Vec<PathBuf> = arguments
                .iter()
                .map(|name| if *name == "-" { PathBuf::from("-") } else { root.join(name) })
                .collect();
            match expand(&arguments) {
                Ok(files) => Ok(files
                    .iter()
                    .map(|file| file.strip_prefix(root).unwrap_or(file).display().to_string())
                    .collect::<Vec<_>>()),
                Err(failure) => Err(failure.message().replace(&format!("{}/", root.display()), "")),
            }
        };
        let files = |names: &[&str]| Ok(names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>());
        assert_eq!(expanded(&["-", "data/b.jsonl", "none.csv"]), files(&["-", "data/b.jsonl", "none.csv"]));
        assert_eq!(expanded(&["data"]), files(&["data/[1].csv", "data/a.csv.gz", "data/b.jsonl"]));
        assert_eq!(expanded(&["data/*.jsonl", "data/a*"]), files(&["data/b.jsonl", "data/a.csv.gz"]));
        // What exists is no pattern.
        assert_eq!(expanded(&["data/[1].csv"]), files(&["data/[1].csv"]));
        assert_eq!(expanded(&["data/day=*"]), files(&["data/day=1/z.json", "data/day=2/y.ndjson.zst"]));
        assert_eq!(expanded(&["data/**/*.csv"]), files(&["data/[1].csv", "data/day=1/deep/x.csv"]));
        assert_eq!(expanded(&["data/a["]), files(&["data/a["]));
        assert_eq!(
            expanded(&["data/*.xml"]),
            Err("data/*.xml: no file matches this pattern; check the path".to_owned())
        );
        assert!(
            expanded(&["empty"])
                .is_err_and(|error| error.starts_with("empty: the folder holds no file of rows"))
        );
    }
}
