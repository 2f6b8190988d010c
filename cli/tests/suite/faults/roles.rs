//! One file in two roles is refused before anything is opened: with status 2, and every file as it was.
#![cfg(unix)]

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::json;

use super::tables::{lines, recoverable, valid};
use crate::common::{command, run};

/// Every file of a folder with its bytes; of a link, where it leads.
fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let read = |entry: fs::DirEntry| {
        let path = entry.path();
        let bytes = match fs::read_link(&path) {
            Ok(target) => target.into_os_string().into_encoded_bytes(),
            Err(_) if path.is_dir() => Vec::new(),
            Err(_) => fs::read(&path).expect("a readable file"),
        };
        (entry.file_name().to_string_lossy().into_owned(), bytes)
    };
    fs::read_dir(folder).expect("a folder").map(|entry| read(entry.expect("an entry"))).collect()
}

fn prepared() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path();
    fs::write(path.join("rows.jsonl"), lines(&[valid("a"), valid("b")])).expect("a file");
    fs::write(path.join("senders.jsonl"), lines(&[recoverable("a")])).expect("a file");
    let key = json!({"public_key": "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"});
    fs::write(path.join("keys.jsonl"), lines(&[key])).expect("a file");
    symlink("rows.jsonl", path.join("link.jsonl")).expect("a link");
    symlink("link.jsonl", path.join("chain.jsonl")).expect("a link");
    symlink("senders.jsonl", path.join("link-senders.jsonl")).expect("a link");
    fs::hard_link(path.join("rows.jsonl"), path.join("hard.jsonl")).expect("a hard link");
    fs::hard_link(path.join("senders.jsonl"), path.join("hard-senders.jsonl")).expect("a hard link");
    // What an output is called before it is complete.
    symlink("rows.jsonl", path.join("out1.jsonl.partial")).expect("a link");
    fs::hard_link(path.join("rows.jsonl"), path.join("out2.jsonl.partial")).expect("a hard link");
    symlink("out3.jsonl.partial", path.join("in3.jsonl")).expect("a link");
    fs::write(path.join("out3.jsonl.partial"), lines(&[valid("a")])).expect("a file");
    fs::write(path.join("senders.jsonl.partial"), lines(&[recoverable("a")])).expect("a file");
    symlink("senders.jsonl.partial", path.join("in4.jsonl")).expect("a link");
    // Outputs that do not exist yet, by two names.
    symlink("new.jsonl", path.join("new-link.jsonl")).expect("a link");
    symlink(".", path.join("here")).expect("a link");
    // Devices, and streams by other names.
    symlink("/dev/null", path.join("null1.jsonl")).expect("a link");
    symlink("/dev/null", path.join("null2.jsonl")).expect("a link");
    symlink("/dev/stdin", path.join("stdin.jsonl")).expect("a link");
    folder
}

#[test]
fn every_pair_of_roles_and_every_way_to_name_a_file() {
    let here = std::env::current_dir().expect("a folder");
    drop(here);
    for line in [
        "verify rows.jsonl --output rows.jsonl",
        "verify rows.jsonl --output ./rows.jsonl",
        "verify rows.jsonl --output here/rows.jsonl",
        "verify rows.jsonl --output link.jsonl",
        "verify link.jsonl --output rows.jsonl",
        "verify chain.jsonl --output hard.jsonl",
        "verify rows.jsonl --output hard.jsonl",
        "verify keys.jsonl rows.jsonl --output rows.jsonl",
        "verify rows.jsonl --output out1.jsonl",
        "verify rows.jsonl --output out2.jsonl",
        "verify in3.jsonl --output out3.jsonl",
        "verify rows.jsonl --keys keys.jsonl --output keys.jsonl",
        "verify rows.jsonl --keys keys.jsonl --output here/here/keys.jsonl",
        "verify rows.jsonl --keys rows.jsonl --output out1.jsonl",
        "verify null1.jsonl --output null2.jsonl",
        "verify null1.jsonl --keys null2.jsonl",
        "recover senders.jsonl --output senders.jsonl",
        "recover senders.jsonl --output link-senders.jsonl",
        "recover senders.jsonl --output hard-senders.jsonl",
        "recover in4.jsonl --output senders.jsonl",
        "recover senders.jsonl --keys keys.jsonl --output keys.jsonl",
        "gen --output new.jsonl --keys-output new.jsonl",
        "gen --output new.jsonl --keys-output ./new.jsonl",
        "gen --output new.jsonl --keys-output here/new.jsonl",
        "gen --output new.jsonl --keys-output new-link.jsonl",
        "gen --output rows.jsonl --keys-output hard.jsonl",
        "gen --output null1.jsonl --keys-output null2.jsonl",
        "gen --output - --keys-output -",
        "verify - --output rows.jsonl <rows.jsonl",
        "verify - --output out1.jsonl <rows.jsonl",
        "verify - --keys stdin.jsonl <rows.jsonl --output rows.jsonl",
        "verify stdin.jsonl --output rows.jsonl <rows.jsonl",
        "verify rows.jsonl --output - >>rows.jsonl",
        "verify rows.jsonl >>rows.jsonl",
        "verify - <rows.jsonl >>rows.jsonl",
        "verify rows.jsonl --keys keys.jsonl >>keys.jsonl",
        "verify rows.jsonl --output out.jsonl >>out.jsonl.partial",
        "recover senders.jsonl --output - >>hard-senders.jsonl",
        "recover - --output senders.jsonl <senders.jsonl",
        "gen --output rows.jsonl >>rows.jsonl",
        "hash rows.jsonl --column message >>rows.jsonl",
        "hash link.jsonl keys.jsonl >>hard.jsonl",
        "hash - <rows.jsonl >>rows.jsonl",
        "bench --quick --json new.jsonl --html new.jsonl",
        "bench --quick --json rows.jsonl --html hard.jsonl",
    ] {
        let folder = prepared();
        let before = contents(folder.path());
        // The redirections of a shell.
        let (mut arguments, mut input, mut output) = (Vec::new(), None, None);
        for word in line.split(' ') {
            match (word.strip_prefix(">>"), word.strip_prefix('<')) {
                (Some(file), _) => output = Some(folder.path().join(file)),
                (_, Some(file)) => input = Some(File::open(folder.path().join(file)).expect("a file")),
                _ => arguments.push(word),
            }
        }
        let mut sigwarp = command(folder.path());
        sigwarp.args(&arguments).stderr(Stdio::piped());
        sigwarp.stdin(input.map_or_else(Stdio::null, Stdio::from));
        let created = output.as_ref().filter(|output| !output.exists());
        if let Some(output) = &output {
            let file = File::options().append(true).create(true).open(output).expect("a file");
            sigwarp.stdout(file);
        }
        let ended = sigwarp.output().expect("the command ends");
        let told = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(ended.status.code(), Some(2), "{line}: {told}");
        assert!(told.contains("is also") || told.contains("both"), "{line}: {told}");
        if let Some(created) = created {
            fs::remove_file(created).expect("the file that the shell made");
        }
        assert!(contents(folder.path()) == before, "{line}: a file has changed");
    }
}

#[test]
fn one_file_in_one_role_is_no_mistake() {
    for (line, status) in [
        ("verify rows.jsonl rows.jsonl hard.jsonl link.jsonl", 0),
        ("verify rows.jsonl --keys keys.jsonl --output out.jsonl", 0),
        ("verify rows.jsonl --output null1.jsonl", 0),
        // The rows' own keys, registered.
        ("verify rows.jsonl --keys rows.jsonl", 0),
        ("hash rows.jsonl hard.jsonl rows.jsonl -", 0),
        ("recover senders.jsonl senders.jsonl --output here/out.jsonl", 0),
        ("gen --rows 3 --output new.jsonl --keys-output keys.jsonl", 0),
        ("gen --rows 3 --output null1.jsonl --keys-output new.jsonl", 0),
        ("verify - --output -", 0),
    ] {
        let folder = prepared();
        let arguments: Vec<&str> = line.split(' ').collect();
        let ran = run(command(folder.path()).args(&arguments), lines(&[valid("c")]).as_bytes());
        assert_eq!(ran.status, Some(status), "{line}: {}", String::from_utf8_lossy(&ran.err));
    }
    // One log for both streams, and the null device for all.
    let folder = prepared();
    let log = File::create(folder.path().join("log")).expect("a file");
    let mut sigwarp = command(folder.path());
    let sigwarp = sigwarp
        .args(["verify", "rows.jsonl", "--output", "-"])
        .stderr(log.try_clone().expect("a file"))
        .stdout(log);
    assert_eq!(sigwarp.status().expect("the command ends").code(), Some(0));
    let null =
        || Stdio::from(File::options().read(true).write(true).open("/dev/null").expect("the null device"));
    let mut sigwarp: Command = command(folder.path());
    let sigwarp = sigwarp.args(["hash", "-"]).stdin(null()).stdout(null()).stderr(null());
    assert_eq!(sigwarp.status().expect("the command ends").code(), Some(0));
}
