//! Verifies signatures in batches, with one verdict per item.
