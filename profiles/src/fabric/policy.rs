//! Signature policies (`common.SignaturePolicyEnvelope`), evaluated as Fabric does (common/cauthdsl): a rule takes the first
//! identity that satisfies its principal and that no rule before it has taken, and every rule of an n-of is evaluated,
//! also when n of them have been satisfied.

use super::identity;
use super::wire::{Merge, SerializedIdentity, read, text};
use crate::protobuf::Value;

/// How deep rules and combined principals may be nested.
const MAX_DEPTH: usize = 16;

/// A signature policy.
#[derive(Debug, Clone)]
pub struct Policy {
    rule: Rule,
    principals: Vec<Principal>,
}

#[derive(Debug, Clone)]
enum Rule {
    SignedBy(usize),
    Of { n: i32, rules: Vec<Rule> },
}

/// Whom a rule asks for (`common.MSPPrincipal`).
#[derive(Debug, Clone)]
pub(super) enum Principal {
    /// A member of an MSP in a role.
    Role { msp: Vec<u8>, role: Role },
    /// A member of a unit of an MSP, under the chain of CAs whose hash this is.
    Unit { msp: Vec<u8>, unit: Vec<u8>, certifiers: Vec<u8> },
    /// The member with this certificate.
    Identity { msp: Vec<u8>, der: Vec<u8> },
    /// Whoever shows who they are, as every certificate does.
    Nominal,
    /// All of these.
    Combined(Vec<Principal>),
    /// Nobody: what Fabric does not know or cannot read.
    Nobody,
}

/// `common.MSPRole.MSPRoleType`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Member,
    Admin,
    Client,
    Peer,
    Orderer,
}

/// Bytes that are no signature policy that Fabric takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a common.SignaturePolicyEnvelope of version 0 whose rules name its identities")]
pub struct BadPolicy;

impl Policy {
    /// Reads a `common.SignaturePolicyEnvelope`.
    ///
    /// # Errors
    /// It is malformed, of another version than 0, nested deeper than 16, or a rule names no identity of it.
    pub fn parse(bytes: &[u8]) -> Result<Self, BadPolicy> {
        let (mut version, mut rule, mut principals) = (0, Vec::new(), Vec::new());
        read(bytes, |number, value| {
            match (number, value) {
                (1, Value::Varint(value)) => version = Value::low_half(value),
                // Two messages in one field are one of both.
                (2, Value::Bytes(bytes)) => rule.extend_from_slice(bytes),
                (3, Value::Bytes(bytes)) => principals.push(principal(bytes, MAX_DEPTH)?),
                _ => {}
            }
            Some(())
        })
        .ok_or(BadPolicy)?;
        let rule = rule_of(&rule, principals.len(), MAX_DEPTH).ok_or(BadPolicy)?;
        if version == 0 { Ok(Self { rule, principals }) } else { Err(BadPolicy) }
    }

    /// Whether identities satisfy it, so many, each satisfying the principals that `satisfies` says.
    pub(super) fn is_satisfied(&self, count: usize, satisfies: impl Fn(usize, &Principal) -> bool) -> bool {
        let satisfies = |identity: usize, principal: usize| satisfies(identity, &self.principals[principal]);
        evaluate(&self.rule, &mut vec![false; count], &satisfies)
    }
}

fn evaluate(rule: &Rule, used: &mut [bool], satisfies: &impl Fn(usize, usize) -> bool) -> bool {
    match rule {
        Rule::SignedBy(principal) => {
            let mut free = (0..used.len()).filter(|identity| !used[*identity]);
            let found = free.find(|identity| satisfies(*identity, *principal));
            found.map(|identity| used[identity] = true).is_some()
        }
        Rule::Of { n, rules } => {
            let mut satisfied = 0;
            for rule in rules {
                let mut tried = used.to_vec();
                if evaluate(rule, &mut tried, satisfies) {
                    satisfied += 1;
                    used.copy_from_slice(&tried);
                }
            }
            satisfied >= i64::from(*n)
        }
    }
}

/// `common.SignaturePolicy`: a choice of which the last on the wire counts.
fn rule_of(bytes: &[u8], principals: usize, depth: usize) -> Option<Rule> {
    let depth = depth.checked_sub(1)?;
    let (mut signed_by, mut of): (Option<i32>, Option<Vec<u8>>) = (None, None);
    read(bytes, |number, value| {
        match (number, value) {
            (1, Value::Varint(value)) => (signed_by, of) = (Some(Value::low_half(value)), None),
            (2, Value::Bytes(bytes)) => {
                signed_by = None;
                of.get_or_insert_default().extend_from_slice(bytes);
            }
            _ => {}
        }
        Some(())
    })?;
    if let Some(of) = of {
        let (mut n, mut rules) = (0, Vec::new());
        read(&of, |number, value| {
            match (number, value) {
                (1, Value::Varint(value)) => n = Value::low_half(value),
                (2, Value::Bytes(bytes)) => rules.push(rule_of(bytes, principals, depth)?),
                _ => {}
            }
            Some(())
        })?;
        return Some(Rule::Of { n, rules });
    }
    let principal = usize::try_from(signed_by?).ok()?;
    (principal < principals).then_some(Rule::SignedBy(principal))
}

/// `common.MSPPrincipal`. What is in it is read by Fabric when it is evaluated, so that a malformed one is nobody.
fn principal(bytes: &[u8], depth: usize) -> Option<Principal> {
    let (mut classification, mut contents) = (0, &[][..]);
    read(bytes, |number, value| {
        match (number, value) {
            (1, Value::Varint(value)) => classification = Value::low_half(value),
            (2, Value::Bytes(bytes)) => contents = bytes,
            _ => {}
        }
        Some(())
    })?;
    let depth = depth.checked_sub(1)?;
    let found = match classification {
        0 => role(contents),
        1 => unit(contents),
        2 => SerializedIdentity::parse(contents).and_then(|serialized| {
            let der = identity::certificate(&serialized)?;
            Some(Principal::Identity { msp: serialized.msp.to_vec(), der })
        }),
        3 => anonymity(contents),
        4 => combined(contents, depth),
        _ => None,
    };
    Some(found.unwrap_or(Principal::Nobody))
}

fn role(bytes: &[u8]) -> Option<Principal> {
    let (mut msp, mut role) = (&[][..], 0);
    read(bytes, |number, value| {
        match (number, value) {
            (1, Value::Bytes(bytes)) => msp = text(bytes)?,
            (2, Value::Varint(value)) => role = Value::low_half(value),
            _ => {}
        }
        Some(())
    })?;
    let role = match role {
        0 => Role::Member,
        1 => Role::Admin,
        2 => Role::Client,
        3 => Role::Peer,
        4 => Role::Orderer,
        _ => return None,
    };
    Some(Principal::Role { msp: msp.to_vec(), role })
}

fn unit(bytes: &[u8]) -> Option<Principal> {
    let [mut msp, mut unit, mut certifiers] = [&[][..]; 3];
    read(bytes, |number, value| {
        match (number, value) {
            (1, Value::Bytes(bytes)) => msp = text(bytes)?,
            (2, Value::Bytes(bytes)) => unit = text(bytes)?,
            (3, Value::Bytes(bytes)) => certifiers = bytes,
            _ => {}
        }
        Some(())
    })?;
    let [msp, unit, certifiers] = [msp, unit, certifiers].map(<[u8]>::to_vec);
    Some(Principal::Unit { msp, unit, certifiers })
}

/// `common.MSPIdentityAnonymity`: certificates are nominal, never anonymous.
fn anonymity(bytes: &[u8]) -> Option<Principal> {
    let mut kind = 0;
    read(bytes, |number, value| {
        if let (1, Value::Varint(value)) = (number, value) {
            kind = Value::low_half(value);
        }
        Some(())
    })?;
    (kind == 0).then_some(Principal::Nominal)
}

fn combined(bytes: &[u8], depth: usize) -> Option<Principal> {
    let mut all = Vec::new();
    read(bytes, |number, value| {
        if let (1, Value::Bytes(bytes)) = (number, value) {
            all.push(principal(bytes, depth)?);
        }
        Some(())
    })?;
    (!all.is_empty()).then_some(Principal::Combined(all))
}
