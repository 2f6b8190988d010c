//! Causes: why a record or a signature is not valid, by a stable name.

use std::fmt;

use crate::Role;

/// Why something is invalid or undecided: a stable name and, where several fields can fail alike, the field.
///
/// Each system has an enum of its own causes, made by [`causes!`](crate::causes), whose values convert into this; so do
/// the reasons of the engine. Two causes are equal where name, field and role are; [`Self::is`] compares the names alone.
///
/// ```
/// use sigwarp::Reason;
/// use sigwarp_profiles::{Cause, ethereum::Fault};
///
/// assert_eq!(Cause::from(Reason::HighS).to_string(), "HighS");
/// let cause = Cause::from(Fault::LeadingZero).of("gasPrice");
/// assert_eq!(cause.to_string(), "LeadingZero:gasPrice");
/// assert!(cause.is(Fault::LeadingZero) && cause != Fault::LeadingZero.into());
/// let cause = Cause::from(Reason::HighS).in_role(sigwarp_profiles::Role::nth("signature", 1));
/// assert_eq!(cause.to_string(), "signature[1]: HighS");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Cause {
    name: &'static str,
    field: Option<&'static str>,
    role: Option<Role>,
}

impl Cause {
    /// A cause of this name. Systems use [`causes!`](crate::causes).
    pub const fn new(name: &'static str) -> Self {
        Self { name, field: None, role: None }
    }

    /// The same cause, in this field of the record.
    #[must_use]
    pub const fn of(self, field: &'static str) -> Self {
        Self { field: Some(field), ..self }
    }

    /// The same cause, of the signature in this role: what a record says where a signature decides it.
    #[must_use]
    pub const fn in_role(self, role: Role) -> Self {
        Self { role: Some(role), ..self }
    }

    /// The name without the field and the role.
    pub const fn name(self) -> &'static str {
        self.name
    }

    /// The field of the record, where the cause names one.
    pub const fn field(self) -> Option<&'static str> {
        self.field
    }

    /// Whether this is the given cause, in whatever field and role.
    pub fn is(self, other: impl Into<Self>) -> bool {
        self.name == other.into().name
    }
}

/// The name, after the role where there is one, before a colon and the field where there is one: what files say.
impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(role) = self.role {
            write!(f, "{role}: ")?;
        }
        f.write_str(self.name)?;
        match self.field {
            Some(field) => write!(f, ":{field}"),
            None => Ok(()),
        }
    }
}

impl From<sigwarp::Reason> for Cause {
    fn from(reason: sigwarp::Reason) -> Self {
        Self::new(reason.name())
    }
}

/// Declares the causes of a system: an enum whose names are those of its variants, with `ALL`, `name` and the
/// conversion into [`Cause`].
#[macro_export]
macro_rules! causes {
    ($(#[$of_enum:meta])* $visibility:vis enum $name:ident { $($(#[$of_variant:meta])* $variant:ident,)+ }) => {
        $(#[$of_enum])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        $visibility enum $name { $($(#[$of_variant])* $variant,)+ }

        impl $name {
            /// Every cause, in the order of their declaration.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The name in files and summaries.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => stringify!($variant),)+ }
            }
        }

        impl From<$name> for $crate::Cause {
            fn from(cause: $name) -> Self {
                Self::new(cause.name())
            }
        }
    };
}
