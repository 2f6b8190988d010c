//! The comparison of a report with what a peer says of the same bytes.

use std::collections::BTreeMap;

use sigwarp_profiles::Report;

use crate::Out;

/// What a peer says of a record.
pub(crate) struct Said {
    pub(crate) accepts: bool,
    /// The sender, where the system has recovered ones.
    pub(crate) sender: Option<Vec<u8>>,
    /// Why it does not accept, in its own words.
    pub(crate) why: String,
}

impl Said {
    pub(crate) fn no(why: impl std::fmt::Debug) -> Self {
        Self { accepts: false, sender: None, why: format!("{why:?}") }
    }
}

/// A way in which ours and a peer differ by design, with the reason.
pub(crate) struct Class {
    pub(crate) name: &'static str,
    pub(crate) why: &'static str,
}

/// What became of a comparison.
#[derive(Default)]
pub(crate) struct Tally {
    compared: u64,
    accepted: u64,
    refused: u64,
    classes: BTreeMap<&'static str, (&'static str, u64)>,
    unexplained: u64,
    examples: Vec<String>,
}

/// The most unexplained differences that are printed.
const SHOWN: usize = 10;

impl Tally {
    /// Compares one record. `class` is asked where the two differ.
    pub(crate) fn add(
        &mut self,
        id: &str,
        (report, said): (&Report, &Said),
        class: impl FnOnce() -> Option<&'static Class>,
    ) {
        self.compared += 1;
        let accepts = report.verdict.is_valid();
        match (accepts, said.accepts) {
            (true, true) if report.sender == said.sender => self.accepted += 1,
            (false, false) => self.refused += 1,
            _ => match class() {
                Some(class) => self.classes.entry(class.name).or_insert((class.why, 0)).1 += 1,
                None => {
                    self.unexplained += 1;
                    if self.examples.len() < SHOWN {
                        let ours = report.verdict;
                        let theirs = (said.accepts, said.sender.as_ref().map(hex::encode), &said.why);
                        self.examples.push(format!("{id}: ours {ours:?}, the peer {theirs:?}"));
                    }
                }
            },
        }
    }

    /// Prints the tally: a failure where a difference has no class, or where nothing was accepted or nothing refused.
    pub(crate) fn print(&self, what: &str, out: &mut Out) {
        self.print_if(self.accepted > 0, what, out);
    }

    /// The same of damaged records, none of which need be valid.
    pub(crate) fn print_damaged(&self, what: &str, out: &mut Out) {
        self.print_if(true, what, out);
    }

    fn print_if(&self, is_good: bool, what: &str, out: &mut Out) {
        let by_class: u64 = self.classes.values().map(|(_, count)| count).sum();
        let text = format!(
            "{what}: {} compared, {} accepted by both, {} refused by both, {by_class} different by design, {} different \
             otherwise",
            self.compared, self.accepted, self.refused, self.unexplained
        );
        out.judge(is_good && self.unexplained == 0 && self.refused > 0, &text);
        for (name, (why, count)) in &self.classes {
            out.note(&format!("{count:>8} {name}: {why}"));
        }
        self.examples.iter().for_each(|example| out.note(example));
    }
}
