//! The cost model of the Ed25519 lanes path beside its measurement: field operations counted by an instrumented
//! field, the time of a multiplication and a squaring, and how far the path is from their product.
//!
//! `cargo run --release --features measure --example ed25519_cost -- [--backend NAME] [--seconds SECONDS]` prints CSV, one line for each
//! backend and number of signatures. Counts are of vectors in one call; times are medians of interleaved rounds.

use ed25519_dalek::{Signer, SigningKey};
use sigwarp_kernels::curve::edwards::equation::{Code, Equation, Item, check};
#[cfg(target_arch = "x86_64")]
use sigwarp_kernels::field::radix51_fma::Radix51Fma;
#[cfg(target_arch = "x86_64")]
use sigwarp_kernels::field::radix51_ifma::Radix51Ifma;
use sigwarp_kernels::field::radix51_portable::Radix51Portable;
use sigwarp_kernels::field::{FieldLanes, MASK51};
use sigwarp_kernels::simd::{Kernel, Token, Vector};
use std::cell::Cell;
use std::hint::black_box;
use std::marker::PhantomData;
use std::time::{Duration, Instant};

/// What is counted.
#[derive(Clone, Copy)]
enum Operation {
    Multiplication,
    Squaring,
    /// Additions, subtractions and negations, of elements and of columns.
    Addition,
    /// Reductions of columns, those that end a multiplication or a squaring included.
    Carry,
}

thread_local! {
    static COUNTS: Cell<[u64; 4]> = const { Cell::new([0; 4]) };
}

// A call of its own: the counts matter here, not the speed.
#[inline(never)]
fn count(operation: Operation) {
    let mut counts = COUNTS.get();
    counts[operation as usize] += 1;
    COUNTS.set(counts);
}

/// A field that counts what it does.
#[derive(Clone, Copy)]
struct Counted<F>(F);

impl<F: FieldLanes> FieldLanes for Counted<F> {
    type Token = F::Token;
    type Vector = F::Vector;
    type Wide = F::Wide;
    const SIDE_BY_SIDE: usize = F::SIDE_BY_SIDE;

    #[inline(always)]
    fn from_limbs(limbs: [F::Vector; 5]) -> Self {
        Self(F::from_limbs(limbs))
    }
    #[inline(always)]
    fn to_limbs(self) -> [F::Vector; 5] {
        self.0.to_limbs()
    }
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        count(Operation::Addition);
        Self(self.0.add(other.0))
    }
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        count(Operation::Addition);
        Self(self.0.sub(other.0))
    }
    #[inline(always)]
    fn negate(self) -> Self {
        count(Operation::Addition);
        Self(self.0.negate())
    }
    #[inline(always)]
    fn select(mask: <F::Vector as Vector>::Mask, yes: Self, no: Self) -> Self {
        Self(F::select(mask, yes.0, no.0))
    }
    #[inline(always)]
    fn permute<const ORDER: i32>(self) -> Self {
        Self(self.0.permute::<ORDER>())
    }
    #[inline(always)]
    fn permute_wide<const ORDER: i32>(wide: F::Wide) -> F::Wide {
        F::permute_wide::<ORDER>(wide)
    }
    #[inline(always)]
    fn select_wide(mask: <F::Vector as Vector>::Mask, yes: F::Wide, no: F::Wide) -> F::Wide {
        F::select_wide(mask, yes, no)
    }
    #[inline(always)]
    fn mul_wide(self, other: Self) -> F::Wide {
        count(Operation::Multiplication);
        self.0.mul_wide(other.0)
    }
    #[inline(always)]
    fn square_wide(self) -> F::Wide {
        count(Operation::Squaring);
        self.0.square_wide()
    }
    #[inline(always)]
    fn mul_raised(self, other: Self) -> F::Wide {
        count(Operation::Multiplication);
        self.0.mul_raised(other.0)
    }
    #[inline(always)]
    fn square_raised<const LEVEL: usize>(self) -> F::Wide {
        count(Operation::Squaring);
        self.0.square_raised::<LEVEL>()
    }
    #[inline(always)]
    fn sub_raised(a: F::Wide, b: F::Wide) -> F::Wide {
        count(Operation::Addition);
        F::sub_raised(a, b)
    }
    #[inline(always)]
    fn twice_raised(self) -> F::Wide {
        count(Operation::Addition);
        self.0.twice_raised()
    }
    #[inline(always)]
    fn widen(self) -> F::Wide {
        self.0.widen()
    }
    #[inline(always)]
    fn add_wide(a: F::Wide, b: F::Wide) -> F::Wide {
        count(Operation::Addition);
        F::add_wide(a, b)
    }
    #[inline(always)]
    fn sub_wide(a: F::Wide, b: F::Wide) -> F::Wide {
        count(Operation::Addition);
        F::sub_wide(a, b)
    }
    #[inline(always)]
    fn carry(wide: F::Wide) -> Self {
        count(Operation::Carry);
        Self(F::carry(wide))
    }

    // What a representation does in its own way must be done in that way here too.
    #[inline(always)]
    fn settle(raised: F::Wide) -> Self {
        count(Operation::Carry);
        Self(F::settle(raised))
    }

    #[inline(always)]
    fn from_factor(limbs: [F::Vector; 5]) -> Self {
        Self(F::from_factor(limbs))
    }
    #[inline(always)]
    fn pack(self) -> [F::Vector; 5] {
        self.0.pack()
    }
    #[inline(always)]
    fn unpack(words: [F::Vector; 5]) -> Self {
        Self(F::unpack(words))
    }
}

/// `count` dependent multiplications or squarings of `N` independent elements.
struct Chain<F, const N: usize, const SQUARE: bool> {
    count: usize,
    field: PhantomData<F>,
}

impl<F: FieldLanes, const N: usize, const SQUARE: bool> Kernel<F::Token> for Chain<F, N, SQUARE> {
    type Output = u64;

    #[inline(always)]
    fn run(self, token: F::Token) -> u64 {
        let start = F::splat(token, &[black_box(MASK51 - 5), 12345, MASK51, 99, MASK51 - 7]);
        let factor = F::splat(token, &[black_box(MASK51 - 9), 54321, MASK51, 77, MASK51 - 1]);
        let mut x = [start; N];
        for _ in 0..self.count {
            let mut i = 0;
            while i < N {
                x[i] = if SQUARE { x[i].square() } else { x[i].mul(factor) };
                i += 1;
            }
        }
        let mut sum = 0;
        for element in x {
            sum ^= element.to_limbs()[0].to_array()[0];
        }
        sum
    }
}

fn chain<F: FieldLanes, const N: usize, const SQUARE: bool>(token: F::Token) -> f64 {
    const STEPS: usize = 2000;
    let start = Instant::now();
    black_box(token.vectorize(Chain::<F, N, SQUARE> { count: STEPS, field: PhantomData }));
    start.elapsed().as_nanos() as f64 / (STEPS * N) as f64
}

fn median(samples: &mut [f64]) -> f64 {
    samples.sort_by(f64::total_cmp);
    samples[samples.len() / 2]
}

struct Row {
    a: [u8; 32],
    r: [u8; 32],
    s: [u8; 32],
    message: Vec<u8>,
}

fn rows(n: usize) -> Vec<Row> {
    let row = |i: usize| {
        let mut seed = [7; 32];
        seed[..8].copy_from_slice(&(i as u64).to_le_bytes());
        let key = SigningKey::from_bytes(&seed);
        let message: Vec<u8> = (0..128).map(|j| (i * 31 + j) as u8).collect();
        let signature = key.sign(&message);
        Row { a: key.verifying_key().to_bytes(), r: *signature.r_bytes(), s: *signature.s_bytes(), message }
    };
    (0..n).map(row).collect()
}

/// The strict rule's equation on valid signatures.
fn verify<F: FieldLanes>(token: F::Token, items: &[Item<'_>], codes: &mut [Code]) {
    check::<F>(token, Equation { cofactored: false, decode_r: true, domain: &[] }, black_box(items), codes);
    assert!(codes.iter().all(|&code| code == Code::Valid));
}

/// One line for `n` signatures.
fn cost<F: FieldLanes>(name: &str, token: F::Token, rows: &[Row], budget: Duration) {
    let items: Vec<Item<'_>> =
        rows.iter().map(|row| Item { a: &row.a, r: &row.r, s: &row.s, message: &row.message }).collect();
    let n = items.len();
    let mut codes = vec![Code::EquationFailed; n];
    COUNTS.set([0; 4]);
    verify::<Counted<F>>(token, &items, &mut codes);
    let counts = COUNTS.get();
    let [multiplications, squarings, ..] = counts.map(|count| count as f64);

    // A call is made so often that a sample takes at least as long as one of 64 signatures.
    let calls = (64 / n).max(1);
    let samples = || Vec::<f64>::new();
    let (mut mul, mut square, mut mul_alone, mut square_alone) = (samples(), samples(), samples(), samples());
    let (mut measured, mut ratios) = (samples(), samples());
    let begin = Instant::now();
    while begin.elapsed() < budget || measured.len() < 31 {
        // Two or four chains side by side, whichever the instruction set likes better.
        let m = chain::<F, 2, false>(token).min(chain::<F, 4, false>(token));
        let s = chain::<F, 2, true>(token).min(chain::<F, 4, true>(token));
        let start = Instant::now();
        for _ in 0..calls {
            verify::<F>(token, &items, &mut codes);
        }
        let time = start.elapsed().as_nanos() as f64 / (n * calls) as f64;
        mul_alone.push(chain::<F, 1, false>(token));
        square_alone.push(chain::<F, 1, true>(token));
        mul.push(m);
        square.push(s);
        measured.push(time);
        // Of the same round: what slows both does not count.
        ratios.push(time * n as f64 / (multiplications * m + squarings * s));
    }
    let (mul, square) = (median(&mut mul), median(&mut square));
    let (mul_alone, square_alone) = (median(&mut mul_alone), median(&mut square_alone));
    let product = |m: f64, s: f64| (multiplications * m + squarings * s) / n as f64;
    println!(
        "{name},{},{n},{},{},{},{},{mul:.2},{square:.2},{:.0},{mul_alone:.2},{square_alone:.2},{:.0},{:.0},{:.3}",
        F::Vector::LANES,
        counts[0],
        counts[1],
        counts[2],
        counts[3],
        product(mul, square),
        product(mul_alone, square_alone),
        median(&mut measured),
        median(&mut ratios),
    );
}

/// The lines of a backend, if it is wanted and runs here.
fn costs<F: FieldLanes>(name: &str, wanted: Option<&str>, rows: &[Row], budget: Duration) {
    if wanted.is_some_and(|wanted| wanted != name) {
        return;
    }
    let Some(token) = F::Token::detect() else { return };
    for n in [64, 1] {
        cost::<F>(name, token, &rows[..n], budget);
    }
}

fn main() {
    let mut wanted = None;
    let mut seconds = 3.0;
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--backend" => wanted = arguments.next(),
            "--seconds" => {
                seconds = arguments.next().and_then(|text| text.parse().ok()).expect("a number of seconds");
            }
            other => panic!("what is {other}?"),
        }
    }
    let budget = Duration::from_secs_f64(seconds);
    let rows = rows(64);
    println!(
        "backend,lanes,n,multiplications,squarings,additions,carries,mul_ns,square_ns,product_ns,\
         mul_alone_ns,square_alone_ns,product_alone_ns,measured_ns,measured_over_product"
    );
    let wanted = wanted.as_deref();
    #[cfg(target_arch = "x86_64")]
    costs::<Radix51Ifma<sigwarp_kernels::simd::avx512ifma::U64x8>>("avx512", wanted, &rows, budget);
    #[cfg(target_arch = "x86_64")]
    costs::<Radix51Fma<sigwarp_kernels::simd::avx2::U64x4>>("avx2", wanted, &rows, budget);
    costs::<Radix51Portable>("portable", wanted, &rows, budget);
}
