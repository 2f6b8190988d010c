//! A per-item verifier in the shape of the crate `signature`: for code that is generic over `Verifier` and has one
//! signature at a time. A batch is several times faster; this is for suites and places that need none.
//!
//!     cargo run --release -p sigwarp-capi --example per_item_verifier

use std::sync::Arc;

use signature::{Error, SignatureEncoding, Verifier};
use sigwarp::{BatchView, Column, Engine, Suite, Suites, Verdict};

/// A key under a suite.
#[derive(Clone)]
struct VerifyingKey {
    engine: Arc<Engine>,
    suite: Suite,
    bytes: Vec<u8>,
}

impl VerifyingKey {
    /// Wrong bytes of a key are found when a signature is verified.
    fn new(engine: Arc<Engine>, suite: Suite, bytes: &[u8]) -> Self {
        Self { engine, suite, bytes: bytes.to_vec() }
    }

    /// The verdict on a signature, or why there is none. The message is a digest where the suite takes one.
    fn verdict(&self, message: &[u8], signature: &[u8]) -> Result<Verdict, Box<dyn std::error::Error>> {
        let (keys, messages, signatures) = ([&self.bytes[..]], [message], [signature]);
        let item = BatchView::new(
            Suites::One(&self.suite),
            Column::slices(&keys),
            Column::slices(&messages),
            Column::slices(&signatures),
        )?;
        let verdict = self.engine.verify_columns(&item)?.get(0);
        Ok(verdict.ok_or("one item has one verdict")?)
    }
}

/// For every encoding of signatures that the crate knows.
///
/// The trait has one error, without a reason, and an engine that could not decide is that error too: who must tell the
/// one from the other asks [`VerifyingKey::verdict`].
impl<S: SignatureEncoding> Verifier<S> for VerifyingKey {
    fn verify(&self, message: &[u8], signature: &S) -> Result<(), Error> {
        match self.verdict(message, signature.to_bytes().as_ref()) {
            Ok(Verdict::Valid) => Ok(()),
            Ok(Verdict::Invalid(_)) | Err(_) => Err(Error::new()),
        }
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    use ed25519_dalek::{Signer, SigningKey};

    let engine = Arc::new(Engine::builder().build()?);
    let signer = SigningKey::from_bytes(&[7; 32]);
    let suite = Suite::from_names("ed25519", Some("strict"), None, None)?;
    let key = VerifyingKey::new(engine, suite, signer.verifying_key().as_bytes());
    let signature = signer.sign(b"hello");
    key.verify(b"hello", &signature)?;
    println!("hello: valid");
    if key.verify(b"hullo", &signature).is_err() {
        println!("hullo: {}", key.verdict(b"hullo", &signature.to_bytes())?);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::{Signer, SigningKey};
    use sigwarp::Reason;

    use super::*;

    /// What a caller that knows nothing of the engine does.
    fn accepts<S, V: Verifier<S>>(key: &V, message: &[u8], signature: &S) -> bool {
        key.verify(message, signature).is_ok()
    }

    #[test]
    fn it_agrees_with_the_verifier_that_it_replaces() {
        let engine = Engine::builder().threads(std::num::NonZeroUsize::MIN).build().expect("an engine");
        let (engine, suite) = (Arc::new(engine), Suite::ed25519(sigwarp::Ed25519Rule::Cofactorless));
        for seed in 0..8 {
            let signer = SigningKey::from_bytes(&[seed; 32]);
            let theirs = signer.verifying_key();
            let ours = VerifyingKey::new(Arc::clone(&engine), suite.clone(), theirs.as_bytes());
            let message = vec![seed; 17 * usize::from(seed)];
            let signature = signer.sign(&message);
            assert!(accepts(&ours, &message, &signature) && accepts(&theirs, &message, &signature));
            let other = [&message[..], &[1]].concat();
            assert!(!accepts(&ours, &other, &signature) && !accepts(&theirs, &other, &signature));
            let verdict = ours.verdict(&other, &signature.to_bytes()).expect("a verdict");
            assert_eq!(verdict, Verdict::Invalid(Reason::EquationFailed));
            let short = VerifyingKey::new(Arc::clone(&engine), suite.clone(), &theirs.as_bytes()[..31]);
            assert!(!accepts(&short, &message, &signature));
            let verdict = short.verdict(&message, &signature.to_bytes()).expect("a verdict");
            assert_eq!(verdict, Verdict::Invalid(Reason::BadKeyLength));
        }
    }
}
