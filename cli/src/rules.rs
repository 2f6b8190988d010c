//! `sigwarp rules`: which rules there are, what each says, and who follows it.

use std::fmt::Write;

use serde::Serialize;
use sigwarp::{MessageInput, Scheme};
use sigwarp_datasets::json_line;

use crate::args::{Format, RulesArgs};
use crate::exit::{Exit, Failure, print};

/// What is known of a rule. docs/rules.md has every check, in its order; a test holds the two together.
struct Rule {
    name: &'static str,
    /// What the rule says, in one line.
    says: &'static str,
    /// Who follows it.
    followed_by: &'static str,
}

const RULES: [Rule; 17] = [
    Rule {
        name: "zip215",
        says: "cofactored; every encoding that decodes, small orders too; safe to batch",
        followed_by: "Zcash, CometBFT, Sui, IOTA",
    },
    Rule {
        name: "rfc8032",
        says: "cofactored; canonical encodings only, small orders allowed",
        followed_by: "RFC 8032, FIPS 186-5",
    },
    Rule {
        name: "rfc8032-cofactorless",
        says: "cofactorless; canonical encodings only, small orders allowed",
        followed_by: "Bouncy Castle 1.66",
    },
    Rule {
        name: "cofactorless",
        says: "cofactorless; any key that decodes, R compared as bytes, small orders allowed",
        followed_by: "ed25519-dalek `verify`, Go, OpenSSL, BoringSSL, XRPL",
    },
    Rule {
        name: "strict",
        says: "cofactorless; any key that decodes, R compared as bytes, no small orders",
        followed_by: "ed25519-dalek `verify_strict`, Solana, Diem, Aptos",
    },
    Rule {
        name: "libsodium",
        says: "cofactorless; keys below p, R compared as bytes, no small orders",
        followed_by: "libsodium to 1.0.22",
    },
    Rule {
        name: "simd0376",
        says: "cofactored; canonical encodings only, no small orders",
        followed_by: "Solana's proposal SIMD-0376",
    },
    Rule {
        name: "bouncy-castle",
        says: "cofactored; canonical encodings only, no key of small order",
        followed_by: "recent releases of Bouncy Castle, Corda",
    },
    Rule {
        name: "donna",
        says: "cofactorless; S up to 2^253, any key that decodes, R compared as bytes",
        followed_by: "BUMO, Bubi",
    },
    Rule {
        name: "ecdsa",
        says: "any s from 1 to n - 1, so that n - s is valid too",
        followed_by: "Bitcoin consensus, NEO, Corda, Chainlink OCR 3, FISCO BCOS, ChainMaker",
    },
    Rule {
        name: "ecdsa-low-s",
        says: "s at most n / 2: one form of each signature",
        followed_by: "Ethereum transactions, Fabric, CometBFT, XRPL, FISCO BCOS 2.5-2.11, Bitcoin relay",
    },
    Rule {
        name: "bip340",
        says: "BIP 340: keys and R by their x, both with even y",
        followed_by: "Bitcoin's Taproot",
    },
    Rule {
        name: "bip341",
        says: "BIP 341: an output key is an internal key and a tweak, Q = P + tG, with the given parity of Q",
        followed_by: "Bitcoin's Taproot, script path",
    },
    Rule {
        name: "sm2",
        says: "GB/T 32918.2 section 7.1: n - s is not valid, so there is no low-s form",
        followed_by: "BUMO, ChainMaker, FISCO BCOS (guomi), TPM 2.0",
    },
    Rule {
        name: "rfc8017",
        says: "PKCS #1 v1.5: the encoding is built and compared; 2,048 to 4,096 bits",
        followed_by: "X.509, JWS RS256",
    },
    Rule {
        name: "pss-salt-32",
        says: "PSS with SHA-256 in both places and a salt of 32 bytes",
        followed_by: "JWS and COSE PS256, TLS 1.3",
    },
    Rule {
        name: "pss-any-salt",
        says: "the same with a salt of any length that fits",
        followed_by: "X.509, by the length that a certificate names",
    },
];

/// Rules of schemes that not every build has (the feature `one-by-one`).
#[cfg(test)]
const ONE_BY_ONE: [&str; 3] = ["rfc8017", "pss-salt-32", "pss-any-salt"];

#[derive(Debug, Serialize)]
struct Report {
    schema_version: u32,
    rules: Vec<Entry>,
}

/// A rule of a scheme.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Entry {
    scheme: &'static str,
    rule: &'static str,
    says: &'static str,
    followed_by: &'static str,
    /// Whether it must be named: the scheme has others.
    needed: bool,
    takes: &'static str,
    /// The column of what else a suite has.
    parameter: Option<&'static str>,
    encodings: &'static [&'static str],
}

pub(crate) fn run(args: &RulesArgs) -> Result<Exit, Failure> {
    let schemes = if args.schemes.is_empty() { &Scheme::ALL[..] } else { &args.schemes };
    print(&match args.format {
        Format::Json => {
            let rules = schemes.iter().flat_map(|scheme| entries(*scheme)).collect();
            format!("{}\n", json_line(&Report { schema_version: 1, rules }))
        }
        Format::Table => table(schemes),
    })?;
    Ok(Exit::AllGood)
}

fn entries(scheme: Scheme) -> Vec<Entry> {
    let rules = scheme.rules();
    let known = |name: &'static str| RULES.iter().find(|rule| rule.name == name);
    rules
        .iter()
        .map(|name| Entry {
            scheme: scheme.name(),
            rule: name,
            // A test sees to it that every rule is known.
            says: known(name).map_or("", |rule| rule.says),
            followed_by: known(name).map_or("", |rule| rule.followed_by),
            needed: rules.len() > 1,
            takes: scheme.input().name(),
            parameter: scheme.parameter(),
            encodings: scheme.encodings(),
        })
        .collect()
}

/// Schemes with the same rules share one table.
fn table(schemes: &[Scheme]) -> String {
    let mut groups: Vec<Vec<Scheme>> = Vec::new();
    for &scheme in schemes {
        match groups.iter_mut().find(|group| group[0].rules() == scheme.rules()) {
            Some(group) if group.contains(&scheme) => {}
            Some(group) => group.push(scheme),
            None => groups.push(vec![scheme]),
        }
    }
    let mut text = String::new();
    for group in &groups {
        write_group(&mut text, group).expect("writing to a String cannot fail");
    }
    text.push_str(
        "docs/rules.md has every check of each rule, in its order, and the reason that it gives.\n",
    );
    text
}

fn write_group(text: &mut String, group: &[Scheme]) -> std::fmt::Result {
    for scheme in group {
        let takes = match scheme.input() {
            MessageInput::Raw => "a message",
            MessageInput::Digest => "a digest",
        };
        let parameter = match scheme.parameter() {
            None => "",
            Some("user_id") => " and a user ID",
            Some(_) => " and a context",
        };
        let encodings = scheme.encodings().join(", ");
        let how = if scheme.is_accelerated() { "" } else { "; verified one by one" };
        writeln!(text, "{:<26} takes {takes}{parameter}; encodings {encodings}{how}", scheme.name())?;
    }
    let entries = entries(group[0]);
    let width = entries.iter().map(|entry| entry.rule.len()).max().unwrap_or(0);
    for Entry { rule, says, followed_by, .. } in &entries {
        writeln!(text, "  {rule:<width$}  {says}")?;
        writeln!(text, "  {:<width$}  followed by {followed_by}", "")?;
    }
    match entries.len() {
        1 => writeln!(text, "  the only rule; a row need not name it\n"),
        _ => writeln!(text, "  no default: name one with --rule or in a column `rule`\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_of_every_scheme_is_told_and_nothing_else() {
        let mut rules: Vec<&str> = Scheme::ALL.into_iter().flat_map(Scheme::rules).copied().collect();
        let mut told: Vec<&str> = RULES.iter().map(|rule| rule.name).collect();
        told.retain(|rule| rules.contains(rule) || !ONE_BY_ONE.contains(rule));
        rules.sort_unstable();
        rules.dedup();
        told.sort_unstable();
        assert_eq!(rules, told);
        let table = table(&Scheme::ALL);
        for scheme in Scheme::ALL {
            assert_eq!(entries(scheme).len(), scheme.rules().len());
            assert!(table.lines().any(|line| line.split(' ').next() == Some(scheme.name())), "{scheme}");
        }
        let longest = table.lines().map(|line| line.chars().count()).max();
        assert!(longest <= Some(110), "{longest:?}");
        // Asked for twice is shown once.
        assert_eq!(super::table(&[Scheme::Bip340, Scheme::Bip340]), super::table(&[Scheme::Bip340]));
    }

    /// The page and the command name the same followers.
    #[test]
    fn followers_are_those_of_the_page() {
        let page = include_str!("../../docs/rules.md");
        for rule in &RULES {
            let in_table = page.lines().any(|line| {
                line.starts_with(&format!("| `{}` |", rule.name))
                    && line.split(" | ").any(|cell| cell.trim_end_matches(" |") == rule.followed_by)
            });
            let in_text = page.contains(&format!("followed by {}", rule.followed_by));
            assert!(in_table || in_text, "{}: {}", rule.name, rule.followed_by);
        }
    }
}
