//! CPU backends and the threads they run on.

mod hash;
mod lanes;
#[cfg(feature = "one-by-one")]
mod one_by_one;
mod tables;
mod weierstrass;

use crate::backend::{BackendKind, Cpu, Workers};
use lanes::Lanes;
#[cfg(target_arch = "x86_64")]
use sigwarp_kernels::field::prime256::Fma;
use sigwarp_kernels::field::prime256::General;
#[cfg(any(target_arch = "x86_64", feature = "emulated"))]
use sigwarp_kernels::field::prime256::Ifma;
#[cfg(target_arch = "x86_64")]
use sigwarp_kernels::field::radix51_fma::Radix51Fma;
#[cfg(any(target_arch = "x86_64", feature = "emulated"))]
use sigwarp_kernels::field::radix51_ifma::Radix51Ifma;
use sigwarp_kernels::field::radix51_portable::Radix51Portable;
#[cfg(feature = "emulated")]
use sigwarp_kernels::simd::emulated::EmulatedU64x8;
#[cfg(target_arch = "x86_64")]
use sigwarp_kernels::simd::{avx2::U64x4, avx512ifma::U64x8};
use weierstrass::InLanes;

/// The backend of this kind, if this machine has what it needs.
pub(crate) fn start(kind: BackendKind, workers: Workers) -> Option<Box<dyn Cpu>> {
    match kind {
        #[cfg(target_arch = "x86_64")]
        BackendKind::Avx512 => Lanes::<Radix51Ifma<U64x8>, InLanes<Ifma<U64x8>>>::start(kind, workers),
        #[cfg(target_arch = "x86_64")]
        BackendKind::Avx2 => Lanes::<Radix51Fma<U64x4>, InLanes<Fma<U64x4>, General>>::start(kind, workers),
        BackendKind::Portable => Lanes::<Radix51Portable, InLanes<General>>::start(kind, workers),
        #[cfg(feature = "emulated")]
        BackendKind::Emulated => {
            Lanes::<Radix51Ifma<EmulatedU64x8>, InLanes<Ifma<EmulatedU64x8>>>::start(kind, workers)
        }
        #[cfg(not(feature = "emulated"))]
        BackendKind::Emulated => None,
        BackendKind::Gpu => None,
        #[cfg(not(target_arch = "x86_64"))]
        BackendKind::Avx512 | BackendKind::Avx2 => None,
    }
}
