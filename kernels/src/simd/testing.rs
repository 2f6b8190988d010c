//! Which instruction sets and backends tests run on: the one list of instruction sets, for tests that are written once for
//! all of them.
//!
//! A test leaves out what the machine does not have, with a line that says so. Where the environment variable
//! [`REQUIRED`] names it, its absence is a failure: CI says what its machines have, so that a test that was left out is
//! seen. Tests therefore ask [`detect`] for a token, and never [`Token::detect`].

use std::cell::RefCell;
use std::fmt::Display;

use super::Token;
#[cfg(target_arch = "x86_64")]
use super::avx2::Avx2;
#[cfg(target_arch = "x86_64")]
use super::avx512ifma::Avx512Ifma;
use super::emulated::Emulated;
use super::portable::Portable;

/// The environment variable that names the backends that must run on this machine, separated by commas.
pub const REQUIRED: &str = "SIGWARP_REQUIRE_BACKENDS";

/// A test that is written once for all instruction sets.
pub trait TokenTest {
    /// Runs it on one, unless [`detect`] says that the machine does not have it.
    fn run<T: Token>(&mut self);
}

/// Runs a test on every instruction set there is.
pub fn on_every_instruction_set(test: &mut impl TokenTest) {
    test.run::<Portable>();
    test.run::<Emulated>();
    #[cfg(target_arch = "x86_64")]
    {
        test.run::<Avx2>();
        test.run::<Avx512Ifma>();
    }
}

/// The token, or `None` after a line that says what is skipped.
///
/// # Panics
/// Where the machine must have the instruction set and has not.
pub fn detect<T: Token>() -> Option<T> {
    present(T::NAME, T::detect().ok_or("this CPU does not have its instructions"))
}

/// What a test needs of a backend, or `None` after a line that says why it is skipped.
///
/// # Panics
/// Where the machine must have the backend and has not.
pub fn present<T, E: Display>(name: &str, found: Result<T, E>) -> Option<T> {
    found.map_err(|why| skip(name, &why, &std::env::var(REQUIRED).unwrap_or_default())).ok()
}

thread_local! {
    /// What was said to be skipped. A test has a thread of its own, so each says it once.
    static SKIPPED: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

fn skip(name: &str, why: &dyn Display, required: &str) {
    let is_required = required.split(',').any(|other| other == name);
    assert!(!is_required, "{REQUIRED} names {name}, which does not run here: {why}");
    SKIPPED.with_borrow_mut(|skipped| {
        if !skipped.iter().any(|other| other == name) {
            println!("SKIPPED backend {name}: {why}");
            skipped.push(name.to_owned());
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instruction_sets_are_listed_once_by_names_of_their_own() {
        struct Names(Vec<&'static str>);
        impl TokenTest for Names {
            fn run<T: Token>(&mut self) {
                assert!(!self.0.contains(&T::NAME), "{} twice", T::NAME);
                self.0.push(T::NAME);
            }
        }
        let mut names = Names(Vec::new());
        on_every_instruction_set(&mut names);
        let native: &[&str] = if cfg!(target_arch = "x86_64") { &["avx2", "avx512"] } else { &[] };
        for name in ["portable", "emulated"].iter().chain(native) {
            assert!(names.0.contains(name), "{name} is not in the list");
        }
    }

    #[test]
    fn what_is_not_required_may_be_missing_and_is_named_once() {
        assert_eq!(present("avx2", Ok::<_, &str>(1)), Some(1));
        SKIPPED.with_borrow(|skipped| assert!(skipped.is_empty()));
        for required in ["", "portable,avx512", "avx", "avx22"] {
            skip("avx2", &"no such instructions", required);
        }
        SKIPPED.with_borrow(|skipped| assert_eq!(skipped[..], ["avx2"]));
        assert_eq!(present("no such backend", Err::<(), _>("why")), None);
        SKIPPED.with_borrow(|skipped| assert_eq!(skipped[..], ["avx2", "no such backend"]));
    }

    #[test]
    #[should_panic(
        expected = "SIGWARP_REQUIRE_BACKENDS names avx2, which does not run here: no such instructions"
    )]
    fn what_is_required_may_not_be_missing() {
        skip("avx2", &"no such instructions", "portable,avx2");
    }
}
