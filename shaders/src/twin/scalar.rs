//! k and S: bit by bit, which needs no limbs.

use crate::generate::scalar::{BASE_OFFSET, KEY_OFFSET};
use sigwarp_tables::edwards25519;

/// A 512-bit number modulo L: from its highest bit down, doubled and reduced.
pub fn reduce(wide: &[u32; 16]) -> [u32; 8] {
    let mut order = [0; 8];
    for (word, bytes) in order.iter_mut().zip(edwards25519::L.chunks_exact(4)) {
        *word = u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
    }
    let mut k = [0_u32; 8];
    for bit in (0..512).rev() {
        let mut carry = wide[bit / 32] >> (bit % 32) & 1;
        for word in &mut k {
            (*word, carry) = (*word << 1 | carry, *word >> 31);
        }
        if k.iter().rev().ge(order.iter().rev()) {
            let mut borrow = false;
            for (word, order) in k.iter_mut().zip(order) {
                let (first, b1) = word.overflowing_sub(order);
                let (second, b2) = first.overflowing_sub(u32::from(borrow));
                (*word, borrow) = (second, b1 || b2);
            }
        }
    }
    k
}

fn add(x: &[u32; 8], y: &[u32; 8]) -> [u32; 8] {
    let mut carry = 0;
    let mut out = [0; 8];
    for i in 0..8 {
        carry += u64::from(x[i]) + u64::from(y[i]);
        out[i] = carry as u32;
        carry >>= 32;
    }
    out
}

/// `recode_key`.
pub fn recode_key(k: &[u32; 8]) -> [u32; 8] {
    add(k, &KEY_OFFSET)
}

/// `recode_base`.
pub fn recode_base(s: &[u32; 8]) -> [u32; 8] {
    add(s, &BASE_OFFSET)
}

/// The signed digit at bit `at` of a recoded scalar, `width` bits wide; the highest has no half taken off.
pub(crate) fn digit(recoded: &[u32; 8], at: u32, width: u32, highest: bool) -> i32 {
    let bits: u32 = (0..width)
        .map(|i| (i, at + i))
        .filter(|&(_, at)| at < 256)
        .map(|(i, at)| (recoded[(at / 32) as usize] >> (at % 32) & 1) << i)
        .sum();
    bits as i32 - if highest { 0 } else { 1 << (width - 1) }
}
