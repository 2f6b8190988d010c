//! What the command says of itself: rules, version, completions, manual pages.

use crate::common;

use common::{sigwarp, summary};

#[test]
fn what_the_command_says_of_itself_is_printed() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path();
    let run = |arguments: &[&str]| {
        let ran = sigwarp(path, arguments, b"");
        assert_eq!((ran.status, ran.err.as_str()), (Some(0), ""), "{arguments:?}: {ran:?}");
        ran
    };
    let rules = summary(&run(&["rules", "--scheme", "ed25519", "--scheme", "sm2", "--format", "json"]));
    let named: Vec<&str> =
        rules["rules"].as_array().expect("rules").iter().filter_map(|rule| rule["rule"].as_str()).collect();
    assert_eq!(named.len(), 10, "{named:?}");
    assert_eq!((&rules["rules"][0]["needed"], &rules["rules"][9]["needed"]), (&true.into(), &false.into()));

    assert_eq!(run(&["-V"]).out, concat!("sigwarp ", env!("CARGO_PKG_VERSION"), "\n"));
    let version = run(&["--version"]).out;
    for line in ["\ncommit    ", "\nfeatures  ", "\nbackends  ", " portable (runs on this cpu)"] {
        assert!(version.contains(line), "{version}");
    }

    let script = run(&["completions", "bash"]).out;
    assert!(script.contains("complete -F _sigwarp"));
    assert!(script.contains("compgen -W \"parquet jsonl ndjson json csv\""), "{script}");
    assert!(run(&["man", "verify"]).out.contains(".SH EXAMPLES\n.nf\n  sigwarp verify "));
    run(&["man", "--dir", "share/man1"]);
    let pages = std::fs::read_dir(path.join("share/man1")).expect("a folder").count();
    assert!(pages > 10, "{pages}");
    let ran = sigwarp(path, &["man", "verfiy"], b"");
    assert_eq!(ran.status, Some(2));
    assert!(
        ran.err.contains("there is no command of this name; there are verify, transactions, "),
        "{}",
        ran.err
    );
}
