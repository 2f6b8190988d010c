//! Known digests that a backend must give before it may hash.

use super::SelfTestFailure;
use crate::backend::Backend;
use crate::batch::Column;
use crate::hash::Hash;

/// The digests of the three messages of [`messages`]. The first is the example of FIPS 180-4, FIPS 202 and GB/T 32905,
/// the second that of FIPS 202; OpenSSL gives the rest, and a plain implementation of Keccak those of Keccak-256.
const KNOWN: [(Hash, [&str; 3]); 6] = [
    (
        Hash::Sha256,
        [
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            "8edfea24cad8f0e6da7fb5ebde442300fdf913be8a3bdfce06557e34d8f4efa3",
            "db4f2ac25d140369324dbed60d7b8e314fdf1252c171f8513fb7dbf5cc92e88d",
        ],
    ),
    (
        Hash::Sha256d,
        [
            "4f8b42c22dd3729b519ba6f68d2da7cc5b2d606d05daed5ad5128cc03e6c6358",
            "51683563a085426b3344d5da0053615f1f9b2816daa7b97d9fb6935131ad4d39",
            "3990bcf698f11eca62dcade76cd907802a5900a4287e25a69246a9c3d9a897c6",
        ],
    ),
    (
        Hash::Sha512,
        [
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a\
             2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
            "520b59722e8c69059942d075f63f0bf43cd470984a3765acda44afccf490ba6b\
             728497e5031b26cd1e4ad395afefd14d2e847cf9e7712ab0b2e19b2d9f0427e1",
            "83b54edfce9e307e4046585838da89cf2c4317bbe2b793d56592352011d7b887\
             94b48160af0e6495fe2039d7e0ec4a544825425866393e6e67bedd706fccb0cc",
        ],
    ),
    (
        Hash::Sha3_256,
        [
            "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532",
            "79f38adec5c20307a98ef76e8324afbfd46cfd81b22e3973c65fa1bd9de31787",
            "497a01cc408eb55d33f3f6aeee0f948a27f25fa0cfd87a32fe61a73ac2aa681d",
        ],
    ),
    (
        Hash::Keccak256,
        [
            "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45",
            "3a57666b048777f2c953dc4456f45a2588e1cb6f2da760122d530ac2ce607d4a",
            "6d5e280147c0961d2284e77be646bf0a2c3cf18581b3d61614d28e6875dda15d",
        ],
    ),
    (
        Hash::Sm3,
        [
            "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0",
            "9f26549d525d13dfeb9455b03d784bc6f0c765a5e87679b805652ea28117ca84",
            "25948d2a0708bb79c0595eb7e7bf37f022e4fbc5ce62f669538c2e685e440439",
        ],
    ),
];

/// BLAKE3 of "abc" (the BLAKE3 team's `b3sum`).
const BLAKE3_ABC: &str = "6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85";

/// "abc", 200 bytes of 0xa3, and the bytes 0 to 250 over and over, 600 of them.
fn messages() -> [Vec<u8>; 3] {
    [b"abc".to_vec(), vec![0xa3; 200], (0..600).map(|i| (i % 251) as u8).collect()]
}

/// Hashes the known messages in turn, so many of them that every lane gets each and lanes end at different times.
pub(super) fn run(backend: &dyn Backend, hash: Hash) -> Result<(), SelfTestFailure> {
    let fail = |what: String| SelfTestFailure { backend: backend.kind(), what };
    let messages = messages();
    let digests = |hash: Hash, rows: &[&[u8]]| {
        let mut digests = vec![0; rows.len() * hash.digest_length()];
        backend.hash(hash, &Column::slices(rows), &mut digests).map_err(|error| fail(error.what))?;
        Ok(digests)
    };
    let rows: Vec<&[u8]> = (0..49).map(|row| &messages[row % 3][..]).collect();
    // The known answers of a half are those of the whole.
    let known_as = if hash == Hash::Sha512Half { Hash::Sha512 } else { hash };
    for (hash, known) in KNOWN.into_iter().filter(|(of, _)| *of == known_as) {
        let known = known.map(super::selftest::unhex);
        for (row, digest) in digests(hash, &rows)?.chunks(hash.digest_length()).enumerate() {
            if digest != known[row % 3] {
                return Err(fail(format!("{hash} of a message of {} bytes is wrong", rows[row].len())));
            }
        }
        // One message alone may take another way.
        if digests(hash, &rows[..1])? != known[0] {
            return Err(fail(format!("{hash} of one message is wrong")));
        }
    }
    if hash == Hash::Sha512Half {
        let halves = digests(hash, &rows)?;
        let wholes = digests(Hash::Sha512, &rows)?;
        if halves.chunks(32).zip(wholes.chunks(64)).any(|(half, whole)| half != &whole[..32]) {
            return Err(fail(format!("{hash} is not half of {}", Hash::Sha512)));
        }
    }
    if hash == Hash::Blake3 && digests(hash, &rows[..1])? != super::selftest::unhex(BLAKE3_ABC) {
        return Err(fail(format!("{hash} is wrong")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_function_has_a_known_answer() {
        let others = [Hash::Sha512Half, Hash::Blake3];
        for hash in Hash::ALL {
            assert!(KNOWN.iter().any(|(of, _)| *of == hash) || others.contains(&hash), "{hash}");
        }
    }
}
