//! Runs the command as a user would.
#![allow(dead_code, unreachable_pub, reason = "each test binary uses its part")]

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// What a run of the command left.
#[derive(Debug)]
pub struct Ran {
    pub status: Option<i32>,
    pub out: String,
    pub err: String,
}

/// As [`Ran`], for output that need not be UTF-8.
#[derive(Debug)]
pub struct RawRan {
    pub status: Option<i32>,
    pub out: Vec<u8>,
    pub err: Vec<u8>,
}

/// The command, in `folder`.
pub fn command(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sigwarp"));
    // A layer of Mesa's Vulkan looks for a display, and complains on standard error where there is none.
    command.env("NODEVICE_SELECT", "1").env_remove("SIGWARP_BACKEND").current_dir(folder);
    command
}

/// Runs `sigwarp` with these arguments in `folder`, giving it `input` on standard input.
pub fn sigwarp(folder: &Path, arguments: &[&str], input: &[u8]) -> Ran {
    let RawRan { status, out, err } = run(command(folder).args(arguments), input);
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("the command writes UTF-8");
    Ran { status, out: text(out), err: text(err) }
}

/// As [`sigwarp`], with these variables alone added to the environment.
pub fn sigwarp_with(variables: &[(&str, &str)], folder: &Path, arguments: &[&str], input: &[u8]) -> Ran {
    let mut command = command(folder);
    command.env_remove("NODEVICE_SELECT").envs(variables.iter().copied()).args(arguments);
    let RawRan { status, out, err } = run(&mut command, input);
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("the command writes UTF-8");
    Ran { status, out: text(out), err: text(err) }
}

/// Runs a command, giving it `input` on standard input.
pub fn run(command: &mut Command, input: &[u8]) -> RawRan {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    let input = input.to_vec();
    // The command may end before it has read everything; then writing fails, as it should.
    let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().expect("the command ends");
    writer.join().expect("the writing thread does not panic");
    RawRan { status: output.status.code(), out: output.stdout, err: output.stderr }
}

/// The JSON summary on standard output.
pub fn summary(ran: &Ran) -> serde_json::Value {
    serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error} in {ran:?}"))
}

/// RFC 8032 section 7.1 test 2 as a row, with fields replaced (`null` removes one).
pub fn row(changes: &[(&str, serde_json::Value)]) -> String {
    let mut row = serde_json::json!({
        "id": "rfc8032-2",
        "scheme": "ed25519",
        "rule": "strict",
        "public_key": "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "message": "72",
        "signature": "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da\
                      085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    });
    let fields = row.as_object_mut().expect("an object");
    for (field, value) in changes {
        match value {
            serde_json::Value::Null => drop(fields.remove(*field)),
            value => drop(fields.insert((*field).to_owned(), value.clone())),
        }
    }
    format!("{row}\n")
}
