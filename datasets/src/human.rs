//! Numbers as people read them: three digits that matter, and a unit.

use std::time::Duration;

/// A rate in items a second: `870/s`, `12.3k/s`, `390k/s`, `1.20M/s`.
///
/// ```
/// use sigwarp_datasets::human;
///
/// assert_eq!(human::rate(390_120.0), "390k/s");
/// ```
pub fn rate(per_second: f64) -> String {
    if !per_second.is_finite() || per_second < 0.0 {
        return "unknown".to_owned();
    }
    let (scaled, unit) = scale(per_second);
    format!("{}{unit}/s", digits(scaled, unit.is_empty()))
}

/// A rate in bytes a second: `870 B/s`, `1.20 GB/s`.
pub fn byte_rate(per_second: f64) -> String {
    if !per_second.is_finite() || per_second < 0.0 {
        return "unknown".to_owned();
    }
    let (scaled, unit) = scale(per_second);
    format!("{} {unit}B/s", digits(scaled, unit.is_empty()))
}

/// A number of things: every digit below a hundred thousand (`12,345`), and three behind it (`1.20 million`).
///
/// ```
/// use sigwarp_datasets::human;
///
/// assert_eq!([human::count(217), human::count(1_203_456)], ["217", "1.20 million"]);
/// ```
pub fn count(number: u64) -> String {
    match number {
        0..100_000 => grouped(number),
        100_000..999_500 => format!("{} thousand", (number + 500) / 1000),
        _ => {
            let millions = number as f64 / 1e6;
            match millions < 999.5 {
                true => format!("{} million", digits(millions, false)),
                false => format!("{} billion", digits(millions / 1e3, false)),
            }
        }
    }
}

/// A number with its thousands separated, without loss.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A time: `400 µs`, `31 ms`, `3.1 s`, `12 min 5 s`, `3 h 20 min`.
pub fn duration(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    if seconds < 0.000_95 {
        return format!("{:.0} µs", seconds * 1e6);
    }
    if seconds < 0.009_95 {
        return format!("{:.1} ms", seconds * 1e3);
    }
    if seconds < 0.999_5 {
        return format!("{:.0} ms", seconds * 1e3);
    }
    if seconds < 9.95 {
        return format!("{seconds:.1} s");
    }
    let whole = seconds.round() as u64;
    match whole {
        0..120 => format!("{whole} s"),
        120..7200 => format!("{} min {} s", whole / 60, whole % 60),
        _ => format!("{} h {} min", whole / 3600, whole / 60 % 60),
    }
}

/// Below a thousand of a unit, as far as there are units.
fn scale(number: f64) -> (f64, &'static str) {
    let units = ["", "k", "M", "G"];
    let mut scaled = number;
    for unit in units {
        // What rounds up to a thousand is shown in the next unit.
        if scaled < 999.5 || unit == "G" {
            return (scaled, unit);
        }
        scaled /= 1e3;
    }
    (scaled, "G")
}

/// Three digits that matter; none behind the point for a whole number of things above nine.
fn digits(number: f64, whole: bool) -> String {
    match number {
        ..9.995 if whole => format!("{number:.1}").trim_end_matches(".0").to_owned(),
        ..9.995 => format!("{number:.2}"),
        ..99.95 if !whole => format!("{number:.1}"),
        _ => format!("{number:.0}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_have_three_digits_and_a_unit() {
        for (number, text) in [
            (0.0, "0/s"),
            (0.44, "0.4/s"),
            (12.0, "12/s"),
            (999.4, "999/s"),
            (999.5, "1.00k/s"),
            (12_345.0, "12.3k/s"),
            (390_120.0, "390k/s"),
            (999_499.0, "999k/s"),
            (999_500.0, "1.00M/s"),
            (2.5e9, "2.50G/s"),
            (f64::NAN, "unknown"),
            (f64::INFINITY, "unknown"),
        ] {
            assert_eq!(rate(number), text, "{number}");
        }
        assert_eq!([byte_rate(870.0), byte_rate(1.2e9)], ["870 B/s", "1.20 GB/s"]);
        // The largest number is still a number.
        assert!(rate(f64::MAX).ends_with("G/s"));
    }

    #[test]
    fn counts_keep_every_digit_while_they_are_short() {
        for (number, text) in [
            (0, "0"),
            (999, "999"),
            (12_345, "12,345"),
            (99_999, "99,999"),
            (100_000, "100 thousand"),
            (999_499, "999 thousand"),
            (999_500, "1.00 million"),
            (1_203_456, "1.20 million"),
            (50_000_000_000, "50.0 billion"),
            (u64::MAX, "18446744074 billion"),
        ] {
            assert_eq!(count(number), text);
        }
        assert_eq!(grouped(u64::MAX), "18,446,744,073,709,551,615");
    }

    #[test]
    fn times_have_the_unit_that_fits() {
        let text = |seconds: f64| duration(Duration::from_secs_f64(seconds));
        for (seconds, shown) in [
            (0.0, "0 µs"),
            (0.000_4, "400 µs"),
            (0.003_1, "3.1 ms"),
            (0.031, "31 ms"),
            (0.999_4, "999 ms"),
            (0.999_6, "1.0 s"),
            (3.12, "3.1 s"),
            (9.96, "10 s"),
            (119.4, "119 s"),
            (725.0, "12 min 5 s"),
            (12_000.0, "3 h 20 min"),
        ] {
            assert_eq!(text(seconds), shown, "{seconds}");
        }
        assert!(duration(Duration::MAX).ends_with(" min"));
    }
}
