//! What random linear combinations of the items of any scheme share: coefficients that nobody could foresee, and the
//! items of one key found among many.

pub(crate) mod coalesce;
pub(crate) mod coefficients;
