//! How far a run is: a line on a terminal, and nothing elsewhere.

use std::fs;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use sigwarp_datasets::human;

/// The steps of a bar.
const STEPS: u64 = 1000;

/// What a rate and an estimate need before they mean something.
const SETTLED: Duration = Duration::from_millis(500);

/// The share of a run's input that has been read, over all of its files: by bytes, since they have different sizes.
#[derive(Debug)]
pub(crate) struct Sizes {
    /// The bytes before each file, and of all; nothing where the size of one is not known (a pipe, a terminal).
    before: Option<(Vec<u64>, u64)>,
}

impl Sizes {
    /// The sizes of these files.
    pub(crate) fn of(files: &[PathBuf]) -> Self {
        Self::new(files.iter().map(|file| size(file)))
    }

    fn new(sizes: impl Iterator<Item = Option<u64>>) -> Self {
        let mut sum = 0_u64;
        let before = sizes
            .map(|size| {
                let before = sum;
                sum = sum.checked_add(size?)?;
                Some(before)
            })
            .collect::<Option<Vec<u64>>>();
        Self { before: before.filter(|_| sum > 0).map(|before| (before, sum)) }
    }

    /// The share of all that has been read, from 0 to 1, when `share` of a file has been.
    pub(crate) fn read(&self, file: usize, share: Option<f64>) -> Option<f64> {
        let (before, all) = self.before.as_ref()?;
        let start = *before.get(file)?;
        let end = before.get(file + 1).unwrap_or(all);
        let read = start as f64 + share?.clamp(0.0, 1.0) * (end - start) as f64;
        Some(read / *all as f64)
    }
}

fn size(file: &Path) -> Option<u64> {
    fs::metadata(file).ok().filter(fs::Metadata::is_file).map(|metadata| metadata.len())
}

/// The line.
pub(crate) struct Progress {
    bar: ProgressBar,
    start: Instant,
    rows: u64,
    sized: bool,
}

impl Progress {
    /// A line with rows, rate and time where standard error is a terminal and the run is not `quiet`.
    pub(crate) fn start(quiet: bool) -> Self {
        let bar = match quiet || !std::io::stderr().is_terminal() {
            true => ProgressBar::hidden(),
            false => ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr()),
        };
        bar.set_style(style("{spinner} {msg}"));
        Self { bar, start: Instant::now(), rows: 0, sized: false }
    }

    /// Says that `rows` more are done, and how much of all that is, where it is known.
    pub(crate) fn advance(&mut self, rows: u64, share: Option<f64>) {
        self.rows += rows;
        if self.bar.is_hidden() {
            return;
        }
        if let Some(share) = share {
            if !self.sized {
                self.bar.set_style(style("{bar:24} {msg}"));
                self.bar.set_length(STEPS);
                self.sized = true;
            }
            self.bar.set_position((share * STEPS as f64) as u64);
        }
        self.bar.set_message(message(self.rows, self.start.elapsed(), share));
        self.bar.tick();
    }

    /// Takes the line away.
    pub(crate) fn end(&self) {
        self.bar.finish_and_clear();
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.end();
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("the template is well-formed")
}

fn message(rows: u64, elapsed: Duration, share: Option<f64>) -> String {
    let mut text = format!("{} rows", human::count(rows));
    if elapsed < SETTLED {
        return text;
    }
    text.push_str(&format!(
        ", {}, {}",
        human::rate(rows as f64 / elapsed.as_secs_f64()),
        human::duration(elapsed)
    ));
    if let Some(share) = share.filter(|share| (0.005..1.0).contains(share)) {
        let left = elapsed.mul_f64((1.0 - share) / share);
        text.push_str(&format!(", about {} left", human::duration(left)));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_that_is_read_counts_the_bytes_of_all_files() {
        let sizes = Sizes::new([Some(100), Some(0), Some(300)].into_iter());
        for (file, share, read) in
            [(0, 0.0, 0.0), (0, 0.5, 0.125), (1, 0.5, 0.25), (2, 0.0, 0.25), (2, 1.0, 1.0), (2, 7.0, 1.0)]
        {
            assert_eq!(sizes.read(file, Some(share)), Some(read), "{share} of file {file}");
        }
        assert_eq!((sizes.read(0, None), sizes.read(3, Some(0.5))), (None, None));
        for unknown in [vec![Some(1), None], vec![Some(0)], vec![], vec![Some(u64::MAX), Some(1)]] {
            assert_eq!(Sizes::new(unknown.into_iter()).read(0, Some(0.5)), None);
        }
        assert_eq!(size(Path::new("-")), None);
    }

    #[test]
    fn the_time_that_is_left_is_told_once_it_can_be_estimated() {
        let second = Duration::from_secs(1);
        assert_eq!(message(1000, Duration::ZERO, Some(0.5)), "1,000 rows");
        assert_eq!(message(1000, second, None), "1,000 rows, 1.00k/s, 1.0 s");
        assert_eq!(
            message(4_000_000, second * 10, Some(0.25)),
            "4.00 million rows, 400k/s, 10 s, about 30 s left"
        );
        for share in [0.0, 0.001, 1.0, f64::NAN] {
            assert_eq!(message(1000, second, Some(share)), "1,000 rows, 1.00k/s, 1.0 s");
        }
    }
}
