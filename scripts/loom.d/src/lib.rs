//! The files of the pre-validator that synchronise, built over loom's twins of threads, locks and atomics: each model
//! runs under every order of events, within a bound on preemptions.
#![cfg(test)]
#![allow(dead_code)]

#[path = "../../../engine/src/prevalidator/pending.rs"]
mod pending;
#[path = "../../../engine/src/prevalidator/queue.rs"]
mod queue;

mod models;
mod sync;
