//! Curve constants and generated tables, with the source of each.
