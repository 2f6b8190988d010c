//! The backends by their names.

use std::fmt;

/// The backends that this build knows by name. Which of them can run here is found at run time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum BackendKind {
    /// `avx512`: eight lanes of AVX-512 with its 52-bit multiplier (IFMA).
    Avx512,
    /// `avx2`: four lanes of AVX2.
    Avx2,
    /// `portable`: 64-bit scalar code for any machine.
    Portable,
    /// `emulated`: the code of `avx512` on eight emulated lanes, for tests on machines without it. Slow, never
    /// chosen by `auto`, and only in builds with the feature `emulated`.
    Emulated,
    /// `gpu`: an adapter of Vulkan, Metal or DirectX 12, in builds with the feature `gpu`.
    Gpu,
}

impl BackendKind {
    /// Every backend, those of the CPU in the order in which `auto` considers them.
    pub const ALL: [Self; 5] = [Self::Avx512, Self::Avx2, Self::Portable, Self::Emulated, Self::Gpu];

    /// Those of the CPU, in the order of [`Self::ALL`].
    pub fn on_cpu() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(|kind| *kind != Self::Gpu)
    }

    /// Whether this build has it. Whether it runs on this machine too is found when an engine is built.
    pub const fn is_built(self) -> bool {
        match self {
            Self::Avx512 | Self::Avx2 => cfg!(target_arch = "x86_64"),
            Self::Portable => true,
            Self::Emulated => cfg!(feature = "emulated"),
            Self::Gpu => cfg!(feature = "gpu"),
        }
    }

    /// Whether it is there for tests: `auto` never takes it.
    pub const fn is_for_tests(self) -> bool {
        matches!(self, Self::Emulated)
    }

    /// The name on the command line and in the environment variable `SIGWARP_BACKEND`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Avx512 => "avx512",
            Self::Avx2 => "avx2",
            Self::Portable => "portable",
            Self::Emulated => "emulated",
            Self::Gpu => "gpu",
        }
    }

    /// The backend of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

impl fmt::Display for BackendKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
