//! How a backend verifies the schemes on Weierstrass curves: in lanes of its own, as scalar code, or not yet.

use super::scalar;
use crate::backend::BackendKind;
use crate::batch::BatchView;
use crate::kernels::field::prime256::Family;
use crate::schemes::ecdsa::{Recovered, Recovery};
use crate::schemes::{bip340, ecdsa, sm2};
use crate::suite::Kind;
use crate::verdict::Slots;

/// ECDSA, BIP 340 and SM2 on one backend.
pub(crate) trait Weierstrass<T>: Send + Sync + 'static {
    /// Whether they run.
    fn supported(kind: BackendKind) -> bool;

    /// Sets the slot of every item; they are of one suite. Linear combinations are tried first where `combine` says so
    /// and the suite has them.
    fn verify(token: T, combine: bool, batch: &BatchView<'_>, items: &[usize], slots: &Slots);

    /// The keys of consecutive rows, from row `first` on; every place of `keys` is set.
    fn recover(token: T, rows: &Recovery<'_>, first: usize, keys: &mut [Option<Recovered>]);
}

/// In the lanes of a family of fields.
#[derive(Debug)]
pub(crate) struct InLanes<S>(std::marker::PhantomData<fn() -> S>);

impl<S: Family> Weierstrass<S::Token> for InLanes<S> {
    fn supported(_: BackendKind) -> bool {
        true
    }

    fn verify(token: S::Token, combine: bool, batch: &BatchView<'_>, items: &[usize], slots: &Slots) {
        let Some(&first) = items.first() else { return };
        let set = |position: usize, verdict| slots.set(items[position], verdict);
        let rows = items.iter().map(|&item| batch.item(item));
        match batch.item(first).suite.kind() {
            Kind::Ed25519(_) => {}
            Kind::Ecdsa { scheme, rule, encoding } => {
                ecdsa::lanes::verify::<S>(token, (*scheme, *rule, *encoding), rows, set);
            }
            Kind::Bip340 => bip340::lanes::verify::<S>(token, combine, rows, set),
            Kind::Sm2 { user_id, encoding } => {
                sm2::lanes::verify::<S>(token, (user_id.as_ref(), *encoding), rows, set);
            }
        }
    }

    fn recover(token: S::Token, rows: &Recovery<'_>, first: usize, keys: &mut [Option<Recovered>]) {
        rows.in_lanes::<S>(token, first, keys);
    }
}

/// As scalar code, on the portable backend alone: under another name it would not be what that name says.
#[derive(Debug)]
pub(crate) struct ScalarCode;

impl<T> Weierstrass<T> for ScalarCode {
    fn supported(kind: BackendKind) -> bool {
        kind == BackendKind::Portable
    }

    fn verify(_: T, _: bool, batch: &BatchView<'_>, items: &[usize], slots: &Slots) {
        for &item in items {
            if let Some(verdict) = scalar::verify(&batch.item(item)) {
                slots.set(item, verdict);
            }
        }
    }

    fn recover(_: T, rows: &Recovery<'_>, first: usize, keys: &mut [Option<Recovered>]) {
        for (place, key) in keys.iter_mut().enumerate() {
            *key = Some(rows.one(first + place));
        }
    }
}
