//! By which path items are decided: pure functions of numbers, which know no scheme, no backend and no thread. The dispatcher
//! says what was asked for and what paths cost, a backend adds what it has seen of late, and the steps of verification
//! are handed both as one value, an [`Advice`].

mod bad_rate;
mod costs;

pub(crate) use bad_rate::BadRate;
pub(crate) use costs::{Costs, Path, WithTables, Work};

/// What a caller may ask for instead of the path that costs least.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum PathChoice {
    /// The path that costs least.
    #[default]
    Auto,
    /// Every item's own equation.
    Lanes,
    /// Linear combinations wherever the rule allows them, whatever they cost. For measurements and tests.
    Combination,
}

impl PathChoice {
    /// Whether a linear combination may be tried of so many items of a suite that has them.
    pub(crate) const fn may_combine(self, items: usize) -> bool {
        match self {
            Self::Auto => items >= costs::FEWEST,
            Self::Lanes => false,
            Self::Combination => items > 0,
        }
    }
}

/// How the paths of a batch are chosen on a backend.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Paths {
    /// What paths cost on the backend.
    pub(crate) costs: Costs,
    /// What the caller has asked for.
    pub(crate) choice: PathChoice,
}

impl Paths {
    /// The advice for a piece of which about `bad_rate` of the items will fail.
    pub(crate) const fn advice(&self, bad_rate: f64) -> Advice {
        match self.choice {
            PathChoice::Auto => Advice::Cheapest { costs: self.costs, bad_rate },
            PathChoice::Lanes => Advice::Lanes,
            PathChoice::Combination => Advice::Sums { size: usize::MAX, halved_above: 16 },
        }
    }
}

/// How the items of a piece are decided. Verdicts do not depend on it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Advice {
    /// By the path that is expected to cost least.
    Cheapest {
        /// What paths cost.
        costs: Costs,
        /// The part of bad items to expect, from 0 to 1.
        bad_rate: f64,
    },
    /// Each item by its own equation.
    Lanes,
    /// By sums, whatever they cost.
    Sums {
        /// Items of a sum, at most.
        size: usize,
        /// The items of a sum that failed are summed again, half as many at a time, while there are more than this.
        halved_above: usize,
    },
}

/// Sums whose items are all judged again, one by one, where one of them is bad.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct SumsOfOneTry {
    /// The fewest items of a sum that costs less than lanes do.
    pub(crate) fewest: usize,
    /// Items of a sum, at most.
    pub(crate) most: usize,
    /// Bad items of a sum, on the average, below which it is worth a try.
    pub(crate) bad: f64,
}

impl Advice {
    /// The path for some items of the piece.
    pub(crate) fn path(&self, work: &Work) -> Path {
        match *self {
            Self::Cheapest { costs, bad_rate } => costs::choose(work, bad_rate, &costs),
            Self::Lanes => Path::Lanes,
            Self::Sums { size, .. } if !work.failed => Path::Combination(size.min(work.items)),
            // What has failed as a whole is not tried again as a whole.
            Self::Sums { halved_above, .. } if work.items > halved_above => {
                Path::Combination(work.items.div_ceil(2))
            }
            Self::Sums { .. } => Path::Lanes,
        }
    }

    /// Whether the tables of registered keys are expected to cost less than combinations of the same items.
    pub(crate) fn tables_pay(&self, items: &WithTables) -> bool {
        match self {
            Self::Cheapest { costs, bad_rate } => costs::tables_pay(items, *bad_rate, costs),
            Self::Lanes => true,
            Self::Sums { .. } => false,
        }
    }

    /// Whether sums that are tried once are worth it for so many items.
    pub(crate) fn one_try_pays(&self, sums: &SumsOfOneTry, items: usize) -> bool {
        match self {
            Self::Cheapest { bad_rate, .. } => {
                items >= sums.fewest && bad_rate * (items.min(sums.most) as f64) < sums.bad
            }
            Self::Lanes => false,
            Self::Sums { .. } => true,
        }
    }

    /// Whether such sums take items too whose keys have tables, which cost less than a sum does.
    pub(crate) const fn one_try_takes_tables(&self) -> bool {
        matches!(self, Self::Sums { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn advice(choice: PathChoice, bad_rate: f64) -> Advice {
        Paths { costs: Costs::counted(8), choice }.advice(bad_rate)
    }

    #[test]
    fn a_choice_is_kept_whatever_it_costs() {
        let costs = Costs::counted(8);
        let work = |items, failed| Work { items, keys: items, failed, torsion: false };
        for items in [1, 4, 16, 17, 33, 1000] {
            for failed in [false, true] {
                for bad_rate in [0.0, 0.3] {
                    let auto = advice(PathChoice::Auto, bad_rate).path(&work(items, failed));
                    assert_eq!(auto, costs::choose(&work(items, failed), bad_rate, &costs));
                }
                assert_eq!(advice(PathChoice::Lanes, 0.0).path(&work(items, failed)), Path::Lanes);
            }
            let combined = advice(PathChoice::Combination, 0.0);
            assert_eq!(combined.path(&work(items, false)), Path::Combination(items));
            let halves = if items > 16 { Path::Combination(items.div_ceil(2)) } else { Path::Lanes };
            assert_eq!(combined.path(&work(items, true)), halves);
        }
        let many = WithTables { full: 16_384, compact: 0, keys: 16, torsion: false };
        assert!(advice(PathChoice::Lanes, 0.0).tables_pay(&many));
        assert!(!advice(PathChoice::Combination, 1.0).tables_pay(&WithTables { full: 1, ..many }));
        for bad_rate in [0.0, 1.0] {
            let pay = costs::tables_pay(&many, bad_rate, &costs);
            assert_eq!(advice(PathChoice::Auto, bad_rate).tables_pay(&many), pay);
        }
        assert!(costs::tables_pay(&many, 1.0, &costs) && !costs::tables_pay(&many, 0.0, &costs));
    }

    #[test]
    fn sums_of_one_try_are_made_where_few_of_a_sum_are_bad() {
        let sums = SumsOfOneTry { fewest: 128, most: 2048, bad: 0.6 };
        for (choice, made, tables) in
            [(PathChoice::Lanes, false, false), (PathChoice::Combination, true, true)]
        {
            assert_eq!(advice(choice, 1.0).one_try_pays(&sums, 1), made);
            assert_eq!(advice(choice, 0.0).one_try_pays(&sums, 100_000), made);
            assert_eq!(advice(choice, 0.0).one_try_takes_tables(), tables);
        }
        assert!(!advice(PathChoice::Auto, 0.0).one_try_takes_tables());
        // From 128 items on, of which fewer than 0.6 are bad in a sum of at most 2,048.
        for (items, bad_rate, made) in [
            (127, 0.0, false),
            (128, 0.0, true),
            (128, 0.004, true),
            (128, 0.005, false),
            (1024, 0.0005, true),
            (1024, 0.0006, false),
            (4096, 0.00029, true),
            (4096, 0.0003, false),
        ] {
            let pays = advice(PathChoice::Auto, bad_rate).one_try_pays(&sums, items);
            assert_eq!(pays, made, "{items} items, {bad_rate} of them bad");
        }
        // Exactly 0.6 of 2,048.
        assert!(!advice(PathChoice::Auto, 0.6 / 2048.0).one_try_pays(&sums, 2048));
    }
}
