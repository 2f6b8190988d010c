//! Registered keys of the schemes that are verified one by one: each is decoded once, and there are no tables of them.

use super::tables::in_shares;
use crate::Reason;
use crate::backend::Workers;
use crate::keyring::{Decoded, Examined, KeyScheme, ParsedKey, Table, TableStore, Tier};
use crate::schemes::def::Family;
use crate::suite::Scheme;

/// The stores of all these schemes.
pub(super) struct Stores(Vec<(KeyScheme, Store)>);

/// That of one.
struct Store {
    workers: Workers,
    parse: fn(&[u8]) -> Result<ParsedKey, Reason>,
}

impl Stores {
    pub(super) fn new(workers: &Workers) -> Self {
        let store = |scheme: Scheme| match scheme.def().family {
            Family::OneByOne(judges) => {
                Some((scheme.keys(), Store { workers: workers.clone(), parse: judges.parse }))
            }
            _ => None,
        };
        Self(Scheme::ALL.into_iter().filter_map(store).collect())
    }

    /// The store of these keys: schemes that share their keys parse them alike.
    pub(super) fn get(&self, keys: KeyScheme) -> Option<&dyn TableStore> {
        self.0.iter().find(|(of, _)| *of == keys).map(|(_, store)| store as &dyn TableStore)
    }
}

impl TableStore for Store {
    fn examine(&self, keys: &[&[u8]]) -> Vec<Result<Examined, Reason>> {
        let examined =
            |key: &&[u8]| Ok(Examined { criteria: 0, decoded: Some(Decoded::Parsed((self.parse)(key)?)) });
        in_shares(&self.workers, keys, |keys| keys.iter().map(examined).collect())
    }

    fn table_bytes(&self, _: Tier) -> Option<usize> {
        None
    }

    fn build(&self, _: Tier, _: &[Decoded]) -> Vec<Table> {
        Vec::new()
    }
}
