//! Times of what devices send: tokens of a fleet, each device with a key and an id, beside `jsonwebtoken` and `coset`.

use std::collections::HashMap;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, ParsedPublicKey,
};
use coset::{CborSerializable, CoseSign1, CoseSign1Builder, HeaderBuilder, TaggedCborSerializable, iana};
use data_encoding::BASE64URL_NOPAD;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::de::IgnoredAny;
use sigwarp::{Ed25519Rule, Engine};
use sigwarp_bench::measure::Run;
use sigwarp_bench::report::Machine;
use sigwarp_profiles::cose::{self, Cose};
use sigwarp_profiles::jose::{self, Jose};
use sigwarp_profiles::{AnyContext, Curve, Profile, PublicKey, System};

use crate::Out;
use crate::data::{Vectors, judge};
use crate::goal::Goal;
use crate::speed::{pair, prepared, print, share};

/// The devices of the fleet, and how many tokens each sends.
const DEVICES: usize = 1000;
const TOKENS: usize = 5;

/// The part of the whole that parsing and folding may take where keys are registered.
const SHARE: f64 = 1.0 / 3.0;

/// What tokens are to be faster by: without registered keys, and with them.
const GOALS: [Goal; 2] = [Goal::cold(7.0, 0.65 * 7.0), Goal::registered(18.0, 0.65 * 18.0)];

/// A device.
struct Device {
    id: String,
    pair: EcdsaKeyPair,
}

impl Device {
    fn new(number: usize) -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a random key");
        Self { id: format!("device-{number:06}"), pair }
    }

    /// 04 ‖ x ‖ y.
    fn key(&self) -> &[u8] {
        self.pair.public_key().as_ref()
    }

    /// r ‖ s.
    fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.pair.sign(&SystemRandom::new(), message).expect("a signature").as_ref().to_vec()
    }

    /// What a device says: claims in JSON, for tokens of both kinds.
    fn payload(&self, number: usize) -> String {
        format!(
            r#"{{"iss":"{}","iat":{},"seq":{number},"temperature":21.5}}"#,
            self.id,
            1_767_225_600 + 60 * number
        )
    }

    fn jwt(&self, number: usize) -> Vec<u8> {
        let header = format!(r#"{{"alg":"ES256","typ":"JWT","kid":"{}"}}"#, self.id);
        let [header, payload] =
            [header, self.payload(number)].map(|part| BASE64URL_NOPAD.encode(part.as_bytes()));
        let signed = format!("{header}.{payload}");
        let signature = BASE64URL_NOPAD.encode(&self.sign(signed.as_bytes()));
        format!("{signed}.{signature}").into_bytes()
    }

    fn cose(&self, number: usize) -> Vec<u8> {
        let protected = HeaderBuilder::new().algorithm(iana::Algorithm::ES256).build();
        let unprotected = HeaderBuilder::new().key_id(self.id.clone().into_bytes()).build();
        let message = CoseSign1Builder::new()
            .protected(protected)
            .unprotected(unprotected)
            .payload(self.payload(number).into_bytes())
            .create_signature(&[], |message| self.sign(message))
            .build();
        message.to_tagged_vec().expect("a message")
    }
}

/// The tokens of a fleet, in the order in which all devices send their first, their second, and so on.
fn tokens(devices: &[Device], make: fn(&Device, usize) -> Vec<u8>) -> Vec<Vec<u8>> {
    (0..TOKENS).flat_map(|number| devices.iter().map(move |device| make(device, number))).collect()
}

/// The parts of the run.
pub(crate) fn devices(_: &Vectors, _: &Engine, out: &mut Out) {
    let (machine, cold) = prepared(out);
    let devices: Vec<Device> = (0..DEVICES).map(Device::new).collect();
    jwts(&devices, &machine, &cold, out);
    messages(&devices, &cold, out);
}

/// ES256 JWTs. `jsonwebtoken` finds the key by the id of the header, and its claims are read and thrown away.
fn jwts(devices: &[Device], machine: &Machine, cold: &Engine, out: &mut Out) {
    let keys = devices.iter().map(|device| {
        let public = PublicKey { curve: Curve::P256, bytes: device.key().to_vec() };
        jose::Key::new(public, Some(device.id.clone()))
    });
    let context = jose::Context::new(keys, None, Ed25519Rule::Rfc8032);
    let theirs: HashMap<&str, DecodingKey> =
        devices.iter().map(|device| (device.id.as_str(), DecodingKey::from_ec_der(device.key()))).collect();
    let mut validation = Validation::new(Algorithm::ES256);
    // Times and audience are for the caller of either.
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_aud = false;
    let accepts = |token: &[u8]| {
        let key = jsonwebtoken::decode_header(token).ok().and_then(|header| theirs.get(header.kid?.as_str()));
        key.is_some_and(|key| jsonwebtoken::decode::<IgnoredAny>(token, key, &validation).is_ok())
    };
    let fleet = Fleet { name: "ES256 JWTs", profile: Jose, context, tokens: tokens(devices, Device::jwt) };
    let ratios = fleet.beside("jsonwebtoken", cold, accepts, out);
    for ((ratio, goal), keys) in ratios.into_iter().zip(GOALS).zip(["cold keys", "registered keys"]) {
        goal.judge(machine, ratio, &format!("JWTs with {keys} beside jsonwebtoken"), out);
    }
}

/// COSE_Sign1 with ES256. `coset` takes a message apart and makes what is signed, AWS-LC verifies with keys that were parsed
/// before.
fn messages(devices: &[Device], cold: &Engine, out: &mut Out) {
    let keys = devices
        .iter()
        .map(|device| cose::Key::new(cose::KeyType::P256, device.key()).with_id(device.id.as_bytes()));
    let context = cose::Context::new(cose::Kind::Sign1, keys, Ed25519Rule::Rfc8032);
    let parsed =
        |device: &Device| ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, device.key()).expect("a key");
    let theirs: HashMap<&[u8], ParsedPublicKey> =
        devices.iter().map(|device| (device.id.as_bytes(), parsed(device))).collect();
    let es256 = Some(coset::Algorithm::Assigned(iana::Algorithm::ES256));
    let accepts = |token: &[u8]| {
        let Ok(message) = CoseSign1::from_tagged_slice(token).or_else(|_| CoseSign1::from_slice(token))
        else {
            return false;
        };
        let key = theirs.get(message.unprotected.key_id.as_slice());
        let key = key.filter(|_| message.protected.header.alg == es256);
        key.is_some_and(|key| {
            message.verify_signature(&[], |signature, signed| key.verify_sig(signed, signature)).is_ok()
        })
    };
    let fleet = Fleet { name: "COSE_Sign1", profile: Cose, context, tokens: tokens(devices, Device::cose) };
    fleet.beside("coset and AWS-LC", cold, accepts, out);
}

/// The tokens of a fleet in one format, and what is known of its keys.
struct Fleet<P: Profile> {
    name: &'static str,
    profile: P,
    context: P::Context,
    tokens: Vec<Vec<u8>>,
}

impl<P: Profile> Fleet<P>
where
    P::Context: Clone,
{
    /// Times beside a peer that takes the tokens one by one: with cold keys, and with registered ones. Returns both ratios.
    fn beside(&self, peer: &str, cold: &Engine, accepts: impl Fn(&[u8]) -> bool, out: &mut Out) -> [f64; 2] {
        let Self { name, profile, context, tokens } = self;
        let registered = prepared_with_keys(profile, context);
        self.agrees(&[cold, &registered], &accepts, out);
        let records: Vec<(&[u8], &P::Context)> = tokens.iter().map(|token| (&token[..], context)).collect();
        let ratio = |engine: &Engine, keys: &str| {
            let ours: Run<'_> = Box::new(|_| {
                let reports = judge(engine, profile, records.iter().copied());
                reports.iter().filter(|report| report.verdict.is_valid()).count() as u64
            });
            let theirs: Run<'_> =
                Box::new(|_| tokens.iter().filter(|token| accepts(token.as_slice())).count() as u64);
            let measured = pair((1, tokens.len()), ours, theirs, &[tokens.len() as u64]);
            let what = format!("{name}: {} of {DEVICES} devices at once, {keys} keys", tokens.len());
            print(&what, &measured, peer, out)
        };
        let ratios = [ratio(cold, "cold"), ratio(&registered, "registered")];
        share(&format!("{name}, registered keys"), &registered, profile, &records, SHARE, out);
        ratios
    }

    /// Both say the same of the tokens and of damaged ones: a bit of the signature, the last byte, the token of another
    /// device. What is timed is worth nothing otherwise.
    fn agrees(&self, engines: &[&Engine], accepts: &impl Fn(&[u8]) -> bool, out: &mut Out) {
        let mut records: Vec<Vec<u8>> = self.tokens.clone();
        for (place, token) in self.tokens.iter().take(300).enumerate() {
            let end = token.len();
            records.push(match place % 3 {
                // Another character of base64url in the text of a JWT.
                0 => [&token[..end - 9], &[token[end - 9] ^ 1], &token[end - 8..]].concat(),
                1 => token[..end - 1].to_vec(),
                _ => [&token[..end - 40], &self.tokens[place + 1][self.tokens[place + 1].len() - 40..]]
                    .concat(),
            });
        }
        let theirs: Vec<bool> = records.iter().map(|record| accepts(record)).collect();
        for engine in engines {
            let reports =
                judge(engine, &self.profile, records.iter().map(|record| (&record[..], &self.context)));
            let differ =
                reports.iter().zip(&theirs).filter(|(report, theirs)| report.verdict.is_valid() != **theirs);
            let (differ, valid) = (differ.count(), theirs.iter().filter(|accepts| **accepts).count());
            out.judge(
                differ == 0 && valid == self.tokens.len(),
                &format!("{}: {differ} of {} verdicts differ, {valid} are valid", self.name, records.len()),
            );
        }
    }
}

/// An engine of one thread that knows the keys of a context.
fn prepared_with_keys<P: Profile>(profile: &P, context: &P::Context) -> Engine
where
    P::Context: Clone,
{
    let engine = Engine::builder().threads(std::num::NonZeroUsize::MIN).build();
    let engine = engine.expect("some backend runs everywhere");
    engine.self_test().expect("known answers");
    let known = System::register(profile, &engine, &AnyContext::of::<P>(context.clone()));
    assert_eq!(known.expect("room for the keys"), DEVICES);
    engine
}
