//! The calls beside verifying and registering: recovery, hashing, the pre-validator, suites.

use std::ffi::CStr;

use arbitrary::{Result, Unstructured};
use sigwarp::{EcdsaRule, Hash, Suite, Verdict};
use sigwarp_c::*;

use super::calls::{self, Recovered, Recovery, Submitted};
use super::{Arena, BEFORE, Setup, check, handle, maybe, name, near, status};
use crate::cases::{self, Case};
use crate::targets::PORTABLE;

impl Setup {
    pub(super) fn recover(&self, u: &mut Unstructured<'_>) -> Result<()> {
        let mut given = Vec::new();
        for _ in 0..u.int_in_range(0..=3)? {
            given.push(cases::recoverable(u)?);
        }
        let part = |part: fn(&cases::Recoverable) -> &[u8]| given.iter().map(part).collect::<Vec<_>>();
        let mut arena = Arena::of([Vec::new(), part(|row| &row.0), part(|row| &row.1)]);
        arena.spoil(u)?;
        let ids: Vec<u8> = given.iter().map(|row| row.2).collect();
        let items = given.len();
        let rules: [(&CStr, Option<EcdsaRule>); 4] = [
            (c"ecdsa", Some(EcdsaRule::Any)),
            (c"ecdsa-low-s", Some(EcdsaRule::LowS)),
            (c"strict", None),
            (c"", None),
        ];
        let (rule, known) = if u.ratio(1, 8)? { *u.choose(&rules)? } else { rules[u.choose_index(2)?] };
        let rule = maybe(u, rule)?;
        let digests = maybe(u, arena.offsets[1].as_slice())?;
        let signatures = maybe(u, arena.offsets[2].as_slice())?;
        let ids = maybe(u, ids.as_slice())?;
        let room = near(u, items)?;
        let mut out = Recovered { keys: Vec::new(), addresses: Vec::new(), statuses: Vec::new() };
        let call = Recovery { rule, items, arena: &arena.bytes, digests, signatures, ids };
        let said = calls::recover(&call, room, &mut out);
        let expected = || {
            if room < items {
                return Err(SIGWARP_ERROR_BUFFER);
            }
            if rule.is_none() {
                return Err(SIGWARP_ERROR_NULL);
            }
            let rule = known.ok_or(SIGWARP_ERROR_ARGUMENT)?;
            if items > 0 && (digests.is_none() || signatures.is_none()) {
                return Err(SIGWARP_ERROR_NULL);
            }
            let column = |offsets: Option<&[u64]>, column: usize| match offsets {
                None => Some(Vec::new()),
                Some(_) => arena.column(column, items),
            };
            let (Some(digests), Some(raw)) = (column(digests, 1), column(signatures, 2)) else {
                return Err(SIGWARP_ERROR_COLUMNS);
            };
            if items > 0 && ids.is_none() {
                return Err(SIGWARP_ERROR_NULL);
            }
            let one = |i: usize| sigwarp::recover(digests[i], raw[i], ids.unwrap_or_default()[i], rule);
            Ok((0..items).map(one).collect::<Vec<_>>())
        };
        let expected = expected();
        let statuses = expected.as_ref().map_err(|code| *code).map(|keys| {
            keys.iter().map(|key| key.map_or_else(|reason| status(Verdict::Invalid(reason)), |_| 1)).collect()
        });
        check(&said, &out.statuses, items, statuses);
        let none = Vec::new();
        for (i, key) in expected.as_ref().unwrap_or(&none).iter().enumerate() {
            let address = key.map_or([0; 20], |key| sigwarp::ethereum_address(&key));
            assert_eq!(out.keys[65 * i..][..65], key.unwrap_or([0; 65]));
            assert_eq!(out.addresses[20 * i..][..20], address);
        }
        if expected.is_err() && room >= items {
            assert!(out.keys[..65 * items].iter().chain(&out.addresses[..20 * items]).all(|byte| *byte == 0));
        }
        Ok(())
    }

    pub(super) fn hash(&self, u: &mut Unstructured<'_>) -> Result<()> {
        let engine = self.engine(u)?;
        let (arena, items) = self.arena(u, None)?;
        let offsets = maybe(u, arena.offsets[1].as_slice())?;
        let hash = if u.ratio(1, 12)? { None } else { Some(*u.choose(&Hash::ALL)?) };
        let text = name(hash.map_or("md5", Hash::name));
        let text = maybe(u, text.as_c_str())?;
        let room = near(u, items * hash.map_or(1, Hash::digest_length))?;
        let mut digests = vec![BEFORE; room];
        let said = calls::hash(engine, text, items, &arena.bytes, offsets, &mut digests);
        let expected = || {
            let named = text.ok_or(SIGWARP_ERROR_NULL).and_then(|_| hash.ok_or(SIGWARP_ERROR_ARGUMENT));
            let hash = named.map_err(|code| (code, 0))?;
            let needed = items * hash.digest_length();
            let failed = |code| (code, needed.min(room));
            if room < needed {
                return Err(failed(SIGWARP_ERROR_BUFFER));
            }
            if engine.id != self.engine.id {
                return Err(failed(SIGWARP_ERROR_HANDLE));
            }
            let messages = match offsets {
                None if items > 0 => return Err(failed(SIGWARP_ERROR_NULL)),
                None => Vec::new(),
                Some(_) => arena.column(1, items).ok_or(failed(SIGWARP_ERROR_COLUMNS))?,
            };
            Ok((messages.iter().flat_map(|message| one_digest(hash, message)).collect::<Vec<u8>>(), needed))
        };
        match expected() {
            Ok((expected, needed)) => check(&said, &digests, needed, Ok(expected)),
            Err((code, zeroed)) => check(&said, &digests, zeroed, Err(code)),
        }
        Ok(())
    }

    pub(super) fn submit(&self, u: &mut Unstructured<'_>) -> Result<()> {
        let pre = sigwarp_prevalidator { id: handle(u, self.pre.id, &[self.engine.id])? };
        let (handle, suite) = self.suite(u)?;
        let (arena, items) = self.arena(u, suite)?;
        let offsets = arena.given(u)?;
        let key_ids = self.key_ids(u, suite, items)?;
        let key_ids = if u.ratio(1, 3)? { Some(key_ids.as_slice()) } else { None };
        let own: Vec<u64> = (0..items as u64).map(|item| item.wrapping_mul(0x9e37_79b9)).collect();
        let ids = if u.arbitrary()? { Some(own.as_slice()) } else { None };
        let priority = if u.ratio(1, 16)? { u.arbitrary()? } else { u.int_in_range(0..=2)? };
        let call = Submitted { suite: handle, items, arena: &arena.bytes, key_ids, offsets, ids, priority };
        let (said, ticket) = calls::submit(pre, &call);
        let expected = || {
            let suite = suite.filter(|_| pre.id == self.pre.id).ok_or(SIGWARP_ERROR_HANDLE)?;
            if priority > 2 {
                return Err(SIGWARP_ERROR_ARGUMENT);
            }
            if offsets[1..].contains(&None) || offsets[0].is_none() && key_ids.is_none() {
                return Err(SIGWARP_ERROR_NULL);
            }
            let (Some(messages), Some(signatures)) = (arena.column(1, items), arena.column(2, items)) else {
                return Err(SIGWARP_ERROR_COLUMNS);
            };
            let keys = match offsets[0] {
                None => None,
                Some(_) => Some(arena.column(0, items).ok_or(SIGWARP_ERROR_COLUMNS)?),
            };
            let judged = (0..items).map(|i| {
                let key = match (key_ids.map(|ids| ids[i]).filter(|id| *id != 0), &keys) {
                    (Some(id), _) => Err(id),
                    (None, Some(keys)) => Ok(keys[i]),
                    (None, None) => return Err(SIGWARP_ERROR_COLUMNS),
                };
                let id = ids.map_or(i as u64, |ids| ids[i]);
                Ok((id, self.judge(suite, key, [messages[i], signatures[i]])))
            });
            judged.collect::<std::result::Result<Vec<_>, sigwarp_code>>()
        };
        match expected() {
            Err(code) => {
                assert_eq!(said.code, code, "{}", said.text);
                assert!(ticket.id == 0 || pre.id != self.pre.id, "no ticket");
            }
            Ok(expected) => {
                assert_eq!(said.code, SIGWARP_OK, "{}", said.text);
                let (waited, outcomes) = calls::outcomes(ticket, items);
                assert_eq!(waited.code, SIGWARP_OK, "{}", waited.text);
                for (found, (id, status)) in outcomes.iter().zip(expected) {
                    let fault = if status.is_some() { SIGWARP_OK } else { SIGWARP_ERROR_UNKNOWN_KEY };
                    let status = status.unwrap_or(SIGWARP_STATUS_NOT_COMPUTED);
                    assert_eq!(*found, sigwarp_outcome { id, fault, status, reserved: [0; 3] });
                }
            }
        }
        Ok(())
    }

    /// Names that make a suite or do not; a suite that is freed is none.
    pub(super) fn make_suite(&self, u: &mut Unstructured<'_>) -> Result<()> {
        let mut word = |of: fn(&Suite) -> String| -> Result<String> {
            Ok(if u.ratio(1, 12)? { "none".into() } else { of(&u.choose(&self.suites)?.1) })
        };
        let scheme = word(|suite| suite.scheme().name().into())?;
        let rule = word(|suite| suite.rule().into())?;
        let encoding = word(|suite| suite.encoding().into())?;
        let [a, b, c] = [&scheme, &rule, &encoding].map(|text| name(text));
        let (a, b, c) = (maybe(u, a.as_c_str())?, maybe(u, b.as_c_str())?, maybe(u, c.as_c_str())?);
        let user_id: Option<Vec<u8>> = if u.ratio(1, 4)? {
            let length = *u.choose(&[0, 1, 16, 8191, 8192])?;
            Some(vec![7; length])
        } else {
            None
        };
        let (said, handle) = calls::suite([a, b, c], user_id.as_deref());
        let made = Suite::from_names(
            &scheme,
            b.map(|_| rule.as_str()),
            c.map(|_| encoding.as_str()),
            user_id.as_deref(),
        );
        let expected = match (a, &made) {
            (None, _) => SIGWARP_ERROR_NULL,
            (_, Ok(_)) => SIGWARP_OK,
            (_, Err(_)) => SIGWARP_ERROR_SUITE,
        };
        assert_eq!(said.code, expected, "{}", said.text);
        assert_eq!(handle.id != 0, expected == SIGWARP_OK);
        if handle.id != 0 {
            let Case { key, message, signature, .. } = u.choose(&self.cases)?;
            let mut statuses = [BEFORE];
            let pair = (self.engine, handle);
            let said = calls::verify_one(pair, [key, message, signature], &mut statuses[0]);
            let expected = made.ok().and_then(|suite| self.judge(&suite, Ok(key), [message, signature]));
            check(&said, &statuses, 1, Ok(expected.into_iter().collect()));
            assert_eq!(calls::free_suite(handle), SIGWARP_OK);
            assert_eq!(calls::free_suite(handle), SIGWARP_ERROR_HANDLE);
            let said = calls::verify_one(pair, [key, message, signature], &mut statuses[0]);
            check(&said, &statuses, 1, Err(SIGWARP_ERROR_HANDLE));
        }
        Ok(())
    }
}

/// The digest of one message, by the engine.
fn one_digest(hash: Hash, message: &[u8]) -> Vec<u8> {
    let digests = PORTABLE.hash(hash, &[message][..]).expect("a digest");
    digests.into_bytes()
}
