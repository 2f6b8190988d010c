//! The representations of field elements that tests run on: the one list of them. Whoever adds one, or an instruction set,
//! adds it here; the list of instruction sets for code that knows no field is [`crate::simd::testing`]'s.
//!
//! A test is a type with [`FieldsTest`], written once for all of them. It asks [`crate::simd::testing::detect`] for the
//! token, which says what a machine lacks and fails where it must not lack it.

use super::FieldLanes;
use super::prime256::{Family, Fma, General, Ifma};
use super::radix51_fma::Radix51Fma;
use super::radix51_ifma::Radix51Ifma;
use super::radix51_portable::Radix51Portable;
#[cfg(target_arch = "x86_64")]
use crate::simd::avx2;
#[cfg(target_arch = "x86_64")]
use crate::simd::avx512ifma;
use crate::simd::emulated::EmulatedU64x8;
#[cfg(not(target_arch = "x86_64"))]
use crate::simd::testing;
use crate::simd::{Doubles, FloatMultiply, MultiplyAdd52};

/// The representations of all fields on the vectors of one instruction set.
pub(crate) trait Fields: Family<Vector: Doubles> {
    /// Elements modulo 2^255 − 19.
    type Edwards: FieldLanes<Token = Self::Token, Vector = Self::Vector>;
}

impl<V: MultiplyAdd52 + 'static> Fields for Ifma<V> {
    type Edwards = Radix51Ifma<V>;
}

impl<V: FloatMultiply + 'static> Fields for Fma<V> {
    type Edwards = Radix51Fma<V>;
}

impl Fields for General {
    type Edwards = Radix51Portable;
}

/// A test that is written once for all representations.
pub(crate) trait FieldsTest {
    /// Runs it on one.
    fn run<S: Fields>(&mut self);
}

/// Runs a test in the instructions of this architecture.
pub(crate) fn on_native_vectors(test: &mut impl FieldsTest) {
    #[cfg(target_arch = "x86_64")]
    {
        test.run::<Ifma<avx512ifma::U64x8>>();
        test.run::<Fma<avx2::U64x4>>();
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        let _ = test;
        testing::present::<(), _>("native vectors", Err("there are none of this architecture"));
    }
}

/// Runs a test in what every machine has: general registers, and emulated vectors.
pub(crate) fn on_any_machine(test: &mut impl FieldsTest) {
    test.run::<General>();
    test.run::<Ifma<EmulatedU64x8>>();
}

/// Runs a test on every instruction set, in the representation that the engine uses there.
pub(crate) fn on_every_instruction_set(test: &mut impl FieldsTest) {
    on_native_vectors(test);
    on_any_machine(test);
}

/// Runs a test on every instruction set and, besides, in every representation of emulated vectors.
pub(crate) fn on_every_representation(test: &mut impl FieldsTest) {
    on_every_instruction_set(test);
    test.run::<Fma<EmulatedU64x8>>();
}
