//! Groups, generic over the representation of the field.

pub mod edwards;
pub mod weierstrass;
