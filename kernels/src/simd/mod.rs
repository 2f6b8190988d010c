//! Vectors of 64-bit lanes, one file per instruction set, and the proof that the CPU has it.
//!
//! Contract. A [`Token`] can be obtained only from [`Token::detect`] or from a vector; a [`Vector`] only from a token
//! or from another vector. So whoever holds a vector may use its instructions, and every method of
//! [`Vector`] is safe. `is_x86_feature_detected!` also checks with XGETBV that the operating system
//! saves the registers. It follows that every function here takes one of them: an associated function without a
//! vector among its parameters takes the token, and so does each helper that contains `unsafe`. A register
//! (`__m512i`) stands for a vector in helpers, since nothing outside of this folder can pass one in.
//! `engine/tests/suite/tokens.rs` reads the signatures, and names the exceptions.
//!
//! Other crates may implement these traits for types of their own. That gives them nothing: [`Token::Vector`] and
//! [`Vector::Token`] must name each other, so a token of theirs has vectors of theirs.
//!
//! How code gets compiled for an instruction set. `#[target_feature]` cannot depend on a type
//! parameter, so a kernel is written once, generic over the token, in functions marked
//! `#[inline(always)]` with plain loops, and enters through [`Token::vectorize`], which calls one
//! feature-enabled function per (token, kernel). Closures handed to `array::from_fn` or iterator
//! adapters are functions of their own and may be compiled without the features: they are kept out of
//! hot code. A kernel is a phase of work (a hash block, a ladder), not the whole verification, so that
//! its code stays in the instruction cache and the register allocator sees one loop at a time.
//!
//! This is the only folder of the kernels with `unsafe`.
#![allow(unsafe_code)]
// Lanes of several arrays are indexed together.
#![allow(clippy::needless_range_loop)]

#[cfg(target_arch = "x86_64")]
pub mod avx2;
#[cfg(target_arch = "x86_64")]
pub mod avx512ifma;
pub mod emulated;
pub mod pages;
pub mod portable;
mod rows;
#[cfg(target_arch = "x86_64")]
pub mod sha_ni;
pub mod testing;
pub mod words;

pub use rows::Rows;

/// The largest number of lanes of any vector: the size of buffers that hold one.
pub const MAX_LANES: usize = 8;

/// Eight words in a cache line of their own: the unit of tables that outlive a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C, align(64))]
pub struct Line(pub [u64; 8]);

/// Proof that this CPU has an instruction set, and the way into code compiled for it.
pub trait Token: Copy + core::fmt::Debug + Send + Sync + 'static {
    /// The vector of this instruction set.
    type Vector: Vector<Token = Self>;
    /// Its 32-bit words, for hash functions.
    type Words32: words::Words<Token = Self, Word = u32>;
    /// Its 32-bit words, for hash functions whose rounds wait for each other: two vectors side by side where the
    /// instruction set has registers for both.
    type Wide32: words::Words<Token = Self, Word = u32>;
    /// Its 64-bit words, for hash functions.
    type Words64: words::Words<Token = Self, Word = u64>;

    /// The name that a user forces this instruction set by.
    const NAME: &'static str;
    /// Whether work may leave the lanes for instructions that the CPU has besides, and that are faster for it, such as the
    /// SHA extensions. What runs under a name that promises general registers, or emulation, does not.
    const TAKES_EXTENSIONS: bool;

    /// The token, if this CPU and operating system have every feature that the kernels use.
    fn detect() -> Option<Self>;

    /// Runs `kernel` inside a function compiled with this instruction set.
    fn vectorize<K: Kernel<Self>>(self, kernel: K) -> K::Output;

    /// Runs a small piece of a kernel inside a function compiled with this instruction set, which the compiler may inline
    /// into kernels: see `simd::step`.
    fn inlined<K: Kernel<Self>>(self, step: K) -> K::Output;
}

/// A piece of work to run inside [`Token::vectorize`], behind a token `T`.
pub trait Kernel<T> {
    /// What the work gives back.
    type Output;

    /// Does the work. Mark the implementation `#[inline(always)]`.
    fn run(self, token: T) -> Self::Output;
}

/// As [`Enter`], for a token whose instructions every CPU has.
trait Call<T>: Kernel<T> {
    /// [`Kernel::run`].
    fn call(self, token: T) -> Self::Output;
}

/// The function, compiled for the instruction set of `T`, that [`Token::vectorize`] calls.
///
/// A method of the kernel and not a function beside the token: the compiler puts what it makes of a generic function
/// into the codegen unit of the module that defines it, and of a method into that of the type. As functions all kernels
/// of an instruction set were one unit, which one thread of LLVM compiled by itself.
#[cfg(target_arch = "x86_64")]
trait Enter<T>: Kernel<T> {
    /// [`Kernel::run`].
    ///
    /// # Safety
    /// The CPU has the features that the implementation enables.
    unsafe fn enter(self, token: T) -> Self::Output;

    /// As [`Self::enter`], to be inlined into functions that are compiled with the same features.
    ///
    /// # Safety
    /// The CPU has the features that the implementation enables.
    unsafe fn enter_inlined(self, token: T) -> Self::Output;
}

/// Defines a step of field arithmetic: what kernels are made of, inlined into them as whatever runs under
/// `#[target_feature]` must be.
///
/// A step is inlined as a whole, by [`Token::inlined`], and for the sake of the compiler: a function without the
/// features of an instruction set cannot take its instructions in, so that a kernel would take in thousands of them one
/// by one, each with memory for its operands that has to be optimised away in a function of that size; half of the time
/// that the engine takes to build was spent so. A step is compiled with the features, small and by itself, and the
/// kernels take in what has become of it. It must stay below the size up to which LLVM inlines a function of one block
/// of vector instructions (some 190 of them): what is larger is two steps.
///
/// On vectors with [`Vector::CALLS`] a step is one function for each set of parameters: emulated kernels would otherwise
/// be hundreds of kilobytes each, and minutes of every build of the tests.
///
/// The parameters stand in brackets: the vector, then perhaps `, ` and a type, then perhaps `; ` and a constant. The first argument is an
/// array of vectors.
macro_rules! step {
    ($(
        $(#[$doc:meta])*
        $seen:vis fn $name:ident[$vector:ident: $bound:path $(, $by:ident: $kind:path)? $(; const $number:ident: $size:ty)?]
            ($first:ident: $of:ty $(, $argument:ident: $from:ty)*) -> $into:ty $body:block
    )*) => { $(
        $(#[$doc])*
        #[inline(always)]
        $seen fn $name<$vector: $bound $(, $by: $kind)? $(, const $number: $size)?>(
            $first: $of $(, $argument: $from)*
        ) -> $into {
            struct Step<$vector: $bound $(, $by: $kind)? $(, const $number: $size)?>(
                $of, $($from,)* ::core::marker::PhantomData<($vector, $($by)?)>,
            );
            impl<$vector: $bound $(, $by: $kind)? $(, const $number: $size)?>
                $crate::simd::Kernel<<$vector as $crate::simd::Vector>::Token>
                for Step<$vector $(, $by)? $(, $number)?>
            {
                type Output = $into;

                #[inline(always)]
                fn run(self, _: <$vector as $crate::simd::Vector>::Token) -> $into {
                    let Self($first, $($argument,)* _) = self;
                    $body
                }
            }
            #[inline(never)]
            fn call<$vector: $bound $(, $by: $kind)? $(, const $number: $size)?>(
                token: <$vector as $crate::simd::Vector>::Token,
                step: Step<$vector $(, $by)? $(, $number)?>,
            ) -> $into {
                $crate::simd::Kernel::run(step, token)
            }
            let token = $first[0].token();
            let step = Step::<$vector $(, $by)? $(, $number)?>(
                $first, $($argument,)* ::core::marker::PhantomData,
            );
            if $vector::CALLS {
                call(token, step)
            } else {
                $crate::simd::Token::inlined(token, step)
            }
        }
    )* };
}
pub(crate) use step;

/// A truth value per lane.
pub trait LaneMask: Copy {
    /// Lanes true in both.
    fn and(self, other: Self) -> Self;
    /// Lanes true in either.
    fn or(self, other: Self) -> Self;
    /// Lanes that are not true.
    fn not(self) -> Self;
    /// Bit i is lane i; bits beyond the lanes are 0.
    fn bits(self) -> u8;
}

/// `LANES` unsigned 64-bit integers. Arithmetic wraps.
pub trait Vector: Copy {
    /// The token of the instruction set.
    type Token: Token<Vector = Self>;
    /// A truth value per lane.
    type Mask: LaneMask;
    /// The number of lanes: 8, 4 or 1.
    const LANES: usize;
    /// Whether the steps of field arithmetic are calls (`simd::step`), not inlined: for vectors
    /// whose own operations are calls already.
    const CALLS: bool = false;

    /// The token that the existence of a vector proves.
    fn token(self) -> Self::Token;
    /// The same integer in every lane.
    fn splat(token: Self::Token, value: u64) -> Self;
    /// The first `LANES` integers of a slice, lane 0 first. Panics on a shorter slice.
    fn load(token: Self::Token, from: &[u64]) -> Self;
    /// Writes the lanes to the first `LANES` places of a slice. Panics on a shorter slice.
    fn store(self, to: &mut [u64]);
    /// A mask from bits, bit i for lane i.
    fn mask(token: Self::Token, bits: u8) -> Self::Mask;

    /// self + other.
    fn add(self, other: Self) -> Self;
    /// self − other.
    fn sub(self, other: Self) -> Self;
    /// self & other.
    fn and(self, other: Self) -> Self;
    /// self | other.
    fn or(self, other: Self) -> Self;
    /// self ^ other.
    fn xor(self, other: Self) -> Self;
    /// self << N.
    fn shl<const N: i32>(self) -> Self;
    /// self >> N, zeros from the left.
    fn shr<const N: i32>(self) -> Self;
    /// self << count, the same for every lane; 0 for a count of 64 or more.
    fn shl_by(self, count: u32) -> Self;
    /// self >> count, the same for every lane; 0 for a count of 64 or more.
    fn shr_by(self, count: u32) -> Self;
    /// Rotation to the right by N, 0 < N < 64.
    fn rotate_right<const N: i32>(self) -> Self;
    /// The bytes of each lane in reverse.
    fn swap_bytes(self) -> Self;

    /// self ^ b ^ c.
    #[inline(always)]
    fn xor3(self, b: Self, c: Self) -> Self {
        self.xor(b).xor(c)
    }
    /// By bit: b where self is 1, c where it is 0 (SHA-2's Ch).
    #[inline(always)]
    fn choose(self, b: Self, c: Self) -> Self {
        self.and(b.xor(c)).xor(c)
    }
    /// By bit: the majority of three (SHA-2's Maj).
    #[inline(always)]
    fn majority(self, b: Self, c: Self) -> Self {
        self.and(b.xor(c)).xor(b.and(c))
    }

    /// Lanes equal.
    fn equal(self, other: Self) -> Self::Mask;
    /// Lanes below, as unsigned integers.
    fn less(self, other: Self) -> Self::Mask;
    /// By lane: `yes` where the mask is true, else `no`.
    fn select(mask: Self::Mask, yes: Self, no: Self) -> Self;

    /// Permutes the lanes of each group of four: lane i becomes the one that bits 2·i and 2·i + 1 of `ORDER`
    /// name. A vector of one lane stays as it is.
    fn permute<const ORDER: i32>(self) -> Self;

    /// Per lane, `R` rows of 8 words from the row that its index names, transposed: vector w of row r of
    /// the result holds word w of row `index + r` of every lane. Panics if an index leads outside the table.
    ///
    /// Whole rows are loaded and transposed with shuffles: on Zen 4 and 5 a hardware gather costs about
    /// three cycles a lane, 8 of them five times this.
    fn gather_rows<const R: usize>(table: &[[u64; 8]], index: Self) -> [[Self; 8]; R];
    /// As `gather_rows`, of a table in entries of `R` rows: the entry of a lane is `at[lane] >> shift`. Panics if one
    /// is not in the table, or if there are fewer than `LANES` of them.
    #[inline(always)]
    fn gather_entries<const R: usize>(
        token: Self::Token,
        table: &[[[u64; 8]; R]],
        at: &[u32],
        shift: u32,
    ) -> [[Self; 8]; R] {
        let mut index = [0; MAX_LANES];
        let mut lane = 0;
        while lane < Self::LANES {
            index[lane] = u64::from(at[lane] >> shift) * R as u64;
            lane += 1;
        }
        Self::gather_rows::<R>(table.as_flattened(), Self::load(token, &index))
    }
    /// Lanes whose integer is odd. Panics on fewer than `LANES` of them.
    #[inline(always)]
    fn odd(token: Self::Token, of: &[u32]) -> Self::Mask {
        let mut bits = 0;
        let mut lane = 0;
        while lane < Self::LANES {
            bits |= ((of[lane] & 1) as u8) << lane;
            lane += 1;
        }
        Self::mask(token, bits)
    }
    /// Asks for `R` rows from row `index` to be brought into the first-level cache. A hint, without a bounds check.
    /// It takes no token, since it uses no more than SSE, which is part of every x86-64 CPU.
    #[inline(always)]
    fn prefetch_rows<const R: usize>(table: &[[u64; 8]], index: usize) {
        let _ = (table, index);
    }
    /// The inverse for one row and evenly spaced lanes: lane i's 8 words go to row `first + i * stride`.
    fn scatter_rows(words: [Self; 8], table: &mut [[u64; 8]], first: usize, stride: usize);

    /// As `gather_rows` with a table of entries for each lane: entry `index[i]` of `tables[i]`. Panics if an index leads
    /// outside its table.
    fn gather_lines<const R: usize>(
        token: Self::Token,
        tables: &[&[[Line; R]]; MAX_LANES],
        index: [usize; MAX_LANES],
    ) -> [[Self; 8]; R];
    /// Lane i's 8 words go to line `line` of entry `entry` of `tables[i]`; lanes without a table are dropped.
    fn scatter_lines<const R: usize>(
        words: [Self; 8],
        tables: &mut [&mut [[Line; R]]],
        entry: usize,
        line: usize,
    );

    /// The lanes, in the first `LANES` places.
    #[inline(always)]
    fn to_array(self) -> [u64; MAX_LANES] {
        let mut lanes = [0; MAX_LANES];
        self.store(&mut lanes);
        lanes
    }

    /// Whether every lane is below `bound`; for bound assertions.
    #[inline(always)]
    fn all_below(self, bound: u64) -> bool {
        let lanes = self.to_array();
        let mut i = 0;
        while i < Self::LANES {
            if lanes[i] >= bound {
                return false;
            }
            i += 1;
        }
        true
    }
}

/// 52-bit multiply-add (AVX-512 IFMA). Factors are taken modulo 2^52.
pub trait MultiplyAdd52: Doubles {
    /// self + (a·b mod 2^52).
    fn madd52lo(self, a: Self, b: Self) -> Self;
    /// self + ⌊a·b / 2^52⌋.
    fn madd52hi(self, a: Self, b: Self) -> Self;
    /// self · 19 mod 2^64.
    fn times19(self) -> Self;
    /// The same values, of which the compiler believes that each depends on all. Its scheduler else takes
    /// chains of multiplications apart that stand side by side so that one hides the latency of the other.
    #[inline(always)]
    fn join(a: [Self; 5], b: [Self; 5]) -> [[Self; 5]; 2] {
        [a, b]
    }
}

/// Lanes as doubles (IEEE 754 binary64, round to nearest).
pub trait Doubles: Vector {
    /// self + other.
    fn add_f64(self, other: Self) -> Self;
    /// self − other.
    fn sub_f64(self, other: Self) -> Self;
    /// self · other.
    fn mul_f64(self, other: Self) -> Self;
    /// self / other.
    fn div_f64(self, other: Self) -> Self;
}

/// Multiplication of lanes as doubles (IEEE 754 binary64, round to nearest), and of their low halves as
/// integers.
pub trait FloatMultiply: Doubles {
    /// self·b + c of doubles, rounded once.
    fn fused(self, b: Self, c: Self) -> Self;
    /// self·b − c of doubles, rounded once.
    fn fused_sub(self, b: Self, c: Self) -> Self;
    /// The product of the low 32 bits of each lane.
    fn mul32(self, other: Self) -> Self;
    /// Each lane with its bytes taken from others of it: byte i is the one that byte i of `ORDER` names, 0 to 7, or 0
    /// where that is 0x80.
    fn bytes<const ORDER: u64>(self) -> Self;
    /// The same value, of which the compiler no longer knows how it came about. Factors that are sums or
    /// products themselves go through here: otherwise LLVM reasons about the low 32 bits of 2·x or 19·x and
    /// turns one `vpmuludq` into a 64-bit multiplication of three.
    fn opaque(self) -> Self;
    /// The same values, of which the compiler believes that they depend on `done`. LLVM's scheduler moves
    /// independent multiplications together and then spills what they give; this keeps them apart without
    /// an instruction.
    fn after(values: [Self; 5], done: Self) -> [Self; 5];
}

/// Asks for an entry of a table ahead of its use; does nothing where it is outside, or the CPU has no such
/// instruction.
#[inline(always)]
pub fn prefetch<const R: usize>(table: &[[Line; R]], entry: usize) {
    #[cfg(target_arch = "x86_64")]
    if let Some(lines) = table.get(entry) {
        let mut i = 0;
        while i < R {
            // SAFETY: SSE is part of every x86-64 CPU, and a prefetch of a valid reference changes nothing.
            unsafe {
                core::arch::x86_64::_mm_prefetch::<{ core::arch::x86_64::_MM_HINT_T0 }>(
                    core::ptr::from_ref(&lines[i]).cast(),
                );
            }
            i += 1;
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (table, entry);
}

/// Asks for the first two lines of some bytes ahead of their use.
#[inline(always)]
pub fn prefetch_bytes(bytes: &[u8]) {
    #[cfg(target_arch = "x86_64")]
    for at in [0, 64] {
        if let Some(byte) = bytes.get(at) {
            // SAFETY: SSE is part of every x86-64 CPU, and a prefetch of a valid reference changes nothing.
            unsafe {
                core::arch::x86_64::_mm_prefetch::<{ core::arch::x86_64::_MM_HINT_T0 }>(
                    core::ptr::from_ref(byte).cast(),
                );
            }
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = bytes;
}

/// `R` rows from row `index`, behind one bounds check.
#[inline(always)]
fn entry<const R: usize>(table: &[[u64; 8]], index: u64) -> &[[u64; 8]; R] {
    match table.get(index as usize..).and_then(<[_]>::first_chunk) {
        Some(rows) => rows,
        None => panic!("row {index} and the next are not in a table of {}", table.len()),
    }
}
