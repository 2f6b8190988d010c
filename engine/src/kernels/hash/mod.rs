//! Hash functions over many independent messages at once.

pub mod sha512;
