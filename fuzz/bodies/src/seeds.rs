//! Seed inputs, made by code: deterministic bytes of many lengths for the structured targets, and well-formed
//! encodings for the targets that read bytes as they are.

use crate::TARGETS;

/// How many seeds a structured target has.
const STRUCTURED: u64 = 160;

/// `length` bytes that depend on `salt` alone (SplitMix64, as public as a generator gets).
pub fn bytes(salt: u64, length: usize) -> Vec<u8> {
    let mut state = salt.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut out = Vec::with_capacity(length + 8);
    while out.len() < length {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = state;
        word = (word ^ word >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ word >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        out.extend((word ^ word >> 31).to_le_bytes());
    }
    out.truncate(length);
    out
}

/// The seeds of a target.
///
/// # Panics
/// When there is no such target.
pub fn of(target: &str) -> Vec<Vec<u8>> {
    assert!(TARGETS.iter().any(|(name, _)| *name == target), "no target {target:?}");
    match target {
        "wire" => crate::targets::wire_seeds(),
        "jsonl" | "parquet" => crate::targets::row_seeds(target),
        "text" => crate::targets::text_seeds(),
        "ethereum" => crate::targets::ethereum_seeds(),
        "solana" => crate::targets::solana_seeds(),
        "xrpl" => crate::targets::xrpl_seeds(),
        "bitcoin" => crate::targets::bitcoin_seeds(),
        "chainlink" => crate::targets::chainlink_seeds(),
        "jose" => crate::targets::jose_seeds(),
        "cose" => crate::targets::cose_seeds(),
        "x509" => crate::targets::x509_seeds(),
        "neo" => crate::targets::neo_seeds(),
        "corda" => crate::targets::corda_seeds(),
        "diem" => crate::targets::diem_seeds(),
        "chain_core" => crate::targets::chain_core_seeds(),
        "secure_element" => crate::targets::secure_element_seeds(),
        "fisco_bcos" => crate::targets::fisco_bcos_seeds(),
        "bumo" => crate::targets::bumo_seeds(),
        "chainmaker" => crate::targets::chainmaker_seeds(),
        "fabric" => crate::targets::fabric_seeds(),
        // Short inputs end in zeros, which the generators read as their plainest choices.
        _ => (0..STRUCTURED).map(|salt| bytes(salt, 16 + (salt as usize * 7) % 500)).collect(),
    }
}
