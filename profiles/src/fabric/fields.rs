//! The context from fields.

use super::{Context, Kind, Msp, NodeOus, Policy};
use crate::fields::{FieldError, Fields, Value};
use crate::pem;

/// The fields that are read.
pub(super) const NAMES: &[&str] = &[
    "block_policy",
    "consenters",
    "endorsement_policies",
    "endorsement_policy",
    "genesis",
    "identities",
    "kind",
    "msps",
];

const CONSENTERS: &str =
    "an object of serialized identities in hexadecimal digits by the numbers of consenters";
const IDENTITIES: &str = "an array of serialized identities in hexadecimal digits";
const MSPS: &str = "an object of MSPs by their ids, each an object of roots, intermediates, revocations and admins, which \
                    are arrays of certificates or lists in PEM or hexadecimal digits, and node_ous";
const POLICY: &str = "a common.SignaturePolicyEnvelope in hexadecimal digits";
const POLICIES: &str =
    "an object of common.SignaturePolicyEnvelope in hexadecimal digits by the names of chaincodes";

/// The context that fields describe.
pub(super) fn context(fields: &Fields) -> Result<Context, FieldError> {
    let kind = fields.read("kind", "block, blockfile or envelope", |value| match value {
        Value::Text(name) => Kind::from_name(name),
        _ => None,
    })?;
    let mut context = Context::new(kind.ok_or(FieldError::Missing("kind"))?);
    if fields.bool("genesis")?.unwrap_or(false) {
        context = context.of_genesis();
    }
    let consenters = fields.read("consenters", CONSENTERS, |value| {
        let pair = |(number, value): (&str, &Value)| Some((number.parse().ok()?, value.to_bytes()?));
        value.as_object()?.iter().map(pair).collect::<Option<Vec<(u32, Vec<u8>)>>>()
    })?;
    context = context.with_consenters(consenters.unwrap_or_default());
    let identities = fields.read("identities", IDENTITIES, |value| match value {
        Value::Array(values) => values.iter().map(Value::to_bytes).collect::<Option<Vec<_>>>(),
        _ => None,
    })?;
    context = context.with_identities(identities.unwrap_or_default());
    let msps = fields.read("msps", MSPS, |value| {
        value.as_object()?.iter().map(|(id, value)| msp(id, value.as_object()?)).collect::<Option<Vec<Msp>>>()
    })?;
    let wrong = FieldError::Wrong { field: "msps", expected: MSPS };
    context = context.with_msps(msps.unwrap_or_default()).map_err(|_| wrong)?;
    let policy = |value: &Value| Policy::parse(&value.to_bytes()?).ok();
    if let Some(policy) = fields.read("endorsement_policy", POLICY, policy)? {
        context = context.with_endorsement_policy(None, policy);
    }
    let policies = fields.read("endorsement_policies", POLICIES, |value| {
        let pairs = value.as_object()?.iter().map(|(name, value)| Some((name.to_owned(), policy(value)?)));
        pairs.collect::<Option<Vec<(String, Policy)>>>()
    })?;
    for (name, policy) in policies.into_iter().flatten() {
        context = context.with_endorsement_policy(Some(&name), policy);
    }
    if let Some(policy) = fields.read("block_policy", POLICY, policy)? {
        context = context.with_block_policy(policy);
    }
    Ok(context)
}

/// An MSP; names that it does not have are refused.
fn msp(id: &str, fields: &Fields) -> Option<Msp> {
    let mut msp = Msp { id: id.to_owned(), ..Msp::default() };
    for (name, value) in fields.iter() {
        match name {
            "roots" => msp.roots = ders(value)?,
            "intermediates" => msp.intermediates = ders(value)?,
            "revocations" => msp.revocations = ders(value)?,
            "admins" => msp.admins = ders(value)?,
            "node_ous" => msp.node_ous = Some(node_ous(value.as_object()?)?),
            _ => return None,
        }
    }
    Some(msp)
}

/// Certificates or lists, each in PEM or in hexadecimal digits of its DER.
fn ders(value: &Value) -> Option<Vec<Vec<u8>>> {
    let Value::Array(values) = value else { return None };
    let der = |value: &Value| match value {
        Value::Text(text) if text.contains("-----BEGIN ") => {
            pem::decode(text.as_bytes()).map(|block| block.bytes)
        }
        value => value.to_bytes(),
    };
    values.iter().map(der).collect()
}

fn node_ous(fields: &Fields) -> Option<NodeOus> {
    let mut ous = NodeOus::default();
    for (name, value) in fields.iter() {
        let Value::Text(unit) = value else { return None };
        let of = match name {
            "client" => &mut ous.client,
            "peer" => &mut ous.peer,
            "admin" => &mut ous.admin,
            "orderer" => &mut ous.orderer,
            _ => return None,
        };
        *of = Some(unit.clone());
    }
    Some(ous)
}
