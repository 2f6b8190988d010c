//! Known answers that a backend must give before it may set a verdict. See [`super::member`] for when it is asked.

use super::Explain;
use super::member::Part;
use crate::backend::{Backend, BackendKind};
use crate::batch::{Batch, Key, Message};
use crate::hash::Hash;
use crate::keyring::{Generation, KeyRing, KeyScheme, TableStore, Tier};
use crate::plan::{Costs, PathChoice, Paths, Plan};
use crate::suite::{MessageInput, Scheme, Suite};
use crate::verdict::{Slots, Verdict};
use crate::{EcdsaRule, EcdsaScheme, Prehash, Reason};

/// A backend gave a wrong answer in its self-test.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("backend {backend} failed its self-test and will not be used: {what}")]
pub struct SelfTestFailure {
    /// The backend.
    pub backend: BackendKind,
    /// The first wrong answer.
    pub what: String,
}

/// A signature that is known to be valid, with its origin.
struct Known {
    origin: &'static str,
    scheme: Scheme,
    encoding: &'static str,
    key: &'static str,
    /// The message, or the digest where the scheme takes one.
    message: &'static str,
    signature: &'static str,
    /// s is above n/2, so that the rule `ecdsa-low-s` refuses it.
    high_s: bool,
}

const KNOWN: [Known; 13] = [
    Known {
        origin: "RFC 8032 section 7.1 test 2",
        scheme: Scheme::Ed25519,
        encoding: "raw",
        key: "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        message: "72",
        signature: "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da\
              085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
        high_s: false,
    },
    Known {
        origin: "RFC 8032 section 7.1 test 3",
        scheme: Scheme::Ed25519,
        encoding: "raw",
        key: "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        message: "af82",
        signature: "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac\
              18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
        high_s: false,
    },
    Known {
        origin: "RFC 6979 appendix A.2.5, SHA-256, sample",
        scheme: Scheme::Ecdsa(EcdsaScheme::P256Sha256),
        encoding: "raw",
        key: "0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29f\
              b67903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d44622\
              99",
        message: "73616d706c65",
        signature: "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716\
              f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8",
        high_s: true,
    },
    Known {
        origin: "RFC 6979 appendix A.2.5, SHA-256, test",
        scheme: Scheme::Ecdsa(EcdsaScheme::P256Sha256),
        encoding: "raw",
        key: "0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29f\
              b67903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d44622\
              99",
        message: "74657374",
        signature: "f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367\
              019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083",
        high_s: false,
    },
    Known {
        origin: "RFC 6979 appendix A.2.5, SHA-512, sample",
        scheme: Scheme::Ecdsa(EcdsaScheme::P256),
        encoding: "raw",
        key: "0360fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6",
        message: "39a5e04aaff7455d9850c605364f514c11324ce64016960d23d5dc57d3ffd8f4\
              9a739468ab8049bf18eef820cdb1ad6c9015f838556bc7fad4138b23fdf986c7",
        signature: "8496a60b5e9b47c825488827e0495b0e3fa109ec4568fd3f8d1097678eb97f00\
              2362ab1adbe2b8adf9cb9edab740ea6049c028114f2460f96554f61fae3302fe",
        high_s: false,
    },
    Known {
        origin: "Bitcoin forum topic 285142, private key 1, Satoshi Nakamoto",
        scheme: Scheme::Ecdsa(EcdsaScheme::Secp256k1Sha256),
        encoding: "raw",
        key: "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798",
        message: "5361746f736869204e616b616d6f746f",
        signature: "934b1ea10a4b3c1757e2b0c017d0b6143ce3c9a7e6a4a49860d7a6ab210ee3d8\
              2442ce9d2b916064108014783e923ec36b49743e2ffa1c4496f01a512aafd9e5",
        high_s: false,
    },
    Known {
        origin: "Bitcoin forum topic 285142, private key 1, Satoshi Nakamoto",
        scheme: Scheme::Ecdsa(EcdsaScheme::Secp256k1),
        encoding: "raw",
        key: "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798",
        message: "a0dc65ffca799873cbea0ac274015b9526505daaaed385155425f7337704883e",
        signature: "934b1ea10a4b3c1757e2b0c017d0b6143ce3c9a7e6a4a49860d7a6ab210ee3d8\
              2442ce9d2b916064108014783e923ec36b49743e2ffa1c4496f01a512aafd9e5",
        high_s: false,
    },
    Known {
        origin: "Bitcoin transaction f4184fc596403b9d638783cf57adfe4c75c605f6356fbc91338530e9831e9e16",
        scheme: Scheme::Ecdsa(EcdsaScheme::Secp256k1Sha256d),
        encoding: "der-bip66",
        key: "0411db93e1dcdb8a016b49840f8c53bc1eb68a382e97b1482ecad7b148a6909a\
              5cb2e0eaddfb84ccf9744464f82e160bfa9b8b64f9d4c03f999b8643f656b412\
              a3",
        message: "0100000001c997a5e56e104102fa209c6a852dd90660a20b2d9c352423edce25\
              857fcd37040000000043410411db93e1dcdb8a016b49840f8c53bc1eb68a382e\
              97b1482ecad7b148a6909a5cb2e0eaddfb84ccf9744464f82e160bfa9b8b64f9\
              d4c03f999b8643f656b412a3acffffffff0200ca9a3b00000000434104ae1a62\
              fe09c5f51b13905f07f06b99a2f7159b2225f374cd378d71302fa28414e7aab3\
              7397f554a7df5f142c21c1b7303b8a0626f1baded5c72a704f7e6cd84cac0028\
              6bee0000000043410411db93e1dcdb8a016b49840f8c53bc1eb68a382e97b148\
              2ecad7b148a6909a5cb2e0eaddfb84ccf9744464f82e160bfa9b8b64f9d4c03f\
              999b8643f656b412a3ac0000000001000000",
        signature: "304402204e45e16932b8af514961a1d3a1a25fdf3f4f7732e9d624c6c61548ab\
              5fb8cd410220181522ec8eca07de4860a4acdd12909d831cc56cbbac46220822\
              21a8768d1d09",
        high_s: false,
    },
    Known {
        origin: "EIP-155, example",
        scheme: Scheme::Ecdsa(EcdsaScheme::Secp256k1Keccak256),
        encoding: "raw-v",
        key: "044bc2a31265153f07e70e0bab08724e6b85e217f8cd628ceb62974247bb4933\
              82ce28cab79ad7119ee1ad3ebcdb98a16805211530ecc6cfefa1b88e6dff9923\
              2a",
        message: "ec098504a817c800825208943535353535353535353535353535353535353535\
              880de0b6b3a764000080018080",
        signature: "28ef61340bd939bc2195fe537567866003e1a15d3c71ff63e1590620aa636276\
              67cbe9d8997f761aecb703304b3800ccf555c9f3dc64214b297fb1966a3b6d83\
              00",
        high_s: false,
    },
    Known {
        origin: "BIP 340 test vector 1",
        scheme: Scheme::Bip340,
        encoding: "raw",
        key: "dff1d77f2a671c5f36183726db2341be58feae1da2deced843240f7b502ba659",
        message: "243f6a8885a308d313198a2e03707344a4093822299f31d0082efa98ec4e6c89",
        signature: "6896bd60eeae296db48a229ff71dfe071bde413e6d43f917dc8dcf8c78de3341\
              8906d11ac976abccb20b091292bff4ea897efcb639ea871cfa95f6de339e4b0a",
        high_s: false,
    },
    Known {
        origin: "GB/T 32918.5 annex A",
        scheme: Scheme::Sm2Sm3,
        encoding: "raw",
        key: "0409f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f350\
              20ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad\
              13",
        message: "6d65737361676520646967657374",
        signature: "f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3\
              b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa",
        high_s: false,
    },
    Known {
        origin: "GB/T 32918.5 annex A, e",
        scheme: Scheme::Sm2,
        encoding: "raw",
        key: "0409f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f350\
              20ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad\
              13",
        message: "f0b43e94ba45accaace692ed534382eb17e6ab5a19ce7b31f4486fdfc0d28640",
        signature: "f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3\
              b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa",
        high_s: false,
    },
    Known {
        origin: "GB/T 32918.5 annex A, e",
        scheme: Scheme::Sm2,
        encoding: "der",
        key: "0409f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f350\
              20ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad\
              13",
        message: "f0b43e94ba45accaace692ed534382eb17e6ab5a19ce7b31f4486fdfc0d28640",
        signature: "3046022100f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7e\
              aceee720b3022100b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4\
              840b69c485bbc1aa",
        high_s: false,
    },
];

/// The hash function that a scheme hashes messages or challenges with.
pub(super) const fn hash_of(scheme: Scheme) -> Option<Hash> {
    match scheme {
        Scheme::Ed25519 => Some(Hash::Sha512),
        Scheme::Ecdsa(scheme) => match scheme.hash() {
            Some(Prehash::Sha256) => Some(Hash::Sha256),
            Some(Prehash::Sha256d) => Some(Hash::Sha256d),
            Some(Prehash::Keccak256) => Some(Hash::Keccak256),
            None => None,
        },
        Scheme::Bip340 => Some(Hash::Sha256),
        Scheme::Sm2Sm3 => Some(Hash::Sm3),
        Scheme::Sm2 => None,
    }
}

/// Everything that a backend does. A part of which it supports nothing is left out, as long as it supports some scheme.
pub(super) fn run_all(backend: &dyn Backend) -> Result<(), SelfTestFailure> {
    let is_device = backend.device().is_some();
    let supported = |scheme: Scheme| known_suites(scheme).any(|(_, suite)| backend.supports(&suite));
    if !Scheme::ALL.into_iter().any(supported) {
        let what = "no known answer is of a suite that it supports".into();
        return Err(SelfTestFailure { backend: backend.kind(), what });
    }
    Part::all()
        .filter(|part| match *part {
            Part::Lanes(scheme) => supported(scheme),
            Part::Hash(hash) => backend.supports_hash(hash),
            // A device has one path, and recovers and registers no keys.
            Part::Combination(scheme) => !is_device && supported(scheme),
            Part::Recovery | Part::Tables(_) => !is_device,
        })
        .try_for_each(|part| run(backend, part))
}

/// A part of it.
pub(super) fn run(backend: &dyn Backend, part: Part) -> Result<(), SelfTestFailure> {
    match part {
        Part::Lanes(scheme) => {
            judge(backend, scheme, PathChoice::Lanes, None, |_, _| true)?;
            // To a device all items are alike.
            if backend.device().is_some() { Ok(()) } else { judge_alone(backend, scheme) }
        }
        // All good, and good and bad.
        Part::Combination(scheme) => {
            judge(backend, scheme, PathChoice::Combination, None, |suite, valid| valid && suite.combines())?;
            judge(backend, scheme, PathChoice::Combination, None, |suite, _| suite.combines())
        }
        Part::Hash(hash) => super::hashtest::run(backend, hash),
        Part::Recovery => super::recoverytest::run(backend),
        Part::Tables(scheme) => match backend.table_store(scheme) {
            Some(store) => run_tables(backend, store, scheme),
            None => Ok(()),
        },
    }
}

/// The known answers of a scheme under every rule, as far as the suites can be named.
fn known_suites(scheme: Scheme) -> impl Iterator<Item = (&'static Known, Suite)> {
    let known = KNOWN.iter().filter(move |known| known.scheme == scheme);
    known.flat_map(move |known| {
        let suite = move |rule| Suite::from_names(scheme.name(), Some(rule), Some(known.encoding), None).ok();
        scheme.rules().into_iter().filter_map(suite).map(move |suite| (known, suite))
    })
}

/// The known answers of the schemes of some keys with the keys registered: once with full tables, once with compact ones,
/// once with none.
fn run_tables(
    backend: &dyn Backend,
    store: &dyn TableStore,
    scheme: KeyScheme,
) -> Result<(), SelfTestFailure> {
    let known = KNOWN.iter().filter(|known| KeyScheme::of(known.scheme) == scheme);
    let keys: Vec<Vec<u8>> = known.map(|known| unhex(known.key)).collect();
    let keys: Vec<&[u8]> = keys.iter().map(Vec::as_slice).collect();
    for tier in [Some(Tier::Full), Some(Tier::Compact), None] {
        let ring = KeyRing::of_tier(store, tier, keys.len());
        let registered = ring.register(store, &|_| None, scheme, &keys, |_| None);
        if !registered.is_ok_and(|ids| ids.iter().all(Result::is_ok)) {
            return Err(SelfTestFailure {
                backend: backend.kind(),
                what: "a key of a known answer could not be registered".into(),
            });
        }
        for scheme in Scheme::ALL.into_iter().filter(|other| KeyScheme::of(*other) == scheme) {
            judge(backend, scheme, PathChoice::Lanes, Some(&ring.pin()), |_, _| true)?;
        }
    }
    Ok(())
}

/// Verifies the known answers of a scheme that `keep` takes, by suite and whether they are valid, on a path: each under
/// every rule, and the same with one bit of the message flipped.
fn judge(
    backend: &dyn Backend,
    scheme: Scheme,
    choice: PathChoice,
    ring: Option<&Generation>,
    keep: impl Fn(&Suite, bool) -> bool,
) -> Result<(), SelfTestFailure> {
    let mut questions = Questions::default();
    // Two vectors of each known answer, so that every lane gives it and a tail too.
    let repeats = backend.shape().lanes + 1;
    for (known, suite) in known_suites(scheme).filter(|(_, suite)| backend.supports(suite)) {
        for valid in [true, false].into_iter().filter(|valid| keep(&suite, *valid)) {
            (0..repeats).for_each(|_| questions.push(known, &suite, valid));
        }
    }
    questions.ask(backend, choice, ring)
}

/// Verifies each known answer of a scheme as the only one, under the first rule that is supported: an item alone may take
/// another way than those in lanes.
fn judge_alone(backend: &dyn Backend, scheme: Scheme) -> Result<(), SelfTestFailure> {
    for known in KNOWN.iter().filter(|known| known.scheme == scheme) {
        let mut suites = known_suites(scheme).filter(|(other, _)| std::ptr::eq(*other, known));
        let Some((_, suite)) = suites.find(|(_, suite)| backend.supports(suite)) else { continue };
        for valid in [true, false] {
            let mut question = Questions::default();
            question.push(known, &suite, valid);
            question.ask(backend, PathChoice::Lanes, None)?;
        }
    }
    Ok(())
}

/// Items whose verdicts are known.
#[derive(Default)]
struct Questions {
    batch: Batch,
    expected: Vec<(&'static str, Verdict)>,
}

impl Questions {
    /// Adds a known answer, as it is or with a bit of its message flipped.
    fn push(&mut self, known: &Known, suite: &Suite, valid: bool) {
        let [key, mut message, signature] = [known.key, known.message, known.signature].map(unhex);
        message[0] ^= u8::from(!valid);
        let message = match known.scheme.input() {
            MessageInput::Raw => Message::Raw(&message),
            MessageInput::Digest => Message::Digest(&message),
        };
        self.batch.push(suite, Key::Bytes(&key), message, &signature);
        let too_high = known.high_s && suite.rule() == EcdsaRule::LowS.name();
        let verdict = match (too_high, valid) {
            (true, _) => Verdict::Invalid(Reason::HighS),
            (false, true) => Verdict::Valid,
            (false, false) => Verdict::Invalid(Reason::EquationFailed),
        };
        self.expected.push((known.origin, verdict));
    }

    /// Has them judged. Where there are none, because the backend supports none of them, nothing is wrong with it.
    fn ask(
        self,
        backend: &dyn Backend,
        choice: PathChoice,
        ring: Option<&Generation>,
    ) -> Result<(), SelfTestFailure> {
        let fail = |what: String| SelfTestFailure { backend: backend.kind(), what };
        let mut view = self.batch.view().map_err(|error| fail(error.to_string()))?;
        if let Some(ring) = ring {
            view = view.with_ring(ring).map_err(|(item, id)| fail(format!("item {item}: no key {id}")))?;
        }
        let slots = Slots::new(view.len());
        let paths = Paths { costs: Costs::counted(backend.shape().lanes), choice };
        let plan = Plan::new(&view, backend.shape(), paths, |_| true);
        backend.verify(&view, &plan, &slots).map_err(|error| fail(error.what))?;
        let explain = Explain::new(vec![(backend.kind(), view.len())], String::new(), 1);
        let verdicts = super::finish(slots, explain).map_err(|error| fail(error.what))?;
        for (item, (verdict, (origin, expected))) in verdicts.iter().zip(self.expected).enumerate() {
            if verdict != expected {
                let suite = view.item(item).suite;
                return Err(fail(format!(
                    "{origin} under {suite} is {expected}, the backend says {verdict}"
                )));
            }
        }
        Ok(())
    }
}

/// `items` valid items of Ed25519 under a rule that linear combinations serve, over two keys. They cost next to nothing to
/// make; what is measured with them must take the number of keys into account.
pub(super) fn valid_ed25519(items: usize) -> Batch {
    let suite = Suite::ed25519(crate::Ed25519Rule::Zip215);
    let mut batch = Batch::new();
    let known = KNOWN.iter().filter(|known| known.scheme == Scheme::Ed25519);
    for known in known.cycle().take(items) {
        let [key, message, signature] = [known.key, known.message, known.signature].map(unhex);
        batch.push(&suite, Key::Bytes(&key), Message::Raw(&message), &signature);
    }
    batch
}

pub(super) fn unhex(digits: &str) -> Vec<u8> {
    let nibble = |digit: u8| (digit as char).to_digit(16).expect("known answers are hexadecimal") as u8;
    digits.as_bytes().chunks_exact(2).map(|pair| nibble(pair[0]) << 4 | nibble(pair[1])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scheme_has_a_known_answer() {
        for scheme in Scheme::ALL {
            let known = KNOWN.iter().filter(|known| known.scheme == scheme).count();
            assert!(known > 0, "{scheme}");
            assert_eq!(known_suites(scheme).count(), known * scheme.rules().len(), "{scheme}");
        }
    }
}
