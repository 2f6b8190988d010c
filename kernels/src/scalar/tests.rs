use super::*;
use num_bigint::BigUint;
use proptest::prelude::*;

fn big(words: &[u64]) -> BigUint {
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    BigUint::from_bytes_le(&bytes)
}

fn check(x: [u64; 8]) {
    assert_eq!(big(&reduce_wide(&x)), big(&x) % big(&ORDER), "{x:x?}");
    let low = [x[0], x[1], x[2], x[3]];
    assert_eq!(big(&reduce(&low)), big(&low) % big(&ORDER), "{low:x?}");
}

#[test]
fn extremes_reduce() {
    check([0; 8]);
    check([u64::MAX; 8]);
    let order = big(&ORDER);
    for shift in 0..260usize {
        for delta in 0..3u32 {
            let x = (&order << shift) + BigUint::from(delta) - BigUint::from(1u32);
            let mut words = [0; 8];
            for (word, digit) in words.iter_mut().zip(x.iter_u64_digits()) {
                *word = digit;
            }
            check(words);
        }
    }
    for bit in 0..512 {
        let mut x = [0; 8];
        x[bit / 64] = 1 << (bit % 64);
        check(x);
    }
}

proptest! {
    #[test]
    fn any_integer_reduces(x in any::<[u64; 8]>()) {
        check(x);
    }

    #[test]
    fn windows_of_the_offset_are_signed_digits(x in any::<[u64; 8]>()) {
        let k = reduce_wide(&x);
        let words = add(k, window_offset(5, 51));
        let offset_k = big(&words);
        let mut sum = num_bigint::BigInt::from(0);
        for i in 0..51usize {
            let window = (&offset_k >> (5 * i)) & BigUint::from(31u32);
            sum += (num_bigint::BigInt::from(window) - 16) << (5 * i);
        }
        prop_assert_eq!(sum, num_bigint::BigInt::from(big(&k)));
    }
}
