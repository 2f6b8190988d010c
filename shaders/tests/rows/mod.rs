//! Signatures good and bad, as rows, with what curve25519-dalek says of them.

use curve25519_dalek::constants::{ED25519_BASEPOINT_POINT, EIGHT_TORSION};
use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::IsIdentity;
use sha2::{Digest, Sha512};
use sigwarp_shaders::layout::{code, flags};

/// An item.
#[derive(Debug, Clone)]
pub(crate) struct Signed {
    pub(crate) secret: Scalar,
    pub(crate) a: [u8; 32],
    pub(crate) r: [u8; 32],
    pub(crate) s: [u8; 32],
    pub(crate) message: Vec<u8>,
    pub(crate) flags: u32,
}

fn wide(seed: u64, what: &str) -> Scalar {
    Scalar::from_bytes_mod_order_wide(&Sha512::digest(format!("{seed} {what}")).into())
}

/// An honest signature.
pub(crate) fn signed(seed: u64, len: usize) -> Signed {
    let (secret, nonce) = (wide(seed, "secret"), wide(seed, "nonce"));
    let a = (ED25519_BASEPOINT_POINT * secret).compress().to_bytes();
    let message: Vec<u8> = (0..len).map(|i| (i as u64 * 31 + seed) as u8).collect();
    let r = (ED25519_BASEPOINT_POINT * nonce).compress().to_bytes();
    let mut case = Signed { secret, a, r, s: [0; 32], message, flags: flags::DECODES_R };
    case.s = (nonce + case.challenge() * secret).to_bytes();
    case
}

impl Signed {
    fn challenge(&self) -> Scalar {
        let hash = Sha512::new().chain_update(self.r).chain_update(self.a).chain_update(&self.message);
        Scalar::from_bytes_mod_order_wide(&hash.finalize().into())
    }

    /// The same nonce and secret under another key.
    pub(crate) fn with_key(honest: &Self, a: [u8; 32]) -> Self {
        let nonce = Scalar::from_bytes_mod_order(honest.s) - honest.challenge() * honest.secret;
        let mut case = Self { a, ..honest.clone() };
        case.s = (nonce + case.challenge() * honest.secret).to_bytes();
        case
    }

    /// The same secret and nonce with another R.
    pub(crate) fn with_r(honest: &Self, r: [u8; 32]) -> Self {
        let nonce = Scalar::from_bytes_mod_order(honest.s) - honest.challenge() * honest.secret;
        let mut case = Self { r, ..honest.clone() };
        case.s = (nonce + case.challenge() * honest.secret).to_bytes();
        case
    }

    /// What the last stage must say.
    pub(crate) fn expected(&self) -> u32 {
        let Some(a) = CompressedEdwardsY(self.a).decompress() else { return code::KEY_NOT_ON_CURVE };
        if self.flags & flags::KEY_ONLY != 0 {
            return code::KEY_ON_CURVE;
        }
        let s = Scalar::from_bytes_mod_order(self.s);
        let q: EdwardsPoint = ED25519_BASEPOINT_POINT * s + (-a) * self.challenge();
        if q.compress().to_bytes() == self.r {
            return code::VALID;
        }
        match CompressedEdwardsY(self.r).decompress() {
            None if self.flags & flags::DECODES_R != 0 => code::R_NOT_ON_CURVE,
            Some(r) if self.flags & flags::COFACTORED != 0 && (q - r).mul_by_cofactor().is_identity() => {
                code::VALID
            }
            _ => code::EQUATION_FAILED,
        }
    }
}

/// Appends bytes as words; what follows the last byte is rubbish.
pub(crate) fn append(words: &mut Vec<u32>, bytes: &[u8]) {
    for chunk in bytes.chunks(4) {
        let mut word = [0xa5; 4];
        word[..chunk.len()].copy_from_slice(chunk);
        words.push(u32::from_le_bytes(word));
    }
}

/// Rows and arena.
pub(crate) fn items(cases: &[Signed]) -> (Vec<u32>, Vec<u32>) {
    let (mut rows, mut arena) = (Vec::new(), Vec::new());
    for (i, case) in cases.iter().enumerate() {
        for part in [&case.a, &case.r, &case.s] {
            append(&mut rows, part);
        }
        // Every third row brings all that its challenge is a hash of, as rows of Ed25519ctx and Ed25519ph do.
        let (flags, message) = match i % 3 {
            2 => (case.flags | flags::WHOLE, [&case.r, &case.a, &case.message[..]].concat()),
            _ => (case.flags, case.message.clone()),
        };
        rows.extend([arena.len() as u32, message.len() as u32, flags, i as u32 ^ 0x5a5a_0000]);
        append(&mut arena, &message);
    }
    arena.push(0);
    (rows, arena)
}

/// y = p + small, as the permissive rules take it, and y's on neither side of the curve.
fn encodings() -> Vec<[u8; 32]> {
    let mut out = Vec::new();
    for low in [0_u8, 1, 2, 3, 4, 5, 0xec, 0xed, 0xee, 0xef, 0xf0, 0xf1, 0xff] {
        for high in [0x00_u8, 0x80] {
            let mut bytes = [if low < 0x80 { 0 } else { 0xff }; 32];
            bytes[0] = low;
            bytes[31] = high | if low < 0x80 { 0 } else { 0x7f };
            out.push(bytes);
        }
    }
    for bit in [28, 29, 57, 58, 86, 87, 115, 116, 144, 145, 173, 174, 202, 203, 231, 232, 254] {
        let mut bytes = [0; 32];
        bytes[bit / 8] = 1 << (bit % 8);
        out.push(bytes);
    }
    out.extend(EIGHT_TORSION.map(|point| point.compress().to_bytes()));
    out
}

/// Every kind of item.
pub(crate) fn cases() -> Vec<Signed> {
    let all_flags = [0, flags::DECODES_R, flags::DECODES_R | flags::COFACTORED];
    let mut cases = Vec::new();
    for (i, len) in [0, 1, 3, 4, 47, 48, 63, 64, 111, 112, 127, 128, 200, 600].into_iter().enumerate() {
        let honest = signed(i as u64, len);
        for of_item in all_flags {
            cases.push(Signed { flags: of_item, ..honest.clone() });
        }
        let mut bad = honest.clone();
        match i % 3 {
            0 => bad.s[i] ^= 1,
            1 => bad.r[i] ^= 4,
            _ => bad.a[31] ^= 0x80,
        }
        for of_item in all_flags {
            cases.push(Signed { flags: of_item, ..bad.clone() });
        }
    }
    let honest = signed(100, 32);
    for bytes in encodings() {
        for of_item in all_flags {
            cases.push(Signed { flags: of_item, ..Signed::with_key(&honest, bytes) });
            cases.push(Signed { flags: of_item, ..Signed::with_r(&honest, bytes) });
        }
        cases.push(Signed { flags: flags::KEY_ONLY, ..Signed::with_key(&honest, bytes) });
    }
    let (key, nonce) = (ED25519_BASEPOINT_POINT * honest.secret, wide(100, "nonce"));
    for torsion in EIGHT_TORSION {
        for of_item in all_flags {
            let r = (ED25519_BASEPOINT_POINT * nonce + torsion).compress().to_bytes();
            cases.push(Signed { flags: of_item, ..Signed::with_r(&honest, r) });
            let a = (key + torsion).compress().to_bytes();
            cases.push(Signed { flags: of_item, ..Signed::with_key(&honest, a) });
        }
        // R and A of small order, S = 0 and small.
        for s in [0, 1, 16] {
            let a = torsion.compress().to_bytes();
            let case = Signed { a, r: a, s: Scalar::from(s as u64).to_bytes(), ..honest.clone() };
            cases.push(Signed { flags: flags::DECODES_R | flags::COFACTORED, ..case.clone() });
            cases.push(Signed { flags: 0, ..case });
        }
    }
    // S with digits at both ends of every window, and beyond L (the rule `donna` allows it below 2^253).
    for fill in [0x00_u8, 0xff, 0x55, 0xaa, 0x84, 0x10, 0xf0] {
        let mut s = [fill; 32];
        s[31] &= 0x1f;
        cases.push(Signed { s, flags: 0, ..honest.clone() });
        let q = ED25519_BASEPOINT_POINT * Scalar::from_bytes_mod_order(s);
        // A is the neutral element: R = SB.
        let mut a = [0; 32];
        a[0] = 1;
        cases.push(Signed { a, s, r: q.compress().to_bytes(), flags: 0, ..honest.clone() });
    }
    cases
}
