//! What `--help` says besides the options, and in which order: what the command does, examples, options, notes.

use clap::{Command, CommandFactory as _};

use crate::args::Arguments;

/// Examples stand before the options: they are what most readers look for.
const TEMPLATE: &str = "{about-with-newline}\n{before-help}{usage-heading} {usage}\n\n{all-args}{after-help}";

/// The command with all that its help, its completions and its manual pages say.
pub(crate) fn command() -> Command {
    Arguments::command()
        .help_template(TEMPLATE)
        .mut_subcommands(|subcommand| subcommand.help_template(TEMPLATE))
}

pub(crate) const COMMAND_EXAMPLES: &str = "\
Examples:
  sigwarp verify datasets/samples/iot.jsonl              a verdict for each signature of a file
  sigwarp verify ledger.parquet --rule zip215            under a rule that you name
  sigwarp rules                                          which rules there are, and who follows them
  sigwarp hash --check DIGESTS                           as sha256sum --check, for more hash functions
  sigwarp bench                                          how fast this machine is";

pub(crate) const COMMAND_NOTES: &str = "\
Exit status: 0 all valid (or all as expected), 1 some not, 2 bad usage or input,
3 engine or output error, 130 interrupted.";

pub(crate) const VERIFY_EXAMPLES: &str = "\
Examples:
  sigwarp verify datasets/samples/iot.jsonl
  sigwarp verify 'archive/2026-*/*.csv.gz' --map signature=sig --bytes base64
  sigwarp verify block.parquet --rule zip215 --output verdicts.parquet
  sigwarp gen --rows 1000 --output - | sigwarp verify - --format json";

pub(crate) const VERIFY_NOTES: &str = "\
Rows have a scheme, a signature, a public_key (or a key_index into --keys), a message
or a digest, and may have id, rule, encoding, user_id, context, recovery_id and expected.
In text bytes are hexadecimal, unless --bytes says otherwise. A column of another name
is named with --map. docs/formats.md describes every format and column.

Exit status: 0 all valid (or all as expected), 1 some not, 2 bad usage or input,
3 engine or output error, 130 interrupted.";

pub(crate) const TRANSACTIONS_EXAMPLES: &str = "\
Examples:
  sigwarp transactions pool.jsonl --profile ethereum --output reports.jsonl
  sigwarp transactions blocks/ --profile ethereum --context chain_id=1 --context form=block
  sigwarp transactions signed.bin --profile ethereum --context chain_id=1 --context fork=prague";

pub(crate) const TRANSACTIONS_NOTES: &str = "\
A row of JSONL has the bytes of its record in hexadecimal (or names their file as path,
relative to its own) and its context: network, fork, signer set, as docs/profiles.md lists
them for each profile. It may have id and expected: a boolean, valid, invalid or undecided.

Exit status: 0 all valid (or all as expected), 1 some not, 2 bad usage or input,
3 engine or output error, 130 interrupted.";

pub(crate) const GEN_EXAMPLES: &str = "\
Examples:
  sigwarp gen --rows 3000 --output iot.jsonl
  sigwarp gen --rows 2000000 --mix ed25519:zip215 --devices 10000 --output fleet.parquet --keys-output keys.parquet
  sigwarp gen --rows 1000 --mix ecdsa-p256-sha256:ecdsa=3 --mix sm2-sm3=1 --bad 0.05 --output mixed.parquet";

pub(crate) const GEN_NOTES: &str = "\
The same arguments and seed give the same bytes on every machine.";

pub(crate) const HASH_EXAMPLES: &str = "\
Examples:
  sigwarp hash *.bin > DIGESTS
  sigwarp hash --check DIGESTS
  sigwarp hash transactions.parquet --column message --hash keccak256
  sigwarp hash block.jsonl --column transaction --hash sha256d --merkle bitcoin
  sigwarp hash events.jsonl --column payload --text --format json";

pub(crate) const HASH_NOTES: &str = "\
Prints a line for each file as sha256sum does, or with --column one for each row as
FILE:ROW, rows counted from 0. Cells are bytes, or text in hexadecimal unless --bytes says
otherwise; with --text they are text and its UTF-8 bytes are hashed. With --merkle the
digests are the leaves of one tree, in order, and its root is printed.

With --check the files are lists: a line for each file says OK or FAILED. Exit status: 0
all as listed, 1 some not or not there, 2 a list that cannot be read or has no line of a
known form.

Hash functions: sha256, sha256d, sha512, sha512-half, sha3-256, keccak256, sm3, blake3.
Merkle rules: bitcoin (the last node of an odd level is its own sibling), zero-padded.";

pub(crate) const RECOVER_EXAMPLES: &str = "\
Examples:
  sigwarp recover transactions.jsonl --output senders.jsonl
  sigwarp recover transactions.jsonl --output - | head";

pub(crate) const RECOVER_NOTES: &str = "\
Rows have a scheme on secp256k1, a signature (raw with a recovery_id, or raw-v), a
message or a digest, and a rule. Where a row has a public_key, the recovered key must
be that key.";

pub(crate) const RULES_EXAMPLES: &str = "\
Examples:
  sigwarp rules
  sigwarp rules --scheme ed25519
  sigwarp rules --format json";

pub(crate) const RULES_NOTES: &str = "\
A scheme with several rules has no default: two nodes that follow different rules split,
so the rule is always named. docs/rules.md has every check of each.";

pub(crate) const DEVICES_EXAMPLES: &str = "\
Examples:
  sigwarp devices
  sigwarp devices --format json";

pub(crate) const BENCH_EXAMPLES: &str = "\
Examples:
  sigwarp bench                                one screen, then every row
  sigwarp bench --suite overview               the screen alone
  sigwarp bench --quick
  sigwarp bench --suite sizes --backend avx2
  sigwarp bench --suite threads --json threads.json --html threads.html
  sigwarp bench --suite threads --compare threads.json
  sigwarp bench --list";

pub(crate) const BENCH_NOTES: &str = "\
The first screen says how many signatures of each scheme this machine verifies a second;
then every row is measured on one core, in rounds, with a warm-up, and shown with its spread;
the report begins with a function measured against itself, which must give 1.00. The
harness in bench-harness/ measures the same rows beside other libraries.
docs/formats-bench.md describes the report. --compare does not change the exit status, as it
also compares across machines.

Exit status: 0 measured, 2 bad usage, 3 a backend that cannot run here, or the measurement
or output failed.";

pub(crate) const SELFTEST_EXAMPLES: &str = "\
Examples:
  sigwarp selftest
  sigwarp selftest --differential 100000 --seed 7
  sigwarp selftest --differential 1000000 --scheme sm2-sm3";

pub(crate) const SELFTEST_NOTES: &str = "\
Without --differential every backend is checked against known answers. With it, N
generated items of every kind are also judged by every backend and by the oracle; the
first divergence is printed as a row that `sigwarp verify -` reads.";

pub(crate) const COMPLETIONS_EXAMPLES: &str = "\
Examples:
  sigwarp completions bash > ~/.local/share/bash-completion/completions/sigwarp
  sigwarp completions zsh > ~/.zfunc/_sigwarp
  sigwarp completions fish > ~/.config/fish/completions/sigwarp.fish";

pub(crate) const MAN_EXAMPLES: &str = "\
Examples:
  sigwarp man verify | man -l -
  sigwarp man --dir ~/.local/share/man/man1";

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of every command, as they are typed; what follows two spaces says what they do.
    fn examples() -> Vec<String> {
        let mut examples = Vec::new();
        for command in std::iter::once(&command()).chain(command().get_subcommands()) {
            let text = command.get_before_help().expect("every command has examples").to_string();
            let mut lines = text.lines();
            assert_eq!(lines.next(), Some("Examples:"), "{}", command.get_name());
            let typed =
                lines.map(|line| line.trim_start().split("   ").next().unwrap_or_default().to_owned());
            examples.extend(typed);
        }
        examples
    }

    #[test]
    fn every_example_is_a_command_line() {
        let examples = examples();
        assert!(examples.len() > 20);
        command().debug_assert();
        let commands =
            examples.iter().flat_map(|line| line.split(" | ")).filter(|part| part.starts_with("sigwarp "));
        for typed in commands {
            let words = typed.split(" > ").next().unwrap_or_default().split_whitespace();
            assert!(command().try_get_matches_from(words).is_ok(), "{typed}");
        }
    }

    #[test]
    fn help_begins_with_what_the_command_does_and_examples() {
        let names: Vec<String> =
            command().get_subcommands().map(|subcommand| subcommand.get_name().to_owned()).collect();
        for name in names.iter().map(String::as_str) {
            let help = command()
                .try_get_matches_from(["sigwarp", name, "--help"])
                .expect_err("help is not a run")
                .render()
                .to_string();
            let about =
                command().find_subcommand(name).and_then(|c| c.get_about()).expect("about").to_string();
            assert!(help.starts_with(&format!("{about}\n\nExamples:\n  sigwarp {name}")), "{help}");
        }
    }
}
