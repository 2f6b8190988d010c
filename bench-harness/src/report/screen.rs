//! One screen that needs no reading: signatures a second, by scheme.

use std::fmt::Write;

use sigwarp_datasets::human;

use super::Measurement;
use super::table::align;
use crate::catalogue::{SUITE_OVERVIEW, on_all_threads};

/// The rows of the suite `overview` as a screen, or `None` where there are none with a figure. `processor` is what the
/// machine calls itself.
pub fn screen(rows: &[Measurement], processor: &str) -> Option<String> {
    let rows: Vec<&Measurement> = rows.iter().filter(|row| row.suite == SUITE_OVERVIEW).collect();
    let rate = |row: Option<&Measurement>| {
        let figure = row.and_then(|row| row.subject.as_ref())?;
        Some((figure.threads, human::rate(figure.items_per_second)))
    };
    let mut lines = Vec::new();
    let (mut few, mut many) = (1, 0);
    for &row in &rows {
        let Some(all_threads) = on_all_threads(&row.id) else { continue };
        let Some((threads, one)) = rate(Some(row)) else { continue };
        let all = rate(rows.iter().copied().find(|other| other.id == all_threads));
        few = threads;
        many = all.as_ref().map_or(many, |(threads, _)| *threads);
        let backend = row.subject.as_ref().and_then(|figure| figure.backend.clone()).unwrap_or_default();
        let portable = row.baseline.as_ref().map(|figure| human::rate(figure.items_per_second));
        let times = row.ratio.map(|ratio| format!("{:.1} times", ratio.median));
        let all = all.map(|(_, rate)| rate);
        lines.push((row.title.clone(), backend, one, all, portable, times));
    }
    if lines.is_empty() {
        return None;
    }
    let on = |threads: usize| match threads {
        1 => "one core".to_owned(),
        threads => format!("{threads} threads"),
    };
    // A column that no row fills is left out.
    let has_all = lines.iter().any(|line| line.3.is_some());
    let has_portable = lines.iter().any(|line| line.4.is_some());
    let mut head = vec!["scheme".to_owned(), "backend".to_owned(), on(few)];
    head.extend(has_all.then(|| on(many)));
    if has_portable {
        head.extend([format!("portable, {}", on(few)), "faster by".to_owned()]);
    }
    let mut table = vec![head];
    for (title, backend, one, all, portable, times) in lines {
        let cell = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
        let mut line = vec![title, backend, one];
        line.extend(has_all.then(|| cell(all)));
        if has_portable {
            line.extend([cell(portable), cell(times)]);
        }
        table.push(line);
    }
    let mut out = String::new();
    let _ = writeln!(out, "Signatures that this machine verifies a second ({processor})\n");
    out.push_str(&align(&table));
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples::measurement;

    #[test]
    fn a_screen_has_a_line_for_each_scheme() {
        let mut threads = measurement("overview/threads/ed25519", Some(5_000.0), None);
        threads.subject.as_mut().expect("a figure").threads = 2;
        let rows = [
            measurement("overview/ed25519", Some(10_000.0), Some(40_000.0)),
            threads,
            measurement("overview/sm2", Some(25_000.0), None),
            measurement("overview/p256", None, None),
            measurement("sizes/a", Some(1.0), None),
        ];
        let text = screen(&rows, "a processor").expect("a screen");
        let lines: Vec<Vec<&str>> = text
            .lines()
            .map(|line| line.split("  ").map(str::trim).filter(|c| !c.is_empty()).collect())
            .collect();
        assert_eq!(lines[0], ["Signatures that this machine verifies a second (a processor)"]);
        assert_eq!(
            lines[2],
            ["scheme", "backend", "one core", "2 threads", "portable, one core", "faster by"]
        );
        assert_eq!(
            lines[3],
            ["row <overview/ed25519>", "portable", "100k/s", "200k/s", "25.0k/s", "4.0 times"]
        );
        assert_eq!(lines[4], ["row <overview/sm2>", "portable", "40.0k/s", "-", "-", "-"]);
        assert_eq!(lines.len(), 5);
        let alone = screen(&rows[2..3], "x").expect("a screen");
        assert!(!alone.contains("threads") && !alone.contains("faster"), "{alone}");
        assert_eq!(screen(&rows[3..], "x"), None);
    }
}
