//! Measures Sigwarp and its peers in one process, on the same inputs, in interleaved pairs.
//!
//! [`catalogue`] lists the rows that can be measured: what runs ([`contenders`]) on which inputs ([`workload`])
//! against what. [`run`] measures them ([`measure`]) and fills a [`report`], which is printed as a table, written as
//! JSON and drawn as one HTML file. [`compare`] finds regressions between two reports.
//!
//! [`differential`] compares verdicts instead of times.
//!
//! An absolute time holds for one machine on one day. What carries over is the ratio of two contenders in one row:
//! their samples alternate, so that both see the same clock frequency and the same neighbours.

pub mod catalogue;
pub mod command;
pub mod compare;
pub mod contenders;
pub mod differential;
pub mod measure;
pub mod report;
pub mod run;
pub mod workload;
