//! Tables that a change of the ring needs, which are made while nothing is locked.
//!
//! A change is planned with what has been made so far. What is missing is ordered; then the plan is given up, the orders
//! are made, all of a scheme and tier in one go, and the change is planned again. If nothing else happened meanwhile,
//! the second plan is the first with its tables; otherwise it may order more.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Decoded, KeyId, KeyScheme, Stores, Table, Tier};

/// How often a plan may order tables. After that a key whose table is missing does without: other threads change the
/// ring faster than tables are made, and a table is not worth another round.
const ROUNDS: usize = 3;

/// Whose table it is.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Holder {
    /// A key that is there.
    Is(KeyId),
    /// A key that is to be, by its place among them.
    Joins(usize),
}

struct Order {
    holder: Holder,
    kind: (KeyScheme, Tier),
    key: Decoded,
}

pub(super) struct Orders {
    /// `None` where a store made none.
    made: HashMap<(Holder, Tier), Option<Table>>,
    open: Vec<Order>,
    rounds: usize,
    /// Stands for a table that is ordered, in plans that are given up.
    placeholder: Table,
}

impl Default for Orders {
    fn default() -> Self {
        Self { made: HashMap::new(), open: Vec::new(), rounds: 0, placeholder: Arc::new(()) }
    }
}

impl Orders {
    /// The table of a key, or what stands for it until it is made.
    pub(super) fn take(
        &mut self,
        holder: Holder,
        kind: (KeyScheme, Tier),
        key: impl FnOnce() -> Decoded,
    ) -> Option<Table> {
        match self.made.get(&(holder, kind.1)) {
            Some(table) => table.clone(),
            None if self.rounds == ROUNDS => None,
            None => {
                self.open.push(Order { holder, kind, key: key() });
                Some(Arc::clone(&self.placeholder))
            }
        }
    }

    /// Whether a plan that was made with these has a table missing, so that it must be given up.
    pub(super) fn is_open(&self) -> bool {
        !self.open.is_empty()
    }

    /// Makes what was ordered.
    pub(super) fn make(&mut self, stores: Stores<'_, '_>) {
        self.rounds += usize::from(self.is_open());
        let open = std::mem::take(&mut self.open);
        for scheme in KeyScheme::ALL {
            for tier in [Tier::Full, Tier::Compact] {
                let orders = || open.iter().filter(|order| order.kind == (scheme, tier));
                let keys: Vec<Decoded> = orders().map(|order| order.key.clone()).collect();
                if keys.is_empty() {
                    continue;
                }
                let tables = stores(scheme).map_or(Vec::new(), |store| store.build(tier, &keys));
                let mut tables = tables.into_iter();
                self.made.extend(orders().map(|order| ((order.holder, tier), tables.next())));
            }
        }
    }
}
