//! SM2 signatures: with a chosen point where e comes in, with a chosen secret where the message is hashed.

use arbitrary::{Result, Unstructured};
use k256::elliptic_curve::{Group, ProjectivePoint};
use sigwarp::{Sm2Encoding, Suite, UserId};
use sigwarp_tables::sm2 as table;
use sm2::Sm2;
use sm3::{Digest, Sm3};

use super::Case;
use super::curve::{self, Curve, KeyForm};
use super::der;

type Point = ProjectivePoint<Sm2>;

struct Signed {
    key: Point,
    message: Vec<u8>,
    numbers: [[u8; 32]; 2],
    known: Option<bool>,
}

pub(super) fn case(u: &mut Unstructured<'_>) -> Result<Case> {
    let encoding = *u.choose(&Sm2Encoding::ALL)?;
    let (suite, signed) = if u.arbitrary()? {
        (Suite::sm2(encoding), over_digest(u)?)
    } else {
        let user_id = match u.int_in_range(0..=7)? {
            0 => Vec::new(),
            1 => vec![u.arbitrary()?; UserId::MAX_LEN],
            2 => u.arbitrary::<[u8; 4]>()?.to_vec(),
            _ => UserId::DEFAULT.to_vec(),
        };
        let suite = Suite::sm2_sm3(&user_id, encoding).expect("an identifier within the bound");
        (suite, over_message(u, &user_id)?)
    };
    let Signed { key, message, mut numbers, mut known } = signed;
    let (key, form) = curve::key::<Sm2>(u, &key)?;
    if form != KeyForm::Plain || change_numbers(u, &mut numbers)? {
        known = None;
    }
    let signature = match encoding {
        Sm2Encoding::Raw => numbers.concat(),
        Sm2Encoding::Der => {
            let (signature, plain) = der::encode(u, [&numbers[0], &numbers[1]])?;
            known = known.filter(|_| plain);
            signature
        }
    };
    Ok(Case { suite, key, message, signature, known })
}

/// Chooses (x₁, y₁), r and s freely: e = r − x₁ and P = ((x₁, y₁) − sG) / t.
fn over_digest(u: &mut Unstructured<'_>) -> Result<Signed> {
    let point = curve::point::<Sm2>(u)?;
    let (r, s) = (curve::scalar::<Sm2>(u)?, curve::scalar::<Sm2>(u)?);
    let t = r + s;
    let e = r - curve::reduce::<Sm2>(&curve::coordinates::<Sm2>(&point)[0]);
    let key = (point - curve::times_g::<Sm2>(&s)) * curve::invert::<Sm2>(&t);
    let numbers = [r, s].map(|number| curve::bytes::<Sm2>(&number));
    let message = curve::bytes::<Sm2>(&e).to_vec();
    // t = 0 is what the standard refuses; the signature then stands for no key.
    let sound = !bool::from(t.is_zero()) && !bool::from(key.is_identity());
    let key = if sound { key } else { Point::GENERATOR };
    Ok(Signed { key, message, numbers, known: sound.then_some(true) })
}

fn over_message(u: &mut Unstructured<'_>, user_id: &[u8]) -> Result<Signed> {
    let message = super::message(u)?;
    let mut d = curve::scalar::<Sm2>(u)?;
    let k = curve::scalar::<Sm2>(u)?;
    let one = sm2::Scalar::ONE;
    if d == -one {
        // n − 1 is no secret key: nothing could be divided by 1 + d.
        d = one;
    }
    let key = curve::times_g::<Sm2>(&d);
    let [x, y] = curve::coordinates::<Sm2>(&key);
    let bits = (user_id.len() as u16 * 8).to_be_bytes();
    let z = [&bits[..], user_id, &table::A, &table::B, &table::GX, &table::GY, &x, &y].concat();
    let e = curve::reduce::<Sm2>(
        &Sm3::new().chain_update(Sm3::digest(z)).chain_update(&message).finalize().into(),
    );
    let x1 = curve::reduce::<Sm2>(&curve::coordinates::<Sm2>(&curve::times_g::<Sm2>(&k))[0]);
    let r = e + x1;
    let s = (k - r * d) * curve::invert::<Sm2>(&(one + d));
    let zero = [r, s, r + s].iter().any(|number| bool::from(number.is_zero()));
    let numbers = [r, s].map(|number| curve::bytes::<Sm2>(&number));
    Ok(Signed { key, message, numbers, known: Some(!zero) })
}

fn change_numbers(u: &mut Unstructured<'_>, numbers: &mut [[u8; 32]; 2]) -> Result<bool> {
    let [_, n, _] = Sm2::NUMBERS;
    let negated = |number: &[u8; 32]| curve::bytes::<Sm2>(&-curve::reduce::<Sm2>(number));
    match u.int_in_range(0..=15)? {
        0 => numbers[1] = negated(&numbers[1]),
        // r + s = n, so that t = 0.
        1 => numbers[1] = negated(&numbers[0]),
        2 => {
            let which: usize = u.int_in_range(0..=1)?;
            let sum = curve::add(&numbers[which], n);
            numbers[which] = sum[1..].try_into().expect("32 of 33 bytes");
        }
        3 => numbers[u.int_in_range(0..=1)?] = curve::integer::<Sm2>(u)?,
        4 => numbers.swap(0, 1),
        _ => return Ok(false),
    }
    Ok(true)
}
