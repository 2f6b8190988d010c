//! How a backend verifies the schemes on Weierstrass curves.

use std::sync::{Arc, OnceLock};

use super::tables::in_shares;
use crate::Reason;
use crate::backend::Workers;
use crate::batch::Item;
use crate::keyring::{Coordinates, Decoded, Examined, Record, Table, TableStore, Tier, WeierstrassKeys};
use crate::policy::Advice;
use crate::schemes::def::WeierstrassKind;
use crate::schemes::ecdsa::{Recovered, Recovery};
use crate::schemes::keys::{self, Base, KnownKey};
use crate::schemes::sec1::Hybrid;
use crate::schemes::weierstrass as scheme_curve;
use crate::schemes::{bip340, bip341, ecdsa, sm2};
use crate::verdict::Verdict;
use sigwarp_kernels::curve::weierstrass::comb::{self, KeyTable, Pools};
use sigwarp_kernels::curve::weierstrass::{Curve, P256, Secp256k1, Sm2};
use sigwarp_kernels::field::prime256::Family;
use sigwarp_kernels::simd::Token;

/// ECDSA, BIP 340, BIP 341's commitment and SM2 on one backend.
pub(crate) trait Weierstrass<T>: Send + Sync + 'static {
    /// Makes it ready.
    fn start(token: T, workers: Workers) -> Self;

    /// Where it keeps registered keys of a scheme.
    fn table_store(&self, keys: WeierstrassKeys) -> &dyn TableStore;

    /// Judges items of one suite, which is of `kind`, with what the ring knows of their keys. `verdicts` has a place for
    /// each, and gets the verdict of every one.
    fn verify(
        &self,
        kind: WeierstrassKind<'_>,
        advice: &Advice,
        items: &[(Item<'_>, Option<&Record>)],
        verdicts: &mut [Option<Verdict>],
    );

    /// The keys of consecutive rows, from row `first` on; every place of `keys` is set.
    fn recover(&self, rows: &Recovery<'_>, first: usize, keys: &mut [Option<Recovered>]);
}

/// In the lanes of a family of fields, and an item alone by another: it fills one lane, and four lanes together may
/// take longer than one in general registers.
pub(crate) struct InLanes<S: Family, One: Family = S> {
    token: S::Token,
    /// Of a family that every machine has, or of `S`.
    one: Option<One::Token>,
    /// The tables of G on P-256, secp256k1 and SM2.
    bases: [Base; 3],
    /// In the order of [`WeierstrassKeys::ALL`].
    stores: [Store<S>; WeierstrassKeys::ALL.len()],
}

/// The tables of the keys of one scheme.
struct Store<S: Family> {
    keys: WeierstrassKeys,
    token: S::Token,
    workers: Workers,
    /// One for all schemes: their tables have the same sizes.
    pools: Arc<Pools>,
}

fn examined(found: Result<(u8, Option<Coordinates>), Reason>) -> Result<Examined, Reason> {
    found.map(|(criteria, point)| Examined { criteria, decoded: point.map(Decoded::Point) })
}

impl<S: Family, One: Family> InLanes<S, One> {
    fn base(&self, keys: WeierstrassKeys) -> &Base {
        let [p256, secp256k1, sm2] = &self.bases;
        match keys {
            WeierstrassKeys::P256 => p256,
            WeierstrassKeys::Sm2 => sm2,
            WeierstrassKeys::Secp256k1 | WeierstrassKeys::Bip340 => secp256k1,
        }
    }

    fn verify_by<T: Family>(
        &self,
        token: T::Token,
        kind: WeierstrassKind<'_>,
        advice: &Advice,
        items: &[(Item<'_>, Option<&Record>)],
        verdicts: &mut [Option<Verdict>],
    ) {
        let base = self.base(kind.keys());
        let rows = items.iter().map(|(item, record)| (*item, record.and_then(known)));
        match kind {
            WeierstrassKind::Ecdsa { scheme, rule, encoding } => {
                ecdsa::lanes::verify::<T>(token, (scheme, rule, encoding), base, rows, verdicts);
            }
            WeierstrassKind::Bip340 => bip340::lanes::verify::<T>(token, advice, base, rows, verdicts),
            WeierstrassKind::Bip341Commitment => bip341::lanes::verify::<T>(token, base, rows, verdicts),
            WeierstrassKind::Sm2 { user_id, encoding } => {
                sm2::lanes::verify::<T>(token, (user_id, encoding), base, rows, verdicts);
            }
        }
    }
}

/// What is made of a registered key.
struct Kept {
    table: KeyTable,
    /// For the scheme to keep, see [`KnownKey`].
    identity: OnceLock<[u8; 32]>,
}

/// What the ring knows of a key, which is a point as all keys of these curves are. Tables built by another backend are
/// ignored.
#[inline]
fn known(record: &Record) -> Option<KnownKey<'_>> {
    let kept = record.table.as_ref().and_then(|(_, table)| table.downcast_ref::<Kept>());
    Some(KnownKey {
        point: record.point()?,
        table: kept.map(|kept| &kept.table),
        identity: kept.map(|kept| &kept.identity),
    })
}

impl<S: Family> Store<S> {
    fn build_on<C: Curve>(&self, tier: Tier, points: &[Coordinates]) -> Vec<Table> {
        in_shares(&self.workers, points, |points| {
            let tables = comb::build::<C, S>(self.token, tier == Tier::Full, points, &self.pools);
            let kept = |table| Kept { table, identity: OnceLock::new() };
            tables.into_iter().map(|table| Arc::new(kept(table)) as Table).collect()
        })
    }
}

impl<S: Family> TableStore for Store<S> {
    fn examine(&self, given: &[&[u8]]) -> Vec<Result<Examined, Reason>> {
        let token = self.token;
        in_shares(&self.workers, given, |shared| {
            // The hybrid form is a key where a suite of the scheme accepts it: those of secp256k1 do.
            let found = match self.keys {
                WeierstrassKeys::P256 => {
                    keys::examine(&scheme_curve::P256, Hybrid::Refused, shared, |keys| {
                        keys::decode_in_lanes::<P256, S>(token, keys)
                    })
                }
                WeierstrassKeys::Sm2 => keys::examine(&scheme_curve::SM2, Hybrid::Refused, shared, |keys| {
                    keys::decode_in_lanes::<Sm2, S>(token, keys)
                }),
                WeierstrassKeys::Secp256k1 => {
                    keys::examine(&scheme_curve::SECP256K1, Hybrid::Accepted, shared, |keys| {
                        keys::decode_in_lanes::<Secp256k1, S>(token, keys)
                    })
                }
                WeierstrassKeys::Bip340 => keys::examine_x_only(&scheme_curve::SECP256K1, shared, |keys| {
                    keys::decode_in_lanes::<Secp256k1, S>(token, keys)
                }),
            };
            found.into_iter().map(examined).collect()
        })
    }

    fn table_bytes(&self, tier: Tier) -> Option<usize> {
        // The counters of the shared handle, and the fields beside the entries.
        const HANDLE: usize = 16 + size_of::<Kept>();
        Some(comb::table_bytes(tier == Tier::Full) + HANDLE)
    }

    fn build(&self, tier: Tier, keys: &[Decoded]) -> Vec<Table> {
        let points = Decoded::points(keys);
        match self.keys {
            WeierstrassKeys::P256 => self.build_on::<P256>(tier, &points),
            WeierstrassKeys::Sm2 => self.build_on::<Sm2>(tier, &points),
            WeierstrassKeys::Secp256k1 | WeierstrassKeys::Bip340 => self.build_on::<Secp256k1>(tier, &points),
        }
    }
}

impl<S: Family, One: Family> Weierstrass<S::Token> for InLanes<S, One> {
    fn start(token: S::Token, workers: Workers) -> Self {
        let one = One::Token::detect();
        let pools = Arc::new(Pools::default());
        let store = |keys| Store { keys, token, workers: workers.clone(), pools: Arc::clone(&pools) };
        let stores = WeierstrassKeys::ALL.map(store);
        let bases = [
            Base::new(Box::new(move || comb::base_table::<P256, S>(token))),
            Base::new(Box::new(move || comb::base_table::<Secp256k1, S>(token))),
            Base::new(Box::new(move || comb::base_table::<Sm2, S>(token))),
        ];
        Self { token, one, bases, stores }
    }

    fn table_store(&self, keys: WeierstrassKeys) -> &dyn TableStore {
        &self.stores[keys as usize]
    }

    fn verify(
        &self,
        kind: WeierstrassKind<'_>,
        advice: &Advice,
        items: &[(Item<'_>, Option<&Record>)],
        verdicts: &mut [Option<Verdict>],
    ) {
        match self.one {
            Some(one) if items.len() == 1 => self.verify_by::<One>(one, kind, advice, items, verdicts),
            _ => self.verify_by::<S>(self.token, kind, advice, items, verdicts),
        }
    }

    fn recover(&self, rows: &Recovery<'_>, first: usize, keys: &mut [Option<Recovered>]) {
        match self.one {
            Some(one) if keys.len() == 1 => rows.in_lanes::<One>(one, first, keys),
            _ => rows.in_lanes::<S>(self.token, first, keys),
        }
    }
}
