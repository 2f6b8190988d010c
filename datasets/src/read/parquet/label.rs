//! Ids that are not text, as text.

use std::fmt::{Debug, Display, Write as _};

use parquet::basic::TimeUnit;

use super::schema::CellType;

/// Writing to a String cannot fail.
macro_rules! put {
    ($out:expr, $($text:tt)*) => {
        let _ = write!($out, $($text)*);
    };
}

/// The integer of at most 16 bytes, the highest first, in two's complement.
pub(super) fn big_endian(bytes: &[u8]) -> Option<i128> {
    let negative = bytes.first().is_some_and(|first| first & 0x80 != 0);
    let fill = if negative { -1 } else { 0 };
    (bytes.len() <= 16).then(|| bytes.iter().fold(fill, |value, byte| value << 8 | i128::from(*byte)))
}

pub(super) fn hex(bytes: &[u8], out: &mut String) -> bool {
    bytes.iter().for_each(|byte| {
        put!(out, "{byte:02x}");
    });
    true
}

/// In the canonical form: groups of 8, 4, 4, 4 and 12 digits.
pub(super) fn uuid(bytes: &[u8], out: &mut String) -> bool {
    for (at, byte) in bytes.iter().enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            out.push('-');
        }
        put!(out, "{byte:02x}");
    }
    true
}

/// The shortest digits that give the number again. There is none for NaN.
pub(super) fn float<T: Display + Debug + Into<f64> + Copy>(value: T, out: &mut String) -> bool {
    let wide: f64 = value.into();
    match wide.abs() {
        _ if wide.is_nan() => return false,
        // Hundreds of digits otherwise.
        size if size.is_finite() && size != 0.0 && !(1e-5..1e16).contains(&size) => {
            put!(out, "{value:?}");
        }
        _ => {
            put!(out, "{value}");
        }
    }
    true
}

/// The number in a cell of this type.
pub(super) fn number(value: i128, of: CellType, out: &mut String) -> bool {
    match of {
        CellType::Decimal { scale } => decimal(value, scale.into(), out),
        CellType::Date => date(value, out),
        CellType::Time { unit } => {
            time(value, unit, out);
        }
        CellType::Timestamp { unit, utc } => {
            let day = 86_400 * per_second(unit);
            date(value.div_euclid(day), out);
            out.push('T');
            time(value.rem_euclid(day), unit, out);
            if utc {
                out.push('Z');
            }
        }
        _ => {
            put!(out, "{value}");
        }
    }
    true
}

fn decimal(value: i128, scale: usize, out: &mut String) {
    let sign = if value < 0 { "-" } else { "" };
    let digits = format!("{:0>width$}", value.unsigned_abs(), width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    put!(out, "{sign}{whole}{}{fraction}", if scale > 0 { "." } else { "" });
}

/// A day counted from 1970-01-01, in the Gregorian calendar.
fn date(day: i128, out: &mut String) {
    // Years are counted from March, so that the leap day is the last one, in eras of 400 years.
    let day = day + 719_468;
    let (era, of_era) = (day.div_euclid(146_097), day.rem_euclid(146_097));
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = era * 400 + year + i128::from(month <= 2);
    let sign = if year < 0 { "-" } else { "" };
    put!(out, "{sign}{:04}-{month:02}-{day:02}", year.unsigned_abs());
}

fn per_second(unit: TimeUnit) -> i128 {
    match unit {
        TimeUnit::MILLIS => 1_000,
        TimeUnit::MICROS => 1_000_000,
        TimeUnit::NANOS => 1_000_000_000,
    }
}

/// A time of the day; a fraction of a second only where there is one, as long as the unit is fine.
fn time(value: i128, unit: TimeUnit, out: &mut String) {
    let per_second = per_second(unit);
    let (seconds, fraction) = (value.div_euclid(per_second), value.rem_euclid(per_second));
    put!(out, "{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    if fraction != 0 {
        let digits = match unit {
            TimeUnit::MILLIS => 3,
            TimeUnit::MICROS => 6,
            TimeUnit::NANOS => 9,
        };
        put!(out, ".{fraction:0digits$}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(write: impl FnOnce(&mut String) -> bool) -> Option<String> {
        let mut out = String::new();
        write(&mut out).then_some(out)
    }

    #[test]
    fn numbers_are_written_in_the_fewest_digits() {
        for (value, expected) in [
            (0.1, "0.1"),
            (-0.0, "-0"),
            (7.0, "7"),
            (1e15, "1000000000000000"),
            (1e16, "1e16"),
            (-1.5e300, "-1.5e300"),
            (5e-324, "5e-324"),
            (0.00001, "0.00001"),
            (f64::INFINITY, "inf"),
        ] {
            assert_eq!(text(|out| float(value, out)).as_deref(), Some(expected));
            assert_eq!(expected.parse::<f64>().map(f64::to_bits), Ok(value.to_bits()));
        }
        assert_eq!(text(|out| float(0.1f32, out)).as_deref(), Some("0.1"));
        assert_eq!(text(|out| float(f32::MAX, out)).as_deref(), Some("3.4028235e38"));
        assert_eq!(text(|out| float(f64::NAN, out)), None);
    }

    #[test]
    fn decimal_numbers_have_their_scale() {
        for (value, scale, expected) in [
            (0, 0, "0"),
            (-12345, 0, "-12345"),
            (-12345, 2, "-123.45"),
            (5, 3, "0.005"),
            (-5, 1, "-0.5"),
            (i128::MIN, 38, "-1.70141183460469231731687303715884105728"),
        ] {
            let of = CellType::Decimal { scale };
            assert_eq!(text(|out| number(value, of, out)).as_deref(), Some(expected));
        }
        assert_eq!((big_endian(&[0xff, 0x85]), big_endian(&[0x00, 0x85])), (Some(-123), Some(133)));
        assert_eq!((big_endian(&[]), big_endian(&[0x80; 17])), (Some(0), None));
        assert_eq!(big_endian(&i128::MIN.to_be_bytes()), Some(i128::MIN));
    }

    #[test]
    fn days_and_times_are_those_of_the_calendar() {
        for (day, expected) in [
            (0, "1970-01-01"),
            (-1, "1969-12-31"),
            (11_016, "2000-02-29"),
            (11_017, "2000-03-01"),
            (19_782, "2024-02-29"),
            (-25_508, "1900-03-01"),
            (-719_528, "0000-01-01"),
            (-719_529, "-0001-12-31"),
            (2_932_897, "10000-01-01"),
        ] {
            assert_eq!(text(|out| number(day, CellType::Date, out)).as_deref(), Some(expected));
        }
        let (millis, micros, nanos) = (TimeUnit::MILLIS, TimeUnit::MICROS, TimeUnit::NANOS);
        for (value, unit, utc, expected) in [
            (1_700_000_000_000, millis, true, "2023-11-14T22:13:20Z"),
            (-1, micros, false, "1969-12-31T23:59:59.999999"),
            (1_000, nanos, true, "1970-01-01T00:00:00.000001000Z"),
        ] {
            let of = CellType::Timestamp { unit, utc };
            assert_eq!(text(|out| number(value, of, out)).as_deref(), Some(expected));
        }
        for (unit, utc) in [(millis, true), (micros, false), (nanos, true)] {
            for value in [i64::MIN, i64::MAX] {
                let of = CellType::Timestamp { unit, utc };
                assert!(text(|out| number(value.into(), of, out)).is_some());
            }
        }
        let of = CellType::Time { unit: millis };
        assert_eq!(text(|out| number(86_399_999, of, out)).as_deref(), Some("23:59:59.999"));
    }

    #[test]
    fn uuids_are_canonical() {
        let bytes: Vec<u8> = (0..16).map(|at| at * 17).collect();
        let expected = "00112233-4455-6677-8899-aabbccddeeff";
        assert_eq!(text(|out| uuid(&bytes, out)).as_deref(), Some(expected));
        assert_eq!(text(|out| hex(&bytes, out)), Some(expected.replace('-', "")));
    }
}
