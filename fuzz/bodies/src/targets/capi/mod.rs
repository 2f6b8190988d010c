//! The C ABI: any columns, offsets, counts, handles and names, against a model of what each call must say of them.
//!
//! A call that refuses gives the code that is due first and leaves no status but "not computed"; one that does not
//! gives the oracle's verdicts. What the contract forbids (an array shorter than the count that comes with it) is not
//! done: nothing could be expected of it.

mod calls;
mod others;

use std::collections::HashMap;
use std::ffi::CString;
use std::sync::{LazyLock, Mutex, PoisonError};

use arbitrary::{Result, Unstructured};
use sigwarp::{Reason, Suite, Verdict};
use sigwarp_c::*;

use super::keys::{family, refused};
use crate::cases::Case;
use crate::seeds;
use calls::{Columns, Rows, Said};

const POOL: u64 = 60;
/// Items of a call, at most.
const MOST: usize = 8;
/// What results hold before a call.
const BEFORE: u8 = 0xaa;

/// Handles, cases, and what an input registered. One input has them for itself.
struct Setup {
    engine: sigwarp_engine,
    pre: sigwarp_prevalidator,
    suites: Vec<(sigwarp_suite, Suite)>,
    /// A suite that was freed.
    freed: sigwarp_suite,
    cases: Vec<Case>,
    /// Registered keys by their ids: the family of the scheme, and the bytes.
    keys: HashMap<u64, (&'static str, Vec<u8>)>,
    dropped: Vec<u64>,
}

static SETUP: LazyLock<Mutex<Setup>> = LazyLock::new(|| {
    let engine = calls::engine(c"portable", 4 << 20);
    let pre = calls::prevalidator(engine, 64);
    let mut cases = Vec::new();
    let mut suites: Vec<(sigwarp_suite, Suite)> = Vec::new();
    for salt in 0..POOL {
        let bytes = seeds::bytes(salt + 30_000, 600);
        let case = Case::any(&mut Unstructured::new(&bytes)).expect("any bytes make a case");
        if suites.iter().all(|(_, suite)| *suite != case.suite) {
            suites.push((handle_of(&case.suite), case.suite.clone()));
        }
        cases.push(case);
    }
    let freed = handle_of(&suites[0].1);
    assert_eq!(calls::free_suite(freed), SIGWARP_OK);
    Mutex::new(Setup { engine, pre, suites, freed, cases, keys: HashMap::new(), dropped: Vec::new() })
});

fn name(text: &str) -> CString {
    CString::new(text).expect("names have no zeros")
}

fn handle_of(suite: &Suite) -> sigwarp_suite {
    let names = [suite.scheme().name(), suite.rule(), suite.encoding()].map(name);
    let names = names.each_ref().map(|name| Some(name.as_c_str()));
    let (said, handle) = calls::suite(names, suite.parameter());
    assert_eq!(said.code, SIGWARP_OK, "{}", said.text);
    handle
}

/// The status of a verdict: the numbers are a promise, so they are not asked of the library.
fn status(verdict: Verdict) -> u8 {
    let place = |reason| Reason::ALL.iter().position(|other| *other == reason).expect("a listed reason");
    verdict.reason().map_or(1, |reason| place(reason) as u8 + 2)
}

/// Rows that offsets describe; without rows the only offset lies within the bytes still.
fn rows<'a>(bytes: &'a [u8], offsets: &[u64], items: usize) -> Option<Vec<&'a [u8]>> {
    let at = |offset: u64| usize::try_from(offset).ok().filter(|at| *at <= bytes.len());
    at(offsets[0])?;
    offsets[..=items].windows(2).map(|pair| bytes.get(at(pair[0])?..at(pair[1])?)).collect()
}

/// Three columns in one arena.
struct Arena {
    bytes: Vec<u8>,
    offsets: [Vec<u64>; 3],
}

impl Arena {
    fn of(columns: [Vec<&[u8]>; 3]) -> Self {
        let mut bytes = Vec::new();
        let offsets = columns.map(|rows| {
            let mut offsets = vec![bytes.len() as u64];
            for row in rows {
                bytes.extend_from_slice(row);
                offsets.push(bytes.len() as u64);
            }
            offsets
        });
        Self { bytes, offsets }
    }

    /// Offsets that are off by one, beyond the end, huge or negative; an arena that ends early.
    fn spoil(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        if u.ratio(1, 2)? {
            return Ok(());
        }
        for _ in 0..u.int_in_range(1..=2)? {
            let end = self.bytes.len() as u64;
            let offsets = &mut self.offsets[u.choose_index(3)?];
            let at = u.choose_index(offsets.len())?;
            offsets[at] = match u.int_in_range(0..=6)? {
                0 => offsets[at].wrapping_add(1),
                1 => offsets[at].wrapping_sub(1),
                2 => u.int_in_range(0..=end + 1)?,
                3 => u64::MAX - u.int_in_range(0..=2u64)?,
                4 => 1 << u.int_in_range(31..=63u32)?,
                5 => end,
                _ => u.arbitrary()?,
            };
        }
        if u.ratio(1, 8)? {
            self.bytes.truncate(u.int_in_range(0..=self.bytes.len())?);
        }
        Ok(())
    }

    /// The offsets of each column, or nothing now and then.
    fn given(&self, u: &mut Unstructured<'_>) -> Result<[Option<&[u64]>; 3]> {
        let [a, b, c] = &self.offsets;
        Ok([maybe(u, &a[..])?, maybe(u, &b[..])?, maybe(u, &c[..])?])
    }

    fn column(&self, column: usize, items: usize) -> Option<Vec<&[u8]>> {
        rows(&self.bytes, &self.offsets[column], items)
    }
}

/// A number that may be another than `good`.
fn handle(u: &mut Unstructured<'_>, good: u64, others: &[u64]) -> Result<u64> {
    if u.ratio(7, 8)? {
        return Ok(good);
    }
    Ok(match u.int_in_range(0..=4)? {
        0 => 0,
        1 => good.wrapping_add(1),
        2 => good.wrapping_add(1 << 24),
        3 if !others.is_empty() => *u.choose(others)?,
        _ => u.arbitrary()?,
    })
}

/// Nothing in place of a slice, now and then.
fn maybe<'a, T: ?Sized>(u: &mut Unstructured<'_>, there: &'a T) -> Result<Option<&'a T>> {
    Ok(if u.ratio(1, 24)? { None } else { Some(there) })
}

/// A count near another.
fn near(u: &mut Unstructured<'_>, count: usize) -> Result<usize> {
    Ok(match u.int_in_range(0..=15)? {
        0 => count.saturating_sub(1),
        1 => count + 3,
        _ => count,
    })
}

/// A call said what is due, and its statuses are those of the items and nothing else.
fn check(said: &Said, statuses: &[u8], items: usize, expected: std::result::Result<Vec<u8>, sigwarp_code>) {
    let written = items.min(statuses.len());
    match expected {
        Ok(expected) => {
            assert_eq!(said.code, SIGWARP_OK, "{}", said.text);
            assert_eq!(statuses[..items], expected);
        }
        Err(code) => {
            assert_eq!(said.code, code, "{}", said.text);
            assert!(statuses[..written].iter().all(|&status| status == 0), "{statuses:?}: {}", said.text);
        }
    }
    assert!(statuses[written..].iter().all(|&status| status == BEFORE), "written beyond the items");
}

/// See the module.
pub fn capi(data: &[u8]) {
    let mut u = Unstructured::new(data);
    let mut setup = SETUP.lock().unwrap_or_else(PoisonError::into_inner);
    for _ in 0..12 {
        if u.is_empty() || setup.call(&mut u).is_err() {
            break;
        }
    }
    let ids: Vec<u64> = setup.keys.drain().map(|(id, _)| id).collect();
    let (said, dropped) = calls::unregister(setup.engine, &ids);
    assert_eq!((said.code, dropped), (SIGWARP_OK, ids.len()));
}

impl Setup {
    fn call(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        match u.int_in_range(0..=11)? {
            0 | 1 => self.verify(u),
            2 => self.verify_ids(u),
            3 | 4 => self.verify_columns(u),
            5 => self.verify_one(u),
            6 | 7 => self.register(u),
            8 => self.unregister(u),
            9 => self.recover(u),
            10 => self.submit(u),
            _ if u.arbitrary()? => self.hash(u),
            _ => self.make_suite(u),
        }
    }

    fn engine(&self, u: &mut Unstructured<'_>) -> Result<sigwarp_engine> {
        let id = handle(u, self.engine.id, &[self.suites[0].0.id, self.pre.id])?;
        Ok(sigwarp_engine { id })
    }

    /// A handle, and the suite if it is one of a suite.
    fn suite(&self, u: &mut Unstructured<'_>) -> Result<(sigwarp_suite, Option<&Suite>)> {
        let (good, suite) = u.choose(&self.suites)?;
        let id = handle(u, good.id, &[self.freed.id, self.engine.id])?;
        let other = self.suites.iter().find(|(handle, _)| handle.id == id).map(|(_, suite)| suite);
        Ok((sigwarp_suite { id }, if id == good.id { Some(suite) } else { other }))
    }

    /// Cases of any suites, or of the family of one.
    fn cases(&self, u: &mut Unstructured<'_>, suite: Option<&Suite>) -> Result<Vec<&Case>> {
        let family = suite.map(|suite| family(suite.scheme()));
        let near: Vec<&Case> = self
            .cases
            .iter()
            .filter(|case| family.is_none_or(|family| super::keys::family(case.suite.scheme()) == family))
            .collect();
        let any = u.ratio(1, 8)?;
        let count = u.int_in_range(0..=MOST)?;
        (0..count).map(|_| if any { u.choose(&self.cases) } else { u.choose(&near).copied() }).collect()
    }

    fn arena(&self, u: &mut Unstructured<'_>, suite: Option<&Suite>) -> Result<(Arena, usize)> {
        let cases = self.cases(u, suite)?;
        let part = |part: fn(&Case) -> &[u8]| cases.iter().map(|case| part(case)).collect::<Vec<_>>();
        let mut arena = Arena::of([part(|c| &c.key), part(|c| &c.message), part(|c| &c.signature)]);
        arena.spoil(u)?;
        let items = if u.ratio(1, 12)? { u.int_in_range(0..=cases.len())? } else { cases.len() };
        Ok((arena, items))
    }

    /// The verdict that an item must get, or none where its id names no key of the suite's scheme.
    fn judge(&self, suite: &Suite, key: std::result::Result<&[u8], u64>, rest: [&[u8]; 2]) -> Option<u8> {
        let key = match key {
            Ok(bytes) => bytes,
            Err(id) => {
                let (of, bytes) = self.keys.get(&id)?;
                (*of == family(suite.scheme())).then_some(&bytes[..])?
            }
        };
        let verdict = sigwarp::oracle::verify(suite, key, rest[0], rest[1]);
        Some(status(verdict.expect("the oracle knows every suite")))
    }

    fn verify(&self, u: &mut Unstructured<'_>) -> Result<()> {
        let engine = self.engine(u)?;
        let (handle, suite) = self.suite(u)?;
        let (mut arena, items) = self.arena(u, suite)?;
        if u.ratio(1, 12)? {
            // Statuses on what the call reads: refused, and nothing is written.
            let at = u.int_in_range(0..=arena.bytes.len())?;
            let before = arena.bytes.clone();
            let offsets = arena.offsets.each_ref().map(Vec::as_slice);
            let said = calls::verify_within((engine, handle), items, &mut arena.bytes, offsets, at);
            assert!(items == 0 || said.code == SIGWARP_ERROR_BUFFER, "{}", said.text);
            assert_eq!(arena.bytes, before);
            return Ok(());
        }
        let offsets = arena.given(u)?;
        let mut statuses = vec![BEFORE; near(u, items)?];
        let said = calls::verify((engine, handle), items, &arena.bytes, None, offsets, &mut statuses);
        let expected = || {
            if statuses.len() < items {
                return Err(SIGWARP_ERROR_BUFFER);
            }
            if items > 0 && offsets.contains(&None) {
                return Err(SIGWARP_ERROR_NULL);
            }
            let suite = suite.filter(|_| engine.id == self.engine.id).ok_or(SIGWARP_ERROR_HANDLE)?;
            let column = |column: usize| match offsets[column] {
                None => Some(Vec::new()),
                Some(_) => arena.column(column, items),
            };
            let (Some(keys), Some(messages), Some(signatures)) = (column(0), column(1), column(2)) else {
                return Err(SIGWARP_ERROR_COLUMNS);
            };
            let judged = (0..items).map(|i| self.judge(suite, Ok(keys[i]), [messages[i], signatures[i]]));
            Ok(judged.flatten().collect())
        };
        check(&said, &statuses, items, expected());
        Ok(())
    }

    /// Ids of keys for items, mostly of the suite's scheme.
    fn key_ids(&self, u: &mut Unstructured<'_>, suite: Option<&Suite>, items: usize) -> Result<Vec<u64>> {
        let mut good: Vec<u64> = self
            .keys
            .iter()
            .filter(|(_, (of, _))| suite.is_none_or(|suite| family(suite.scheme()) == *of))
            .map(|(id, _)| *id)
            .collect();
        good.sort_unstable();
        let mut ids = Vec::new();
        for _ in 0..items {
            ids.push(match u.int_in_range(0..=23)? {
                0 => 0,
                1 if !self.dropped.is_empty() => *u.choose(&self.dropped)?,
                2 => u.arbitrary()?,
                _ if good.is_empty() => 0,
                _ => *u.choose(&good)?,
            });
        }
        Ok(ids)
    }

    fn verify_ids(&self, u: &mut Unstructured<'_>) -> Result<()> {
        let engine = self.engine(u)?;
        let (handle, suite) = self.suite(u)?;
        let (arena, items) = self.arena(u, suite)?;
        let ids = self.key_ids(u, suite, items)?;
        let ids = maybe(u, ids.as_slice())?;
        let [_, messages, signatures] = arena.given(u)?;
        let offsets = [None, messages, signatures];
        let mut statuses = vec![BEFORE; near(u, items)?];
        let said = calls::verify((engine, handle), items, &arena.bytes, Some(ids), offsets, &mut statuses);
        let expected = || {
            if statuses.len() < items {
                return Err(SIGWARP_ERROR_BUFFER);
            }
            if items > 0 && (ids.is_none() || offsets[1..].contains(&None)) {
                return Err(SIGWARP_ERROR_NULL);
            }
            let suite = suite.filter(|_| engine.id == self.engine.id).ok_or(SIGWARP_ERROR_HANDLE)?;
            let ids = ids.unwrap_or_default();
            let column = |column: usize| match offsets[column] {
                None => Some(Vec::new()),
                Some(_) => arena.column(column, items),
            };
            let whole = items == 0 || !ids[..items].contains(&0);
            let (true, Some(messages), Some(signatures)) = (whole, column(1), column(2)) else {
                return Err(SIGWARP_ERROR_COLUMNS);
            };
            let judged = (0..items).map(|i| self.judge(suite, Err(ids[i]), [messages[i], signatures[i]]));
            judged.collect::<Option<Vec<u8>>>().ok_or(SIGWARP_ERROR_UNKNOWN_KEY)
        };
        check(&said, &statuses, items, expected());
        Ok(())
    }

    fn verify_columns(&self, u: &mut Unstructured<'_>) -> Result<()> {
        let engine = self.engine(u)?;
        let mut suites = Vec::new();
        for _ in 0..u.int_in_range(0..=3)? {
            suites.push(self.suite(u)?);
        }
        let (arena, items) = self.arena(u, suites.first().and_then(|(_, suite)| *suite))?;
        let mut suite_of = Vec::new();
        for _ in 0..items {
            let last = suites.len().saturating_sub(1) as u32;
            suite_of.push(if u.ratio(1, 32)? { u.arbitrary()? } else { u.int_in_range(0..=last)? });
        }
        let suite_of = if u.ratio(1, 4)? { None } else { Some(suite_of.as_slice()) };
        let ids = self.key_ids(u, suites.first().and_then(|(_, suite)| *suite), items)?;
        let key_ids = if u.arbitrary()? { Some(ids.as_slice()) } else { None };
        // Fixed widths: rows that are all as long as the first.
        let mut layout = |column: usize| -> Result<Rows<'_>> {
            let offsets = &arena.offsets[column];
            let width = if u.ratio(1, 12)? { u.int_in_range(0..=70)? } else { 0 };
            if u.ratio(7, 8)? {
                return Ok(Rows { bytes: &arena.bytes, offsets: Some(offsets), width });
            }
            let bytes = arena.bytes.get(..u.int_in_range(0..=arena.bytes.len())?).unwrap_or_default();
            let width = if width == 0 && items > 0 { bytes.len() / items } else { width };
            let bytes = if u.arbitrary()? { &bytes[..(width * items).min(bytes.len())] } else { bytes };
            Ok(Rows { bytes, offsets: None, width })
        };
        let (mut keys, messages, signatures) = (layout(0)?, layout(1)?, layout(2)?);
        if key_ids.is_some() && u.arbitrary()? {
            keys = Rows { bytes: &[], offsets: None, width: 0 };
        }
        let size = if u.ratio(1, 32)? { u.arbitrary()? } else { calls::COLUMNS_SIZE };
        let handles: Vec<sigwarp_suite> = suites.iter().map(|(handle, _)| *handle).collect();
        let mut statuses = vec![BEFORE; near(u, items)?];
        let given = Columns { size, suites: &handles, suite_of, items, key_ids, keys, messages, signatures };
        let said = calls::verify_columns(engine, &given, &mut statuses);
        if size != calls::COLUMNS_SIZE {
            // It does not say how many items there are.
            let items = statuses.len();
            check(&said, &statuses, items, Err(SIGWARP_ERROR_ARGUMENT));
            return Ok(());
        }
        let column = |rows: &Rows<'_>| -> Option<Vec<Vec<u8>>> {
            let found = match (rows.offsets, rows.width) {
                (Some(offsets), 0) => self::rows(rows.bytes, offsets, items)?,
                (Some(_), _) => return None,
                (None, _) if items == 0 => Vec::new(),
                (None, 0) => return None,
                (None, width) => rows.bytes.chunks_exact(width).collect(),
            };
            let whole = rows.offsets.is_some() || items == 0 || rows.bytes.len() == rows.width * items;
            (whole && found.len() == items).then(|| found.into_iter().map(<[u8]>::to_vec).collect())
        };
        let expected = || {
            if statuses.len() < items {
                return Err(SIGWARP_ERROR_BUFFER);
            }
            if suites.is_empty() {
                return Err(SIGWARP_ERROR_ARGUMENT);
            }
            if suite_of.is_none() && suites.len() > 1 {
                return Err(SIGWARP_ERROR_NULL);
            }
            let known: Option<Vec<&Suite>> = suites.iter().map(|(_, suite)| *suite).collect();
            let known = known.filter(|_| engine.id == self.engine.id).ok_or(SIGWARP_ERROR_HANDLE)?;
            let no_keys = keys.bytes.is_empty() && keys.offsets.is_none();
            let keys = match key_ids {
                Some(ids) if no_keys => (!ids.contains(&0)).then(|| vec![Vec::new(); items]),
                _ => column(&keys),
            };
            let (Some(keys), Some(messages), Some(signatures)) =
                (keys, column(&messages), column(&signatures))
            else {
                return Err(SIGWARP_ERROR_COLUMNS);
            };
            let of =
                |i: usize| suite_of.map_or(Some(0), |of| Some(of[i] as usize).filter(|of| *of < known.len()));
            let of: Option<Vec<usize>> = (0..items).map(of).collect();
            let of = of.ok_or(SIGWARP_ERROR_COLUMNS)?;
            let judged = (0..items).map(|i| {
                let id = key_ids.map(|ids| ids[i]).filter(|id| *id != 0);
                let key = id.map_or(Ok(&keys[i][..]), Err);
                self.judge(known[of[i]], key, [&messages[i], &signatures[i]])
            });
            judged.collect::<Option<Vec<u8>>>().ok_or(SIGWARP_ERROR_UNKNOWN_KEY)
        };
        check(&said, &statuses, items, expected());
        Ok(())
    }

    fn verify_one(&self, u: &mut Unstructured<'_>) -> Result<()> {
        let engine = self.engine(u)?;
        let (handle, suite) = self.suite(u)?;
        let Case { key, message, signature, .. } = u.choose(&self.cases)?;
        let mut statuses = [BEFORE];
        let said = calls::verify_one((engine, handle), [key, message, signature], &mut statuses[0]);
        let expected = match suite.filter(|_| engine.id == self.engine.id) {
            None => Err(SIGWARP_ERROR_HANDLE),
            Some(suite) => Ok(self.judge(suite, Ok(key), [message, signature]).into_iter().collect()),
        };
        check(&said, &statuses, 1, expected);
        Ok(())
    }

    fn register(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        let engine = self.engine(u)?;
        let (handle, suite) = self.suite(u)?;
        let suite = suite.cloned();
        let (arena, count) = self.arena(u, suite.as_ref())?;
        let offsets = maybe(u, arena.offsets[0].as_slice())?;
        let room = near(u, count)?;
        let (mut ids, mut statuses) = (vec![u64::MAX; room], vec![BEFORE; room]);
        let said = calls::register((engine, handle), count, &arena.bytes, offsets, (&mut ids, &mut statuses));
        if room < count {
            assert_eq!(said.code, SIGWARP_ERROR_BUFFER, "{}", said.text);
            assert!(ids.iter().all(|id| *id == 0));
            return Ok(());
        }
        assert!(ids[count..].iter().all(|id| *id == u64::MAX));
        let known = suite.filter(|_| engine.id == self.engine.id);
        let keys = match offsets {
            None => Some(Vec::new()).filter(|_| count == 0),
            Some(_) => arena.column(0, count),
        };
        let expected = match (&known, offsets, &keys) {
            (None, _, _) => Err(SIGWARP_ERROR_HANDLE),
            (Some(_), None, _) if count > 0 => Err(SIGWARP_ERROR_NULL),
            (Some(_), _, None) => Err(SIGWARP_ERROR_COLUMNS),
            (Some(suite), _, Some(keys)) => Ok(keys
                .iter()
                .map(|key| {
                    let refused = refused(suite, key).map(|reason| status(Verdict::Invalid(reason)));
                    refused.unwrap_or(SIGWARP_STATUS_KEY_REGISTERED)
                })
                .collect::<Vec<u8>>()),
        };
        let done = expected.is_ok();
        check(&said, &statuses, count, expected);
        if !done {
            assert!(ids[..count].iter().all(|id| *id == 0));
        }
        if let (true, Some(suite), Some(keys)) = (done, known, keys) {
            for ((id, status), key) in ids.into_iter().zip(statuses).zip(keys) {
                assert_eq!(id != 0, status == SIGWARP_STATUS_KEY_REGISTERED, "an id for what is a key");
                if id != 0 {
                    assert!(!self.dropped.contains(&id), "an id that was dropped is given again");
                    let of = (family(suite.scheme()), key.to_vec());
                    let same = self.keys.iter().find(|(_, other)| **other == of);
                    assert!(same.is_none_or(|(other, _)| *other == id), "two ids for one key");
                    self.keys.insert(id, of);
                }
            }
        }
        Ok(())
    }

    fn unregister(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        let engine = self.engine(u)?;
        let count = u.int_in_range(0..=4)?;
        let ids = self.key_ids(u, None, count)?;
        let (said, dropped) = calls::unregister(engine, &ids);
        if engine.id != self.engine.id {
            assert_eq!((said.code, dropped), (SIGWARP_ERROR_HANDLE, 0), "{}", said.text);
            return Ok(());
        }
        assert_eq!(said.code, SIGWARP_OK, "{}", said.text);
        let before = self.keys.len();
        for id in ids {
            if self.keys.remove(&id).is_some() {
                self.dropped.push(id);
            }
        }
        // No more than a few of them are asked for again.
        let old = self.dropped.len().saturating_sub(32);
        self.dropped.drain(..old);
        assert_eq!(dropped, before - self.keys.len());
        Ok(())
    }
}
