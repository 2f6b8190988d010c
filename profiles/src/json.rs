//! Reports as JSON: the one schema of all systems, which docs/profiles.md describes.

use std::fmt::Write as _;

use crate::{Part, Report, Role, Signature, Verdict};

impl Report {
    /// Appends the members of the JSON object of this report, without its braces, so that a caller can put members of
    /// its own (an index, an id) before them: `"verdict":"valid","reason":null,…`. Bytes are hexadecimal digits in
    /// lower case. What does not apply is left out; `verdict`, `reason`, `undecided` and `signatures` are always
    /// there.
    ///
    /// [`Self::transactions`] are not written: each is a report of its own.
    pub fn push_json(&self, out: &mut String) {
        match self.verdict {
            // The causes are listed below, where there may be several.
            Verdict::Undecided(cause) if self.undecided.contains(&cause) => {
                push_word(out, "verdict", Some(self.verdict.name()));
                push_word_or_null(out, "reason", None);
            }
            verdict => push_verdict(out, verdict),
        }
        let numbers = [("which", self.which), ("at", self.at)];
        for (name, number) in numbers.into_iter().filter_map(|(name, number)| Some((name, number?))) {
            push_name(out, name);
            push_display(out, number);
        }
        push_list(out, "undecided", &self.undecided, |out, cause| push_text(out, cause));
        push_list(out, "signatures", &self.signatures, push_signature);
        push_bytes(out, "sender", self.sender.as_deref());
        push_word(out, "authority", self.authority);
        let parts = |out: &mut String, name, parts: &[Part], of: [&'static str; 2]| {
            if !parts.is_empty() {
                push_list(out, name, parts, |out, part| push_part(out, part, of));
            }
        };
        parts(out, "precompiles", &self.precompiles, ["program", "instruction"]);
        parts(out, "inputs", &self.inputs, ["role", "index"]);
        if let Some(anchored) = self.anchored {
            push_name(out, "anchored");
            push_display(out, anchored);
        }
        push_bytes(out, "tx_id", self.tx_id.as_deref());
        push_bytes(out, "hash", self.hash.as_deref());
        if let Some(signers) = &self.signers {
            push_list(out, "signers", signers, |out, signer| push_hex(out, signer));
        }
        push_word(out, "status", self.status);
    }
}

/// The first two members of whatever has a verdict.
fn push_verdict(out: &mut String, verdict: Verdict) {
    push_name(out, "verdict");
    push_text(out, verdict.name());
    push_name(out, "reason");
    match verdict.cause() {
        Some(cause) => push_text(out, cause),
        None => out.push_str("null"),
    }
}

fn push_signature(out: &mut String, signature: &Signature) {
    let Signature { role, suite, key, address, verdict } = signature;
    out.push('{');
    push_word(out, "role", Some(role));
    push_word_or_null(out, "scheme", suite.as_ref().map(|suite| suite.scheme().name()));
    push_word_or_null(out, "rule", suite.as_ref().map(|suite| suite.rule()));
    push_word_or_null(out, "encoding", suite.as_ref().map(|suite| suite.encoding()));
    push_bytes(out, "key", Some(key));
    push_bytes(out, "address", address.as_ref().map(|address| address.as_slice()));
    push_verdict(out, *verdict);
    out.push('}');
}

/// A part, whose role has these names for its name and its place.
fn push_part(out: &mut String, part: &Part, [name, place]: [&str; 2]) {
    let Part { role, verdict, signatures } = part;
    out.push('{');
    push_word(out, name, Some(Role::one(role.name())));
    if let Some(index) = role.index() {
        push_name(out, place);
        push_display(out, index);
    }
    push_verdict(out, *verdict);
    push_list(out, "signatures", signatures, push_signature);
    out.push('}');
}

/// The name of a member, after a comma where another came before it.
fn push_name(out: &mut String, name: &str) {
    if !out.is_empty() && !out.ends_with(['{', ',']) {
        out.push(',');
    }
    push_text(out, name);
    out.push(':');
}

fn push_display(out: &mut String, value: impl std::fmt::Display) {
    write!(out, "{value}").expect("writing to a String cannot fail");
}

/// Text of this crate or of the engine: names and digits, of which nothing needs an escape.
fn push_text(out: &mut String, text: impl std::fmt::Display) {
    write!(out, "\"{text}\"").expect("writing to a String cannot fail");
}

fn push_word(out: &mut String, name: &str, word: Option<impl std::fmt::Display>) {
    if let Some(word) = word {
        push_name(out, name);
        push_text(out, word);
    }
}

fn push_word_or_null(out: &mut String, name: &str, word: Option<&str>) {
    push_name(out, name);
    match word {
        Some(word) => push_text(out, word),
        None => out.push_str("null"),
    }
}

fn push_bytes(out: &mut String, name: &str, bytes: Option<&[u8]>) {
    if let Some(bytes) = bytes {
        push_name(out, name);
        push_hex(out, bytes);
    }
}

fn push_hex(out: &mut String, bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    out.reserve(2 * bytes.len() + 2);
    out.push('"');
    for byte in bytes {
        out.push(DIGITS[usize::from(byte >> 4)] as char);
        out.push(DIGITS[usize::from(byte & 15)] as char);
    }
    out.push('"');
}

fn push_list<T>(out: &mut String, name: &str, items: &[T], push: impl Fn(&mut String, &T)) {
    push_name(out, name);
    out.push('[');
    for (place, item) in items.iter().enumerate() {
        if place > 0 {
            out.push(',');
        }
        push(out, item);
    }
    out.push(']');
}

#[cfg(test)]
mod tests {
    use sigwarp::{Ed25519Rule, Reason, Suite};

    use super::*;
    use crate::Cause;

    fn json(report: &Report) -> String {
        let mut out = String::new();
        report.push_json(&mut out);
        out
    }

    #[test]
    fn what_does_not_apply_is_left_out() {
        assert_eq!(
            json(&Report::new(Verdict::Valid)),
            r#""verdict":"valid","reason":null,"undecided":[],"signatures":[]"#
        );
    }

    #[test]
    fn what_a_record_waits_for_is_listed_once() {
        let causes = [Cause::new("NeedsKey"), Cause::new("DetachedPayload"), Cause::new("NeedsKey")];
        assert_eq!(
            json(&Report::open(causes, Vec::new())),
            r#""verdict":"undecided","reason":null,"undecided":["DetachedPayload","NeedsKey"],"signatures":[]"#
        );
        assert_eq!(
            json(&Report::new(Verdict::undecided(Cause::new("Era")))),
            r#""verdict":"undecided","reason":"Era","undecided":[],"signatures":[]"#
        );
    }

    #[test]
    fn everything_else_has_its_member() {
        let suite = Some(Suite::ed25519(Ed25519Rule::Strict));
        let signature = Signature::decided(Role::nth("signature", 1), suite, &[0xab], Verdict::Valid);
        let bad = Verdict::invalid(Reason::HighS);
        let part = |role| Part { role, verdict: bad, signatures: vec![signature.clone()] };
        let report = Report {
            which: Some(0),
            at: Some(7),
            undecided: vec![Cause::new("Era")],
            signatures: vec![signature.clone(), Signature { suite: None, ..signature.clone() }],
            sender: Some(vec![1, 2]),
            authority: Some("account-key"),
            precompiles: vec![part(Role::nth("ed25519", 3))],
            inputs: vec![part(Role::one("input"))],
            anchored: Some(true),
            tx_id: Some(vec![0xff]),
            hash: Some(Vec::new()),
            signers: Some(vec![vec![1], vec![2]]),
            status: Some("open"),
            ..Report::new(bad)
        };
        let end = r#""key":"ab","verdict":"valid","reason":null}"#;
        let with =
            [r#"{"role":"signature[1]","scheme":"ed25519","rule":"strict","encoding":"raw","#, end].concat();
        let without = [r#"{"role":"signature[1]","scheme":null,"rule":null,"encoding":null,"#, end].concat();
        let expected = [
            r#""verdict":"invalid","reason":"HighS","which":0,"at":7,"undecided":["Era"],"#,
            &format!(r#""signatures":[{with},{without}],"sender":"0102","authority":"account-key","#),
            r#""precompiles":[{"program":"ed25519","instruction":3,"verdict":"invalid","reason":"HighS","#,
            &format!(r#""signatures":[{with}]}}],"#),
            r#""inputs":[{"role":"input","verdict":"invalid","reason":"HighS","#,
            &format!(r#""signatures":[{with}]}}],"anchored":true,"tx_id":"ff","hash":"","#),
            r#""signers":["01","02"],"status":"open""#,
        ];
        assert_eq!(json(&report), expected.concat());
    }
}
