//! Corda's envelope: a header, then an object, the schema of its types, and transforms between their versions.
//!
//! A type has a name and a descriptor, which is a fingerprint of its shape. The fields of an object stand in the order in
//! which the schema of the same bytes lists them.

use std::collections::HashMap;

use super::amqp::{Descriptor, List, Value};

/// `corda`, version 1 of the AMQP form, and 0 for data that is not compressed.
const HEADER: &[u8] = b"corda\x01\x00\x00";

/// Codes of described types of the envelope (`AMQPDescriptorRegistry`).
const ENVELOPE: u64 = 0xc562_0000_0000_0001;
const SCHEMA: u64 = 0xc562_0000_0000_0002;
const DESCRIPTOR: u64 = 0xc562_0000_0000_0003;
const FIELD: u64 = 0xc562_0000_0000_0004;
const COMPOSITE: u64 = 0xc562_0000_0000_0005;
const RESTRICTED: u64 = 0xc562_0000_0000_0006;
const TRANSFORMS: u64 = 0xc562_0000_0000_0009;

/// An object with the schema of its types.
pub(super) struct Envelope<'a> {
    object: Value<'a>,
    /// By their descriptors.
    types: HashMap<&'a str, Type<'a>>,
}

/// A type of a schema.
struct Type<'a> {
    name: &'a str,
    /// Absent where it is restricted: a list of the elements that its name says.
    fields: Option<List<'a>>,
}

/// An object of a type with fields.
#[derive(Clone, Copy)]
pub(super) struct Object<'e, 'a> {
    type_: &'e Type<'a>,
    fields: List<'a>,
    values: List<'a>,
}

impl<'a> Envelope<'a> {
    /// The envelope that takes all of these bytes, if there is one.
    pub(super) fn read(bytes: &'a [u8]) -> Option<Self> {
        let envelope = Value::whole(bytes.strip_prefix(HEADER)?)?;
        let (object, schema) = match envelope.of_code(ENVELOPE)?.exactly::<3>() {
            Some([object, schema, transforms]) => {
                is_of_code(transforms, TRANSFORMS).then_some((object, schema))?
            }
            // Versions before transforms have none.
            None => envelope.of_code(ENVELOPE)?.exactly::<2>()?.into(),
        };
        let [types] = schema.of_code(SCHEMA)?.exactly()?;
        let mut by_descriptor = HashMap::new();
        for value in types.list()?.iter() {
            let (descriptor, type_) = Type::read(value)?;
            by_descriptor.entry(descriptor).or_insert(type_);
        }
        Some(Self { object, types: by_descriptor })
    }

    /// The object of the envelope.
    pub(super) fn root(&self) -> Option<Object<'_, 'a>> {
        self.object(self.object)
    }

    /// A value that is an object of a type with fields, and has a value for each of them.
    pub(super) fn object(&self, value: Value<'a>) -> Option<Object<'_, 'a>> {
        let (descriptor, inner) = value.described()?;
        let type_ = self.types.get(descriptor)?;
        let (fields, values) = (type_.fields?, inner.list()?);
        (fields.len() == values.len()).then_some(Object { type_, fields, values })
    }

    /// A value that is a list of these elements.
    pub(super) fn list(&self, value: Value<'a>, of: &str) -> Option<List<'a>> {
        let (descriptor, inner) = value.described()?;
        let type_ = self.types.get(descriptor)?;
        let elements = type_.name.strip_prefix("java.util.List<")?.strip_suffix('>')?;
        (type_.fields.is_none() && elements == of).then_some(inner.list()?)
    }
}

fn is_of_code(value: Value<'_>, code: u64) -> bool {
    matches!(value, Value::Described(Descriptor::Code(of), _) if of == code)
}

impl<'a> Type<'a> {
    /// Of a composite type: name, label, what it provides, descriptor, fields. Of a restricted one: the source after what it
    /// provides, and choices at the end.
    fn read(value: Value<'a>) -> Option<(&'a str, Self)> {
        let (name, descriptor, fields) = match value.of_code(COMPOSITE) {
            Some(composite) => {
                let [name, _, _, descriptor, fields] = composite.exactly()?;
                (name, descriptor, Some(fields.list()?))
            }
            None => {
                let [name, _, _, _, descriptor, _] = value.of_code(RESTRICTED)?.exactly()?;
                (name, descriptor, None)
            }
        };
        let [symbol, _] = descriptor.of_code(DESCRIPTOR)?.exactly()?;
        let Value::Symbol(descriptor) = symbol else { return None };
        let named = |field: Value<'a>| field.of_code(FIELD)?.exactly::<7>()?[0].text();
        if !fields.is_none_or(|fields| fields.iter().all(|field| named(field).is_some())) {
            return None;
        }
        Some((descriptor, Self { name: name.text()?, fields }))
    }
}

impl<'e, 'a> Object<'e, 'a> {
    /// The name of its type.
    pub(super) const fn name(&self) -> &'a str {
        self.type_.name
    }

    /// The value of a field; `None` where its type has no such field.
    pub(super) fn field(&self, name: &str) -> Option<Value<'a>> {
        let named = |field: Value<'a>| field.of_code(FIELD)?.exactly::<7>()?[0].text();
        let place = self.fields.iter().position(|field| named(field) == Some(name))?;
        self.values.iter().nth(place)
    }
}
