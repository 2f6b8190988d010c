//! Bitcoin: transactions with the outputs that they spend, every script decided.

mod undo;
mod wire;

pub use self::undo::{SpentOutputs, UndoError};
pub use self::wire::Output;

crate::causes! {
    /// Why a transaction is invalid, beside what its scripts say.
    pub enum Fault {
        /// Bytes are missing.
        Truncated,
        /// Bytes are left after the transaction.
        TrailingBytes,
        /// A CompactSize that is not in its shortest form.
        NonCanonicalCompactSize,
        /// A number or length above 0x02000000.
        SizeTooLarge,
        /// No inputs, and a flag other than 00 and 01.
        UnknownFlags,
        /// The form with witnesses, and every witness is empty.
        SuperfluousWitness,
    }
}
