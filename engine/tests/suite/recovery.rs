//! Recovery of secp256k1 keys: against the crate k256, at its edges, and why it fails; one by one, and in batches on
//! every backend.

use crate::common;

use common::curve::*;
use k256::Secp256k1;
use k256::ecdsa::{RecoveryId, Signature, VerifyingKey};
use proptest::prelude::*;
use sigwarp::{Column, EcdsaRule, Reason, ethereum_address, recover};

type K1 = Secp256k1;

fn key_bytes(point: &Point<K1>) -> [u8; 65] {
    tagged::<K1>(4, point).try_into().unwrap()
}

/// k256 refuses a high s and digests shorter than half a scalar; the others it recovers from as SEC 1 says.
fn by_k256(digest: &[u8; 32], raw: &[u8], id: u8) -> Option<[u8; 65]> {
    let signature = Signature::from_slice(raw).ok()?;
    let key = VerifyingKey::recover_from_prehash(digest, &signature, RecoveryId::from_byte(id)?).ok()?;
    Some(key_bytes(&Point::<K1>::from(*key.as_affine())))
}

proptest! {
    #![proptest_config(common::property_config(300))]

    #[test]
    fn the_signer_is_recovered(d in any::<[u8; 32]>(), k in any::<[u8; 32]>(), digest in any::<[u8; 32]>()) {
        let [d, k, e] = [d, k, digest].map(|bytes| scalar::<K1>(&bytes));
        prop_assume!(d != small::<K1>(0) && k != small::<K1>(0));
        let (raw, id) = sign::<K1>(&d, &e, &k);
        let key = key_bytes(&(g::<K1>() * d));
        prop_assert_eq!(recover(&digest, &raw, id, EcdsaRule::Any), Ok(key));
        for other in 0..4 {
            let recovered = recover(&digest, &raw, other, EcdsaRule::Any);
            prop_assert_eq!(recovered == Ok(key), other == id);
        }
        // The other of the two signatures, with the other parity.
        let negated = difference(&order::<K1>(), &raw[32..].try_into().unwrap());
        let other = [&raw[..32], &negated].concat();
        prop_assert_eq!(recover(&digest, &other, id ^ 1, EcdsaRule::Any), Ok(key));
        let (low, high) = if raw[32..] < negated[..] { ((&raw, id), (&other, id ^ 1)) } else { ((&other, id ^ 1), (&raw, id)) };
        prop_assert_eq!(recover(&digest, low.0, low.1, EcdsaRule::LowS), Ok(key));
        prop_assert_eq!(recover(&digest, high.0, high.1, EcdsaRule::LowS), Err(Reason::HighS));
        prop_assert_eq!(by_k256(&digest, low.0, low.1), Some(key));
    }

    /// Bytes that nobody signed: about half recover some key, the same by both.
    #[test]
    fn arbitrary_signatures_recover_alike(
        r in prop_oneof![any::<[u8; 32]>(), (0..64i64).prop_map(|i| offset(&[0; 32], i))],
        s in any::<[u8; 32]>(),
        digest in any::<[u8; 32]>(),
        id in 0..4u8,
    ) {
        let raw = [r, s].concat();
        match recover(&digest, &raw, id, EcdsaRule::LowS) {
            Ok(key) => prop_assert_eq!(by_k256(&digest, &raw, id), Some(key)),
            Err(Reason::HighS) => {}
            Err(_) => prop_assert_eq!(by_k256(&digest, &raw, id), None),
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(
        digest in proptest::collection::vec(any::<u8>(), 0..70),
        signature in proptest::collection::vec(any::<u8>(), 0..70),
        id in any::<u8>(),
    ) {
        let recovered = recover(&digest, &signature, id, EcdsaRule::Any);
        if signature.len() != 64 {
            prop_assert_eq!(recovered, Err(Reason::BadSignatureLength));
        } else if id > 3 {
            prop_assert_eq!(recovered, Err(Reason::BadSignatureEncoding));
        }
    }
}

#[test]
fn r_plus_n_is_used_only_below_p() {
    let (s, e) = (small::<K1>(5), small::<K1>(6));
    let digest = to_bytes::<K1>(&e);
    let (mut found, mut missing) = (0, 0);
    for i in 1..30 {
        let r = offset(&[0; 32], i);
        let raw = [r, to_bytes::<K1>(&s)].concat();
        for (id, point) in [(0, lift::<K1>(&r)), (2, lift::<K1>(&offset(&order::<K1>(), i)))] {
            let expected = point.map(|point| key_for::<K1>(&point, &scalar::<K1>(&r), &s, &e));
            let recovered = recover(&digest, &raw, id, EcdsaRule::Any);
            assert_eq!(recovered, expected.as_ref().map(key_bytes).ok_or(Reason::RNotOnCurve), "{i} {id}");
            if expected.is_some() { found += 1 } else { missing += 1 }
        }
    }
    assert!(found > 10 && missing > 10);
    // r = p − n + i: r + n is p + i, which must not be read as i.
    for i in 0..30 {
        let r = offset(&difference(&<K1 as Curve>::P, &order::<K1>()), i);
        let raw = [r, to_bytes::<K1>(&s)].concat();
        for id in [2, 3] {
            assert_eq!(recover(&digest, &raw, id, EcdsaRule::Any), Err(Reason::RNotOnCurve));
        }
    }
}

#[test]
fn reasons_come_in_their_order() {
    let raw = sign::<K1>(&small::<K1>(7), &small::<K1>(8), &small::<K1>(9)).0;
    let n = order::<K1>();
    let with = |r: &[u8], s: &[u8]| [r, s].concat();
    let failed = |signature: &[u8], id| recover(&[0; 32], signature, id, EcdsaRule::LowS).unwrap_err();
    assert_eq!(failed(&raw[..63], 4), Reason::BadSignatureLength);
    assert_eq!(failed(&with(&raw, &[0]), 0), Reason::BadSignatureLength);
    assert_eq!(failed(&with(&[0; 32], &n), 4), Reason::BadSignatureEncoding);
    for (r, s) in [(&[0; 32][..], &raw[32..]), (&n, &raw[32..]), (&raw[..32], &n), (&raw[..32], &[0; 32])] {
        assert_eq!(failed(&with(r, s), 0), Reason::ScalarOutOfRange);
    }
    assert_eq!(failed(&with(&raw[..32], &offset(&n, -1)), 2), Reason::HighS);
    assert_eq!(failed(&with(&raw[..32], &offset(&[0; 32], 1)), 2), Reason::RNotOnCurve);
}

/// Where sR = eG the key would be infinity.
#[test]
fn infinity_is_no_key() {
    for (k, s) in [(1, 1), (5, 77), (-3, 2)] {
        let (k, s) = (small::<K1>(k), small::<K1>(s));
        let (r, y) = xy::<K1>(&(g::<K1>() * k));
        let digest = to_bytes::<K1>(&(s * k));
        let raw = [r, to_bytes::<K1>(&s)].concat();
        let id = y[31] & 1;
        assert_eq!(recover(&digest, &raw, id, EcdsaRule::Any), Err(Reason::EquationFailed));
        assert!(recover(&digest, &raw, id ^ 1, EcdsaRule::Any).is_ok());
    }
}

/// A signature, its digest and its recovery id.
type Row = (Vec<u8>, Vec<u8>, u8);

/// Every backend gives what `recover` gives, row by row.
fn check_batch(rows: &[Row], rule: EcdsaRule) {
    let digests: Vec<&[u8]> = rows.iter().map(|row| &row.0[..]).collect();
    let signatures: Vec<&[u8]> = rows.iter().map(|row| &row.1[..]).collect();
    let ids: Vec<u8> = rows.iter().map(|row| row.2).collect();
    let expected: Vec<_> = rows.iter().map(|(digest, raw, id)| recover(digest, raw, *id, rule)).collect();
    for (kind, engine) in common::engines() {
        let keys = engine.recover(rule, &digests[..], &signatures[..], &ids).unwrap();
        for (row, (key, expected)) in keys.iter().zip(&expected).enumerate() {
            assert_eq!(key, expected, "{kind}: row {row} of {}: {:?}", rows.len(), rows[row]);
        }
        assert_eq!(keys.len(), rows.len());
    }
}

/// The row of a nonce: whatever s and e are, R = kG.
fn row_of(k: i64, s: &Scalar<K1>, e: &Scalar<K1>) -> Row {
    let (r, y) = xy::<K1>(&(g::<K1>() * small::<K1>(k)));
    (to_bytes::<K1>(e).to_vec(), [r, to_bytes::<K1>(s)].concat(), y[31] & 1)
}

/// Rows of every kind: recovered and refused for each reason, and exceptional for incomplete formulas.
fn edge_rows() -> Vec<Row> {
    let n = order::<K1>();
    let p = <K1 as Curve>::P;
    let zero = [0; 32];
    let (s, e) = (small::<K1>(5), small::<K1>(6));
    let mut rows = Vec::new();
    for k in 1..6 {
        let (raw, id) = sign::<K1>(&small::<K1>(k + 70), &e, &small::<K1>(k + 1000));
        for other in 0..6 {
            rows.push((to_bytes::<K1>(&e).to_vec(), raw.clone(), other ^ id));
        }
        // High s, and the low one of the pair.
        let negated = difference(&n, &raw[32..].try_into().unwrap());
        rows.push((to_bytes::<K1>(&e).to_vec(), [&raw[..32], &negated].concat(), id ^ 1));
    }
    // Small r, with and without n; r at and around p − n, where r + n reaches p; r around n.
    for i in -3..12 {
        for base in [zero, difference(&p, &n), n] {
            if base == zero && i < 0 {
                continue;
            }
            for id in 0..4 {
                let raw = [offset(&base, i), to_bytes::<K1>(&s)].concat();
                rows.push((to_bytes::<K1>(&e).to_vec(), raw, id));
            }
        }
    }
    // s = 0, n and beyond.
    for s in [zero, n, offset(&n, -1), [0xff; 32]] {
        rows.push((vec![7; 32], [&row_of(3, &small::<K1>(1), &e).1[..32], &s].concat(), 0));
    }
    // Q infinite (sk = e), and its negative, which is not; small multiples of G as R with small s and e, so that
    // additions meet P = ±Q.
    for k in [1, 2, 3, 5, -1, -2, 77] {
        for s in [1, 2, 3, -1, 100] {
            for e in [k * s, -k * s, 0, 1, 2] {
                let (digest, raw, id) = row_of(k, &small::<K1>(s), &small::<K1>(e));
                rows.push((digest.clone(), raw.clone(), id));
                rows.push((digest, raw, id ^ 1));
            }
        }
    }
    // Digests of other lengths, at and above n; signatures of other lengths.
    let (_, raw, id) = row_of(9, &s, &e);
    for digest in [vec![], vec![1], vec![2; 31], vec![3; 33], vec![4; 64], n.to_vec(), vec![0xff; 32]] {
        rows.push((digest, raw.clone(), id));
    }
    for length in [0, 1, 63] {
        rows.push((vec![1; 32], raw[..length].to_vec(), id));
    }
    rows.push((vec![1; 32], [&raw[..], &[0]].concat(), id));
    rows
}

#[test]
fn batches_recover_what_single_calls_do() {
    let rows = edge_rows();
    for rule in EcdsaRule::ALL {
        check_batch(&rows, rule);
    }
    let keys = rows.iter().map(|(digest, raw, id)| recover(digest, raw, *id, EcdsaRule::LowS));
    let mut seen: Vec<String> = keys.map(|key| format!("{:?}", key.map(|_| ()))).collect();
    seen.sort();
    seen.dedup();
    // Ok, and each of the six reasons.
    assert_eq!(seen.len(), 7, "{seen:?}");
}

#[test]
fn every_batch_size_and_position() {
    let rows = edge_rows();
    let good: Vec<Row> =
        (0..17).map(|i| row_of(40 + i, &small::<K1>(900 + i), &small::<K1>(-i - 3))).collect();
    // A failure of each kind, and a lane that is done again.
    let infinite = row_of(5, &small::<K1>(2), &small::<K1>(10));
    let no_point = (vec![1; 32], [[0; 31].to_vec(), vec![5], vec![1; 32]].concat(), 1);
    let out_of_range = (vec![1; 32], vec![0; 64], 0);
    for size in 1..=17 {
        check_batch(&good[..size], EcdsaRule::Any);
        check_batch(&rows[rows.len() - size..], EcdsaRule::LowS);
        for position in [0, size / 2, size - 1] {
            for odd in [&infinite, &no_point, &out_of_range] {
                let mut batch = good[..size].to_vec();
                batch[position] = odd.clone();
                check_batch(&batch, EcdsaRule::Any);
            }
        }
    }
    check_batch(&[], EcdsaRule::Any);
}

proptest! {
    #![proptest_config(common::property_config(12))]

    #[test]
    fn arbitrary_batches_recover_alike(
        rows in proptest::collection::vec(
            (any::<[u8; 32]>(), any::<[u8; 32]>(), any::<[u8; 32]>(), 0..4u8, 0..8u8), 1..40),
    ) {
        let mut signers = Vec::new();
        let rows: Vec<Row> = rows
            .into_iter()
            .map(|(digest, r, s, id, kind)| match kind {
                // Arbitrary numbers: half of them are the x of a point.
                0..3 => { signers.push(None); (digest.to_vec(), [r, s].concat(), id) }
                _ => {
                    let [d, k] = [r, s].map(|bytes| scalar::<K1>(&bytes));
                    let (raw, id) = sign::<K1>(&d, &scalar::<K1>(&digest), &k);
                    signers.push(Some(key_bytes(&(g::<K1>() * d))));
                    (digest.to_vec(), raw, id)
                }
            })
            .collect();
        check_batch(&rows, EcdsaRule::Any);
        check_batch(&rows, EcdsaRule::LowS);
        for ((digest, raw, id), signer) in rows.iter().zip(signers) {
            if let Some(signer) = signer {
                prop_assert_eq!(recover(digest, raw, *id, EcdsaRule::Any), Ok(signer));
                let by_k256 = by_k256(digest.as_slice().try_into().unwrap(), raw, *id);
                prop_assert!(by_k256.is_none_or(|key| key == signer));
            }
        }
    }
}

#[test]
fn columns_of_unequal_length_are_an_error_of_the_call() {
    let (_, engine) = &common::engines()[0];
    let rows = [&[1; 32][..]; 2];
    let error = engine.recover(EcdsaRule::Any, &rows[..1], &rows[..], &[0, 0]).unwrap_err().to_string();
    assert_eq!(error, "1 digests for 2 signatures; recovery needs one of each for every signature");
    let error = engine.recover(EcdsaRule::Any, &rows[..], &rows[..], &[0]).unwrap_err().to_string();
    assert!(error.starts_with("1 recovery ids for 2 signatures"), "{error}");
}

/// Every sender of real Ethereum transactions, recovered in one batch on each backend, and all addresses at once.
#[test]
fn every_ethereum_sender_is_recovered() {
    let Some(path) = common::vector_file("real/ethereum.jsonl") else { return };
    let text = std::fs::read_to_string(path).unwrap();
    let unhex = |value: &serde_json::Value| hex::decode(value.as_str().unwrap()).unwrap();
    let rows: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(rows.len(), 1370);
    let signatures: Vec<Vec<u8>> = rows.iter().map(|row| unhex(&row["signature"])).collect();
    let digests: Vec<Vec<u8>> = rows
        .iter()
        .map(|row| match row.get("digest") {
            Some(digest) => unhex(digest),
            None => sigwarp::Prehash::Keccak256.digest(&unhex(&row["message"])).to_vec(),
        })
        .collect();
    let ids: Vec<u8> = rows
        .iter()
        .zip(&signatures)
        .map(|(row, raw)| row["recovery_id"].as_u64().map_or_else(|| raw[64], |id| id as u8))
        .collect();
    let digests: Vec<&[u8]> = digests.iter().map(Vec::as_slice).collect();
    let signatures: Vec<&[u8]> = signatures.iter().map(|raw| &raw[..64]).collect();
    for (kind, engine) in common::engines() {
        let keys =
            engine.recover(EcdsaRule::LowS, Column::slices(&digests), Column::slices(&signatures), &ids);
        let keys: Vec<[u8; 65]> = keys.unwrap().into_iter().map(|key| key.unwrap()).collect();
        let addresses = engine.ethereum_addresses(&keys).unwrap();
        for ((key, address), row) in keys.iter().zip(&addresses).zip(&rows) {
            assert_eq!(address[..], unhex(&row["sender"]), "{kind}: {row}");
            assert_eq!(*address, ethereum_address(key), "{kind}");
        }
    }
}
