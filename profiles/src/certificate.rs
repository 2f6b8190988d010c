//! The form of a certificate (RFC 5280 section 4.1), and the parts of it that systems need. The contents of the others are
//! not read: names are compared by their bytes, and times and most extensions are not judged.

use crate::algorithm::{Key, SignatureAlgorithm};
use crate::der::{
    BadDer, Der, Element, GENERALIZED_TIME, INTEGER, OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE, UTC_TIME,
    context, context_primitive,
};

/// The extension basicConstraints, 2.5.29.19.
const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x13];

/// What systems take from a certificate; everything is a part of its bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Certificate<'a> {
    /// The signed bytes.
    pub(crate) tbs: &'a [u8],
    /// The serial number: two's complement, big-endian.
    pub(crate) serial: &'a [u8],
    /// The name of the issuer, as an element.
    pub(crate) issuer: &'a [u8],
    /// The name of the subject, as an element.
    pub(crate) subject: &'a [u8],
    /// The key of the subject.
    pub(crate) key: Key<'a>,
    /// Whether basicConstraints says that the subject is a CA.
    pub(crate) is_ca: bool,
    /// The element of the extensions, where there are some; all but basicConstraints may hold anything.
    extensions: Option<Element<'a>>,
    /// The algorithm of the signature.
    pub(crate) algorithm: SignatureAlgorithm,
    /// Whether the signed bytes name the same algorithm as what stands beside the signature.
    pub(crate) names_one_algorithm: bool,
    /// The signature.
    pub(crate) signature: &'a [u8],
}

impl<'a> Certificate<'a> {
    /// Reads a certificate, and nothing after it.
    pub(crate) fn parse(bytes: &'a [u8]) -> Result<Self, BadDer> {
        let mut outer = Der::new(bytes);
        let mut certificate = outer.sequence()?;
        outer.end()?;
        let signed = certificate.element(SEQUENCE)?;
        let algorithm = certificate.element(SEQUENCE)?;
        algorithm.check()?;
        let signature = certificate.bit_string()?;
        certificate.end()?;

        let mut tbs = signed.inside();
        let version = version(&mut tbs)?;
        let serial = tbs.integer()?;
        let inner = tbs.element(SEQUENCE)?;
        let issuer = tbs.element(SEQUENCE)?;
        if issuer.contents.is_empty() {
            return Err(issuer.bad());
        }
        validity(tbs.sequence()?)?;
        let subject = tbs.element(SEQUENCE)?;
        let key = Key::parse(&mut tbs)?;
        for number in [1, 2] {
            if let Some(unique_id) = tbs.optional(context_primitive(number))?
                && version == 0
            {
                return Err(unique_id.bad());
            }
        }
        let mut is_ca = false;
        let extensions = tbs.optional(context(3))?;
        if let Some(extensions) = extensions {
            if version != 2 {
                return Err(extensions.bad());
            }
            is_ca = is_ca_by(extensions)?;
        }
        tbs.end()?;
        Ok(Self {
            tbs: signed.bytes,
            serial,
            issuer: issuer.bytes,
            subject: subject.bytes,
            key,
            is_ca,
            extensions,
            algorithm: SignatureAlgorithm::parse(algorithm.inside())?,
            names_one_algorithm: inner.bytes == algorithm.bytes,
            signature,
        })
    }

    /// The contents of the OCTET STRING of an extension; `None` where there is none of this id.
    pub(crate) fn extension(&self, id: &[u8]) -> Option<&'a [u8]> {
        let mut extensions = self.extensions?.inside().sequence().ok()?;
        while let Ok(Some(extension)) = extensions.any_or_none() {
            let mut parts = extension.inside();
            if parts.oid().is_ok_and(|found| found == id) {
                parts.boolean_or_false().ok()?;
                return parts.element(OCTET_STRING).ok().map(|value| value.contents);
            }
        }
        None
    }

    /// Whether it names itself as its issuer, which does not say that it signed itself.
    pub(crate) fn is_self_issued(&self) -> bool {
        self.issuer == self.subject
    }
}

/// 0 for version 1, 1 for version 2 and 2 for version 3.
fn version(tbs: &mut Der<'_>) -> Result<u8, BadDer> {
    let Some(explicit) = tbs.optional(context(0))? else { return Ok(0) };
    let mut inside = explicit.inside();
    let version = inside.integer()?;
    inside.end()?;
    match version {
        [version @ 0..=2] => Ok(*version),
        _ => Err(explicit.bad()),
    }
}

/// Two times, whatever they say.
fn validity(mut times: Der<'_>) -> Result<(), BadDer> {
    for _ in 0..2 {
        let time = times.any()?;
        if !matches!(time.tag, UTC_TIME | GENERALIZED_TIME) {
            return Err(time.bad());
        }
    }
    times.end()
}

/// Whether the extensions say that the subject is a CA.
fn is_ca_by(explicit: Element<'_>) -> Result<bool, BadDer> {
    let mut inside = explicit.inside();
    let mut extensions = inside.sequence()?;
    inside.end()?;
    let mut is_ca = None;
    // There is one at least.
    loop {
        let extension = extensions.element(SEQUENCE)?;
        let mut parts = extension.inside();
        let id = parts.any()?;
        if id.tag == OBJECT_IDENTIFIER && id.contents == BASIC_CONSTRAINTS {
            parts.boolean_or_false()?;
            let value = parts.element(OCTET_STRING)?;
            parts.end()?;
            if is_ca.replace(basic_constraints(value)?).is_some() {
                return Err(extension.bad());
            }
        }
        if extensions.is_empty() {
            return Ok(is_ca.unwrap_or(false));
        }
    }
}

/// cA of basicConstraints. The length of paths is not judged.
fn basic_constraints(value: Element<'_>) -> Result<bool, BadDer> {
    let mut inside = value.inside();
    let mut constraints = inside.sequence()?;
    inside.end()?;
    let is_ca = constraints.boolean_or_false()?;
    if let Some(longest) = constraints.optional(INTEGER)? {
        longest.check()?;
    }
    constraints.end()?;
    Ok(is_ca)
}
