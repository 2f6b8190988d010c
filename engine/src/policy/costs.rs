//! Which path is the cheapest for some items: a function of their number, their keys, how many bad ones there have been,
//! and what each path costs.

/// A path to the verdicts of items of one suite. The verdicts do not depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Path {
    /// Each item by itself, for the lowest latency.
    Single,
    /// Each item's own equation, as many at a time as a vector has lanes.
    Lanes,
    /// Random linear combinations of so many items each.
    Combination(usize),
}

/// Items that a path is wanted for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Work {
    /// The items.
    pub(crate) items: usize,
    /// Their distinct keys, at most.
    pub(crate) keys: usize,
    /// Whether a combination of exactly these items has failed, so that a bad one is among them, and all points and
    /// challenges are known.
    pub(crate) failed: bool,
    /// Whether a combination needs a test of torsion beside its sum.
    pub(crate) torsion: bool,
}

/// What the paths cost, in any one unit: only ratios matter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Costs {
    /// An item in lanes.
    pub(crate) lanes: f64,
    /// An item in lanes whose points are decoded and whose challenge is hashed.
    pub(crate) known: f64,
    /// Hashing an item and drawing its coefficient.
    pub(crate) item: f64,
    /// Decoding a point.
    pub(crate) decode: f64,
    /// Adding a point to a bucket.
    pub(crate) addition: f64,
    /// A bucket of a window.
    pub(crate) bucket: f64,
    /// What every sum costs, whatever its length.
    pub(crate) sum: f64,
    /// Making a table entry of a sum of points.
    pub(crate) entry: f64,
    /// The test of one point for torsion, in a lane.
    pub(crate) torsion: f64,
    /// Lanes of a vector.
    pub(crate) vector: usize,
}

/// Items of a vector up to which each goes by itself, as the kernels do it.
const SINGLE: usize = 3;
/// The fewest items of a combination.
pub(super) const FEWEST: usize = 16;
/// Bits of a coefficient and of a challenge, and the one bit of their sign.
const SHORT: usize = 129;
const LONG: usize = 253;

impl Costs {
    /// Costs by count of operations, in multiplications of a lane, a squaring being three quarters of one: what a
    /// backend of `lanes` lanes starts from. See docs/decisions/linear-combination.md.
    pub(crate) fn counted(lanes: usize) -> Self {
        Self {
            lanes: 2300.0,
            known: 1800.0,
            item: 140.0,
            decode: 220.0,
            addition: 8.0,
            bucket: 18.0,
            // 256 doublings of a vector, of which one lane counts, and the seed.
            sum: 1540.0 * lanes as f64 + 2000.0,
            entry: 18.0,
            torsion: 590.0,
            vector: lanes,
        }
    }

    /// The same, with the paths scaled so that they take the times measured: `lanes` for an item in lanes, and
    /// `combined` for a whole combination of `items` items over `keys` keys.
    pub(crate) fn measured(self, lanes: f64, combined: f64, items: usize, keys: usize) -> Self {
        let of_lanes = lanes / self.lanes;
        let of_sums = combined / self.combination(items, keys);
        Self {
            lanes,
            known: self.known * of_lanes,
            item: self.item * of_sums,
            decode: self.decode * of_sums,
            addition: self.addition * of_sums,
            bucket: self.bucket * of_sums,
            sum: self.sum * of_sums,
            entry: self.entry * of_sums,
            torsion: self.torsion * of_sums,
            vector: self.vector,
        }
    }

    /// A combination of `items` items over `keys` keys, from bytes, without a test of torsion.
    fn combination(&self, items: usize, keys: usize) -> f64 {
        self.prepare(items, keys, false) + self.one_sum(items, keys, false)
    }

    fn prepare(&self, items: usize, keys: usize, torsion: bool) -> f64 {
        let bytes = items as f64 * self.item + (items + keys) as f64 * self.decode;
        // A sum for each item, three multiples of each key.
        if torsion { bytes + (items + 3 * keys) as f64 * self.entry } else { bytes }
    }

    /// A sum whose points are decoded: the two runs of windows have the width that is best for each.
    fn one_sum(&self, items: usize, keys: usize, torsion: bool) -> f64 {
        let short = if torsion { self.windows_by_bits(items) } else { self.windows(items, SHORT) };
        short + self.windows(keys + 1, LONG) + self.sum
    }

    fn windows(&self, terms: usize, bits: usize) -> f64 {
        let mut least = f64::INFINITY;
        for width in 3..=13 {
            let windows = bits.div_ceil(width) as f64;
            let cost = self.addition * terms as f64 + self.bucket * f64::from(1u32 << (width - 1));
            least = least.min(windows * cost);
        }
        least
    }

    /// Windows of coefficients without signs, whose sums by bits are tested. Lanes without a window cost what others do.
    fn windows_by_bits(&self, terms: usize) -> f64 {
        let mut least = f64::INFINITY;
        for width in 3..=13 {
            let windows = (SHORT - 1).div_ceil(width);
            let buckets = self.bucket * f64::from(1u32 << width) + self.torsion * width as f64;
            let all = windows.next_multiple_of(self.vector) as f64 * buckets;
            least = least.min(windows as f64 * self.addition * terms as f64 + all);
        }
        least
    }
}

/// The path that is expected to cost least.
///
/// Sums of b items fail with probability 1 − (1 − p)^b, and their items then cost as much as in lanes. Of items of
/// which one is known to be bad, p is at least one in their number.
pub(super) fn choose(work: &Work, bad_rate: f64, costs: &Costs) -> Path {
    let Work { items, keys, failed, torsion } = *work;
    if items <= SINGLE && !failed {
        return Path::Single;
    }
    let count = items as f64;
    let (in_lanes, prepare, rate) = if failed {
        (costs.known * count, 0.0, bad_rate.max(1.0 / count))
    } else {
        (costs.lanes * count, costs.prepare(items, keys, torsion), bad_rate)
    };
    let mut best = (in_lanes, Path::Lanes);
    let mut size = if failed { items.div_ceil(4) } else { items };
    while size >= FEWEST {
        let fails = 1.0 - (1.0 - rate.min(1.0)).powi(size as i32);
        let sums = count / size as f64;
        let cost =
            prepare + sums * costs.one_sum(size, keys.min(size), torsion) + fails * costs.known * count;
        if cost < best.0 {
            best = (cost, Path::Combination(size));
        }
        size = size.div_ceil(4);
    }
    best.1
}

/// Items whose keys have tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct WithTables {
    /// With full tables.
    pub(crate) full: usize,
    /// With compact ones.
    pub(crate) compact: usize,
    /// Their distinct keys, about.
    pub(crate) keys: usize,
    /// Whether a combination needs a test of torsion beside its sum.
    pub(crate) torsion: bool,
}

/// What an item with a full and with a compact table costs, as parts of one in lanes (docs/decisions/key-ring.md).
const FULL_TABLE: f64 = 0.33;
const COMPACT_TABLE: f64 = 0.47;

/// Whether tables are expected to cost less than a combination of the same items.
pub(super) fn tables_pay(known: &WithTables, bad_rate: f64, costs: &Costs) -> bool {
    let WithTables { full, compact, keys, torsion } = *known;
    let by_tables = costs.lanes * (FULL_TABLE * full as f64 + COMPACT_TABLE * compact as f64);
    let items = full + compact;
    let mut combined = f64::INFINITY;
    let mut size = items;
    while size >= FEWEST {
        let fails = 1.0 - (1.0 - bad_rate.min(1.0)).powi(size as i32);
        let sums = items as f64 / size as f64 * costs.one_sum(size, keys.min(size), torsion);
        combined =
            combined.min(costs.prepare(items, keys, torsion) + sums + fails * costs.known * items as f64);
        size = size.div_ceil(4);
    }
    by_tables <= combined
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Costs of which no two are the same.
    const PRIMES: Costs = Costs {
        lanes: 2.0,
        known: 3.0,
        item: 5.0,
        decode: 7.0,
        addition: 11.0,
        bucket: 13.0,
        sum: 17.0,
        entry: 19.0,
        torsion: 23.0,
        vector: 4,
    };

    /// Paths that cost the same whatever they do.
    const FREE: Costs = Costs {
        lanes: 0.0,
        known: 0.0,
        item: 0.0,
        decode: 0.0,
        addition: 0.0,
        bucket: 0.0,
        sum: 0.0,
        entry: 0.0,
        torsion: 0.0,
        vector: 8,
    };

    fn every_costs() -> [Costs; 5] {
        [PRIMES, FREE, Costs::counted(1), Costs::counted(8), Costs::counted(4).measured(9000.0, 9e5, 256, 2)]
    }

    /// Sizes of sums that are tried: all items of the first size, then a quarter each.
    fn sizes(first: usize) -> impl Iterator<Item = usize> {
        std::iter::successors(Some(first), |size| Some(size.div_ceil(4))).take_while(|&size| size >= 16)
    }

    /// What sums of `size` items cost, and the items of those that fail.
    fn by_sums(size: usize, work: &Work, rate: f64, costs: &Costs) -> f64 {
        let items = work.items as f64;
        let hold: f64 = std::iter::repeat_n(1.0 - rate, size).product();
        let sums = costs.one_sum(size, work.keys.min(size), work.torsion) * (items / size as f64);
        sums + (1.0 - hold) * items * costs.known
    }

    fn every_work() -> impl Iterator<Item = (Work, f64)> {
        let items = [1, 2, 3, 4, 15, 16, 17, 60, 63, 64, 65, 255, 256, 1000, 4096, 16_384];
        let keys = |items: usize| [1, items.div_ceil(3), items];
        items.into_iter().flat_map(move |items| keys(items).map(|keys| (items, keys))).flat_map(
            |(items, keys)| {
                let rates = [0.0, 1e-5, 1e-3, 0.02, 0.3, 1.0];
                let flags = [(false, false), (false, true), (true, false), (true, true)];
                rates.into_iter().flat_map(move |bad_rate| {
                    flags.map(|(failed, torsion)| (Work { items, keys, failed, torsion }, bad_rate))
                })
            },
        )
    }

    /// The numbers come from another program, of the formulas in docs/decisions/linear-combination.md.
    #[test]
    fn a_sum_costs_what_its_parts_do() {
        for (items, keys, plain, torsion) in [
            (1, 1, [19.0, 9016.0], [95.0, 14_392.0]),
            (16, 3, [213.0, 17_417.0], [688.0, 23_357.0]),
            (100, 100, [1900.0, 99_030.0], [9500.0, 109_146.0]),
            (1000, 7, [12_049.0, 226_837.0], [31_448.0, 244_109.0]),
            (16_384, 16_384, [311_296.0, 6_726_926.0], [1_556_480.0, 6_936_810.0]),
            (1_000_000, 1000, [12_007_000.0, 110_938_097.0], [31_064_000.0, 111_687_157.0]),
        ] {
            for (with, expected) in [(false, plain), (true, torsion)] {
                let found = [PRIMES.prepare(items, keys, with), PRIMES.one_sum(items, keys, with)];
                assert_eq!(found, expected, "{items} items, {keys} keys, torsion {with}");
            }
            assert_eq!(PRIMES.combination(items, keys), plain[0] + plain[1]);
        }
        for (lanes, sum) in [(1, 3540.0), (4, 8160.0), (8, 14_320.0)] {
            assert_eq!((Costs::counted(lanes).sum, Costs::counted(lanes).vector), (sum, lanes));
        }
    }

    #[test]
    fn measured_costs_are_scaled_by_path() {
        let combined = 3.0 * PRIMES.combination(1000, 7);
        let expected = Costs {
            lanes: 4.0,
            known: 6.0,
            item: 15.0,
            decode: 21.0,
            addition: 33.0,
            bucket: 39.0,
            sum: 51.0,
            entry: 57.0,
            torsion: 69.0,
            vector: 4,
        };
        assert_eq!(PRIMES.measured(4.0, combined, 1000, 7), expected);
    }

    #[test]
    fn the_path_is_the_cheapest_of_all_and_lanes_among_equals() {
        for ((work, bad_rate), costs) in
            every_work().flat_map(|work| every_costs().map(|costs| (work, costs)))
        {
            let items = work.items as f64;
            let (lanes, first, prepare, rate) = if work.failed {
                (costs.known, work.items.div_ceil(4), 0.0, bad_rate.max(1.0 / items))
            } else {
                let prepare = costs.prepare(work.items, work.keys, work.torsion);
                (costs.lanes, work.items, prepare, bad_rate)
            };
            let sums = sizes(first)
                .map(|size| (prepare + by_sums(size, &work, rate, &costs), Path::Combination(size)));
            let (_, best) = std::iter::once((lanes * items, Path::Lanes))
                .chain(sums)
                .reduce(|best, way| if way.0 < best.0 { way } else { best })
                .expect("lanes at least");
            let expected = if work.items <= 3 && !work.failed { Path::Single } else { best };
            assert_eq!(choose(&work, bad_rate, &costs), expected, "{work:?} {costs:?}");
        }
    }

    #[test]
    fn tables_pay_where_they_cost_no_more_than_the_cheapest_sums() {
        for ((work, bad_rate), costs) in
            every_work().flat_map(|work| every_costs().map(|costs| (work, costs)))
        {
            for compact in [0, work.items / 2, work.items] {
                let full = work.items - compact;
                let by_tables = costs.lanes * (0.33 * full as f64 + 0.47 * compact as f64);
                let prepare = costs.prepare(work.items, work.keys, work.torsion);
                let pay = sizes(work.items)
                    .all(|size| by_tables <= prepare + by_sums(size, &work, bad_rate, &costs));
                let known = WithTables { full, compact, keys: work.keys, torsion: work.torsion };
                assert_eq!(tables_pay(&known, bad_rate, &costs), pay, "{known:?} {work:?} {costs:?}");
            }
        }
    }

    fn at(items: usize, keys: usize, bad_rate: f64) -> Path {
        choose(&Work { items, keys, failed: false, torsion: false }, bad_rate, &Costs::counted(8))
    }

    #[test]
    fn a_test_of_torsion_pays_for_many_items() {
        let at = |items: usize, keys: usize, lanes: usize| {
            let work = Work { items, keys, failed: false, torsion: true };
            choose(&work, 0.0, &Costs::counted(lanes))
        };
        for lanes in [1, 4, 8] {
            for items in [4, 16, 32] {
                assert_eq!(at(items, items, lanes), Path::Lanes, "{items}");
                assert_eq!(at(items, 1, lanes), Path::Lanes, "{items}");
            }
            for items in [256, 1024, 16_384] {
                assert_eq!(at(items, items, lanes), Path::Combination(items));
                assert_eq!(at(items, 1, lanes), Path::Combination(items));
            }
        }
        let costs = Costs::counted(8);
        for items in [16, 1000, 16_384] {
            assert!(costs.one_sum(items, items, true) > costs.one_sum(items, items, false));
            assert!(costs.prepare(items, items, true) > costs.prepare(items, items, false));
        }
    }

    #[test]
    fn few_items_go_one_by_one_and_many_together() {
        for items in 1..=3 {
            assert_eq!(at(items, items, 0.0), Path::Single);
        }
        assert_eq!(at(4, 4, 0.0), Path::Lanes);
        assert_eq!(at(15, 1, 0.0), Path::Lanes);
        for items in [256, 1024, 16_384] {
            assert_eq!(at(items, items, 0.0), Path::Combination(items));
            assert_eq!(at(items, 1, 0.0), Path::Combination(items));
        }
    }

    #[test]
    fn tables_pay_unless_many_good_items_share_few_keys() {
        let costs = Costs { lanes: 2000.0, ..Costs::counted(8) };
        let pay = |full, compact, keys, bad_rate| {
            tables_pay(&WithTables { full, compact, keys, torsion: false }, bad_rate, &costs)
        };
        for items in [1, 8, 64] {
            assert!(pay(items, 0, items, 0.0) && pay(items, 0, 1, 0.0), "{items}");
        }
        assert!(pay(16_384, 0, 16_384, 0.0), "every key once");
        assert!(!pay(0, 16_384, 16, 0.0) && !pay(16_384, 0, 16, 0.0));
        assert!(pay(0, 16_384, 16, 1.0) && pay(16_384, 0, 16, 1.0), "all bad");
    }

    #[test]
    fn the_more_bad_items_the_smaller_the_sums() {
        let mut last = usize::MAX;
        for rate in [0.0, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 0.5, 1.0] {
            let size = match at(16_384, 1024, rate) {
                Path::Combination(size) => size,
                Path::Lanes | Path::Single => 0,
            };
            assert!(size <= last, "sums of {size} at {rate}, of {last} below");
            last = size;
        }
        assert_eq!(last, 0, "all bad: in lanes");
    }

    #[test]
    fn what_has_failed_is_never_tried_again_as_a_whole() {
        let costs = Costs::counted(8);
        for items in 1..3000 {
            for bad_rate in [0.0, 1e-3, 0.5] {
                let work = Work { items, keys: items, failed: true, torsion: items % 2 == 1 };
                match choose(&work, bad_rate, &costs) {
                    Path::Combination(size) => assert!(size < items && size >= FEWEST),
                    Path::Lanes => {}
                    Path::Single => panic!("{items} known items one by one"),
                }
            }
        }
    }
}
