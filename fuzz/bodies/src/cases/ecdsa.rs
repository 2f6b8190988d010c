//! ECDSA signatures with chosen R, s and digest: the key is what makes them valid.

use arbitrary::{Result, Unstructured};
use k256::elliptic_curve::scalar::IsHigh;
use k256::elliptic_curve::{Field, Group};
use sigwarp::{EcdsaEncoding, EcdsaRule, EcdsaScheme, Scheme, Suite};

use super::Case;
use super::curve::{self, Curve, KeyForm};
use super::der;

/// r, s and the key that makes them a signature of a digest.
struct Signed<C: Curve> {
    q: k256::elliptic_curve::ProjectivePoint<C>,
    r: [u8; 32],
    s: [u8; 32],
    id: u8,
    low: bool,
}

/// Chooses R, s and e freely and solves sR = eG + rQ for Q; `None` where r is 0 or Q is infinity.
fn sign<C: Curve>(u: &mut Unstructured<'_>, digest: &[u8]) -> Result<Option<Signed<C>>> {
    let used = &digest[..digest.len().min(32)];
    let mut e = [0; 32];
    e[32 - used.len()..].copy_from_slice(used);
    let e = curve::reduce::<C>(&e);
    let point = curve::point::<C>(u)?;
    let s = curve::scalar::<C>(u)?;
    let [x, y] = curve::coordinates::<C>(&point);
    let r = curve::reduce::<C>(&x);
    if bool::from(r.is_zero()) {
        return Ok(None);
    }
    let q = (point * s - curve::times_g::<C>(&e)) * curve::invert::<C>(&r);
    if bool::from(q.is_identity()) {
        return Ok(None);
    }
    let r = curve::bytes::<C>(&r);
    let id = (y[31] & 1) | u8::from(x != r) << 1;
    Ok(Some(Signed { q, r, s: curve::bytes::<C>(&s), id, low: !bool::from(s.is_high()) }))
}

fn digest<C: Curve>(u: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    let digest = curve::integer::<C>(u)?;
    Ok(match u.int_in_range(0..=7)? {
        0 => digest[..u.int_in_range(0..=31)?].to_vec(),
        1 => [digest, u.arbitrary()?].concat(),
        2 => [&digest[..], &[u.arbitrary()?]].concat(),
        _ => digest.to_vec(),
    })
}

pub(super) fn case(u: &mut Unstructured<'_>) -> Result<Case> {
    let schemes: Vec<EcdsaScheme> = Scheme::ALL.into_iter().filter_map(Scheme::ecdsa).collect();
    let scheme = *u.choose(&schemes)?;
    match scheme {
        EcdsaScheme::P256 | EcdsaScheme::P256Sha256 => case_on::<p256::NistP256>(u, scheme),
        _ => case_on::<k256::Secp256k1>(u, scheme),
    }
}

fn case_on<C: Curve>(u: &mut Unstructured<'_>, scheme: EcdsaScheme) -> Result<Case> {
    let rule = *u.choose(&EcdsaRule::ALL)?;
    let encoding = *u.choose(&EcdsaEncoding::ALL)?;
    let suite = Suite::ecdsa(scheme, rule, encoding);
    let message = if scheme.hash().is_some() { super::message(u)? } else { digest::<C>(u)? };
    let hashed = scheme.hash().map_or_else(|| message.clone(), |hash| hash.digest(&message).to_vec());
    let Some(signed) = sign::<C>(u, &hashed)? else {
        let bytes = u.arbitrary::<[u8; 32]>()?;
        return Ok(Case { suite, key: vec![2; 33], message, signature: [bytes; 2].concat(), known: None });
    };
    let (key, form) = curve::key::<C>(u, &signed.q)?;
    let mut numbers = [signed.r.to_vec(), signed.s.to_vec()];
    let changed = change_numbers::<C>(u, &mut numbers)?;
    let (signature, plain) = encode(u, encoding, &numbers, signed.id)?;
    let bitcoin = matches!(encoding, EcdsaEncoding::DerBip66 | EcdsaEncoding::DerLax)
        && !matches!(scheme, EcdsaScheme::P256 | EcdsaScheme::P256Sha256);
    let key_known = form == KeyForm::Plain || form == KeyForm::Hybrid && bitcoin;
    let known = (plain && !changed && key_known).then_some(rule == EcdsaRule::Any || signed.low);
    Ok(Case { suite, key, message, signature, known })
}

/// Replaces r or s by what must not pass for it, or s by −s, which is valid unless the rule wants it low.
fn change_numbers<C: Curve>(u: &mut Unstructured<'_>, numbers: &mut [Vec<u8>; 2]) -> Result<bool> {
    let [_, n, _] = C::NUMBERS;
    let whole = |number: &[u8]| -> [u8; 32] { number.try_into().expect("32 bytes") };
    match u.int_in_range(0..=15)? {
        0 => numbers[1] = curve::bytes::<C>(&-curve::reduce::<C>(&whole(&numbers[1]))).to_vec(),
        1 => numbers[1] = curve::add(&whole(&numbers[1]), n).to_vec(),
        2 => numbers[0] = curve::add(&whole(&numbers[0]), n).to_vec(),
        3 => numbers[0] = curve::add(&whole(&numbers[0]), C::NUMBERS[0]).to_vec(),
        4 => numbers[u.int_in_range(0..=1)?] = curve::integer::<C>(u)?.to_vec(),
        5 => numbers.swap(0, 1),
        6 => numbers[u.int_in_range(0..=1)?].insert(0, u.arbitrary()?),
        _ => return Ok(false),
    }
    Ok(true)
}

fn encode(
    u: &mut Unstructured<'_>,
    encoding: EcdsaEncoding,
    numbers: &[Vec<u8>; 2],
    id: u8,
) -> Result<(Vec<u8>, bool)> {
    let raw = || numbers.iter().flat_map(|number| number[number.len() - 32..].to_vec()).collect::<Vec<u8>>();
    Ok(match encoding {
        EcdsaEncoding::Raw => (raw(), true),
        EcdsaEncoding::RawV => {
            let given = match u.int_in_range(0..=7)? {
                0 => u.arbitrary()?,
                1 => id ^ u.int_in_range(1..=3)?,
                _ => id,
            };
            ([raw(), vec![given]].concat(), given == id)
        }
        _ => der::encode(u, [&numbers[0], &numbers[1]])?,
    })
}

/// A digest, a signature r ‖ s, a recovery id and the key (04 ‖ x ‖ y) that it must recover, if it was left as it was
/// built.
pub type Recoverable = (Vec<u8>, Vec<u8>, u8, Option<[u8; 65]>);

/// Something to recover a key from.
pub fn recoverable(u: &mut Unstructured<'_>) -> Result<Recoverable> {
    let digest = digest::<k256::Secp256k1>(u)?;
    let Some(signed) = sign::<k256::Secp256k1>(u, &digest)? else {
        return Ok((digest, u.arbitrary::<[u8; 32]>()?.repeat(2), u.arbitrary()?, None));
    };
    let [x, y] = curve::coordinates::<k256::Secp256k1>(&signed.q);
    let mut key = [4; 65];
    key[1..33].copy_from_slice(&x);
    key[33..].copy_from_slice(&y);
    let mut numbers = [signed.r.to_vec(), signed.s.to_vec()];
    let changed = change_numbers::<k256::Secp256k1>(u, &mut numbers)?;
    let signature = numbers.iter().flat_map(|number| number[number.len() - 32..].to_vec()).collect();
    let id = if u.ratio(1, 4)? { u.arbitrary()? } else { signed.id };
    Ok((digest, signature, id, (!changed && id == signed.id).then_some(key)))
}
