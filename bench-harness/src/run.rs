//! Measures rows and fills a report.

use std::sync::Arc;

use crate::catalogue::{self, Contender, Row, SUITE_OVERVIEW, Side};
use crate::contenders::{Answers, Sigwarp};
use crate::measure::{self, Clock, Cores, Measured, Run, Settings, Summary, WIDE_SPREAD, ratios};
use crate::report::{
    Build, Figure, FloorFigure, Machine, Measurement, NotMeasured, Report, SCHEMA_VERSION,
    SELF_CHECK_TOLERANCE, SelfCheck, now,
};
use crate::workload::{Cache, Kind, Spec, Workload};

/// A share of the processor below this on a row with one thread means that somebody else had the core.
const DISTURBED: f64 = 0.97;

/// How to run.
#[derive(Debug, Clone)]
pub struct Options {
    /// How long and how often.
    pub settings: Settings,
    /// The core to measure on; the quietest where it is left open.
    pub core: Option<usize>,
    /// Rows with more items are left out, with a note.
    pub max_items: usize,
    /// Whether baselines that are other crates are measured; without them a row shows Sigwarp alone.
    pub peers: bool,
    /// The command line, for the report.
    pub command: Vec<String>,
}

/// The most seconds for a row of the suite `overview`: somebody waits for its screen.
const OVERVIEW_SECONDS: f64 = 0.5;

/// Measures `rows`. `progress` is told of each row before it is measured, with those that have been.
pub fn run(
    rows: &[Row],
    options: &Options,
    mut progress: impl FnMut(&Row, &[Measurement]),
) -> Result<Report, String> {
    let started = now();
    let cores = Cores::find(options.core)?;
    let mut warnings = Vec::new();
    match &cores {
        Some(cores) => cores.pin(1)?,
        None => warnings.push("threads cannot be pinned on this system: expect wide spreads".to_owned()),
    }
    let machine = Machine::detect(cores.as_ref());
    let build = Build::this();
    if build.profile != "release" {
        warnings.push(
            "a build without optimisation: its figures mean nothing; use cargo run --release".to_owned(),
        );
    }
    if build.native {
        warnings.push(
            "a build for the native processor: peers that choose their code at compile time are faster than in a \
             default build, and targets are set against default builds"
                .to_owned(),
        );
    }
    let mut bench = Bench { options, cores, cache: Cache::default() };
    let self_check = bench.self_check()?;
    if !self_check.passed {
        warnings.push(format!(
            "the self-check failed: a function took {:.3} of its own time; use a quieter machine, or --clock cpu",
            self_check.ratio.median
        ));
    }
    let mut measurements = Vec::new();
    for row in rows {
        progress(row, &measurements);
        measurements.push(bench.row(row)?);
    }
    let marked = measurements.iter().filter(|row| !row.warnings.is_empty()).count();
    if marked > 0 {
        warnings.push(format!(
            "{marked} of {} rows are marked: p10 to p90 over {:.0} % of the median, or a core shared with others",
            measurements.len(),
            WIDE_SPREAD * 100.0
        ));
    }
    Ok(Report {
        schema_version: SCHEMA_VERSION,
        tool: concat!("sigwarp-bench ", env!("CARGO_PKG_VERSION")).to_owned(),
        started,
        command: options.command.clone(),
        machine,
        build,
        settings: options.settings,
        self_check,
        rows: measurements,
        not_measured: not_measured(rows),
        warnings,
    })
}

/// The figures of peers that are no crates belong to a report that shows the peers.
fn not_measured(rows: &[Row]) -> Vec<NotMeasured> {
    if !rows.iter().any(|row| row.suite == "peers") {
        return Vec::new();
    }
    let entry = |peer: &catalogue::NotACrate| NotMeasured {
        name: peer.name.to_owned(),
        what: peer.what.to_owned(),
        reference_ns: peer.ns,
        why: "not a Rust crate".to_owned(),
    };
    catalogue::not_crates().iter().map(entry).collect()
}

/// A side that is ready to run.
struct Ready<'w> {
    run: Run<'w>,
    backend: Option<String>,
    expected: Option<Vec<u64>>,
}

struct Bench<'a> {
    options: &'a Options,
    cores: Option<Cores>,
    cache: Cache,
}

impl Bench<'_> {
    fn pin(&self, threads: usize) -> Result<(), String> {
        self.cores.as_ref().map_or(Ok(()), |cores| cores.pin(threads))
    }

    /// Inputs are made on all cores; afterwards the thread is back on its own.
    fn workload(&mut self, spec: Spec) -> Result<Arc<Workload>, String> {
        self.pin(usize::MAX)?;
        let workload = self.cache.get(spec);
        self.pin(1)?;
        Ok(workload)
    }

    fn self_check(&mut self) -> Result<SelfCheck, String> {
        let workload = self.workload(Spec::new(Kind::Ed25519, 64, 512))?;
        let contender = Sigwarp::auto(Some("strict"));
        let (mut a, backend) = contender.prepare(&workload, 1)?;
        let (mut b, _) = contender.prepare(&workload, 1)?;
        let side =
            |run| measure::Side { run, chunks: workload.spec.chunks(), items_per_chunk: 64, expected: None };
        let measured = measure::measure(&mut [side(&mut a), side(&mut b)], &self.options.settings)
            .map_err(|error| error.to_string())?;
        let ratio =
            Summary::of(&ratios(&measured[0].ns_per_item, &measured[1].ns_per_item)).ok_or("no rounds")?;
        Ok(SelfCheck {
            what: format!("sigwarp strict on {backend}, n=64, against itself"),
            ratio,
            rounds: measured[0].ns_per_item.len(),
            tolerance: SELF_CHECK_TOLERANCE,
            passed: (ratio.median - 1.0).abs() <= SELF_CHECK_TOLERANCE,
        })
    }

    fn row(&mut self, row: &Row) -> Result<Measurement, String> {
        let mut result = unmeasured(row);
        if row.items() > self.options.max_items {
            result.notes.push(format!("left out: {} items; raise --max-items", row.items()));
            return Ok(result);
        }
        let subject = match &row.subject {
            Some(side) => Some((side, self.workload(side.spec)?)),
            None => None,
        };
        let baseline = match &row.baseline {
            Some(side) if self.options.peers || matches!(side.contender, Contender::Sigwarp(_)) => {
                Some((side, self.workload(side.spec)?))
            }
            _ => None,
        };
        // Threads inherit the set of cores that is in force while a side is made ready.
        let mut ready = Vec::new();
        for (role, entry) in [("subject", &subject), ("baseline", &baseline)] {
            let Some((side, workload)) = entry else { continue };
            self.pin(side.threads)?;
            match prepare(side, workload) {
                Ok(made) => ready.push((role, *side, workload, made)),
                Err(why) => result.notes.push(format!("no {role}: {why}")),
            }
        }
        self.pin(1)?;
        let settings = Settings {
            clock: if ready.iter().all(|(_, side, _, _)| side.threads == 1) {
                self.options.settings.clock
            } else {
                Clock::Wall
            },
            row_seconds: match row.suite {
                SUITE_OVERVIEW => self.options.settings.row_seconds.min(OVERVIEW_SECONDS),
                _ => self.options.settings.row_seconds,
            },
            ..self.options.settings
        };
        let mut sides: Vec<measure::Side<'_, '_>> = ready
            .iter_mut()
            .map(|(_, _, workload, made)| measure::Side {
                run: &mut made.run,
                chunks: workload.spec.chunks(),
                items_per_chunk: workload.spec.batch,
                expected: made.expected.as_deref(),
            })
            .collect();
        let measured =
            measure::measure(&mut sides, &settings).map_err(|error| format!("{}: {error}", row.id))?;
        drop(sides);
        if let [a, b] = measured.as_slice() {
            result.ratio = Summary::of(&ratios(&a.ns_per_item, &b.ns_per_item));
        }
        for ((role, side, _, made), measured) in ready.into_iter().zip(&measured) {
            let Some(figure) = figure(side, made.backend, measured) else { continue };
            if side.threads == 1 && settings.clock == Clock::Wall && figure.cpu_share < DISTURBED {
                result.warnings.push(format!(
                    "disturbed: the {role} had the core {:.0} % of the time",
                    figure.cpu_share * 100.0
                ));
            }
            match role {
                "subject" => result.subject = Some(figure),
                _ => result.baseline = Some(figure),
            }
        }
        finish(&mut result);
        Ok(result)
    }
}

fn prepare<'w>(side: &Side, workload: &'w Workload) -> Result<Ready<'w>, String> {
    match &side.contender {
        Contender::Sigwarp(sigwarp) => {
            let (run, backend) = sigwarp.prepare(workload, side.threads)?;
            Ok(Ready { run, backend: Some(backend), expected: workload.expected() })
        }
        Contender::Peer(peer) => {
            if side.threads > peer.max_threads {
                return Err(format!("{} uses {} threads at most", peer.id, peer.max_threads));
            }
            let run = peer.prepare(workload, side.threads)?;
            Ok(Ready { run, backend: None, expected: workload.expected() })
        }
    }
}

fn figure(side: &Side, backend: Option<String>, measured: &Measured) -> Option<Figure> {
    let ns_per_item = Summary::of(&measured.ns_per_item)?;
    let versions = Build::this().versions;
    let version = |package: &str| versions.get(package).cloned().unwrap_or_default();
    let (contender, version, answers) = match &side.contender {
        Contender::Sigwarp(sigwarp) => (sigwarp.label(), version("sigwarp"), sigwarp.answers()),
        Contender::Peer(peer) => (peer.id.to_owned(), version(peer.package), peer.answers),
    };
    debug_assert!(answers != Answers::OneBoolean || side.spec.bad == crate::workload::Bad::None);
    Some(Figure {
        contender,
        version,
        backend,
        keys: side.contender.keys(),
        answers,
        workload: side.spec,
        threads: side.threads,
        ns_per_item,
        items_per_second: 1e9 / ns_per_item.median,
        rounds: measured.ns_per_item.len(),
        calls_per_sample: measured.chunks_per_sample,
        cpu_share: measured.cpu_share,
    })
}

fn unmeasured(row: &Row) -> Measurement {
    Measurement {
        suite: row.suite.to_owned(),
        id: row.id.clone(),
        title: row.title.clone(),
        unit: row.unit().to_owned(),
        subject: None,
        baseline: None,
        ratio: None,
        required: row.required,
        aim: row.aim,
        reference_ns: row.reference.and_then(|reference| {
            if Build::is_native() { reference.native_ns } else { reference.default_ns }
        }),
        reference_ratio: None,
        floor: row.floor.map(|floor| FloorFigure {
            ns: floor.ns,
            source: floor.source.to_owned(),
            times: None,
        }),
        x: row.x,
        notes: Vec::new(),
        warnings: Vec::new(),
    }
}

/// What follows from the figures.
fn finish(row: &mut Measurement) {
    row.reference_ratio =
        row.baseline.as_ref().zip(row.reference_ns).map(|(figure, ns)| figure.ns_per_item.median / ns);
    if let Some(floor) = &mut row.floor {
        floor.times = row.subject.as_ref().map(|figure| figure.ns_per_item.median / floor.ns);
    }
    let wide = match (&row.ratio, &row.subject, &row.baseline) {
        (Some(ratio), _, _) => Some(("the ratio", ratio.spread())),
        (None, Some(figure), _) | (None, None, Some(figure)) => {
            Some(("the time", figure.ns_per_item.spread()))
        }
        (None, None, None) => None,
    };
    if let Some((what, spread)) = wide.filter(|(_, spread)| *spread > WIDE_SPREAD) {
        row.warnings
            .push(format!("wide spread: p10 to p90 of {what} is {:.0} % of the median", spread * 100.0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quick_run_measures_sigwarp_and_says_what_it_lacks() {
        let settings = Settings { row_seconds: 0.02, warm_up_seconds: 0.0, ..Settings::QUICK };
        let options = Options {
            settings,
            core: None,
            max_items: 1100,
            peers: true,
            command: vec!["sigwarp-bench".to_owned()],
        };
        let rows: Vec<Row> = catalogue::rows(1)
            .into_iter()
            .filter(|row| {
                ["sizes/strict/n=1", "sizes/strict/n=4096", "targets/sm2", "targets/single/strict"]
                    .contains(&row.id.as_str())
            })
            .collect();
        assert_eq!(rows.len(), 4);
        let report = run(&rows, &options, |_, _| ()).unwrap();
        let row = |id: &str| report.rows.iter().find(|row| row.id == id).unwrap();
        let small = row("sizes/strict/n=1");
        let figure = small.subject.as_ref().unwrap();
        assert!(figure.ns_per_item.median > 100.0 && figure.items_per_second > 0.0);
        assert_eq!(small.ratio.is_some(), small.baseline.is_some());
        if small.baseline.is_none() {
            assert!(small.notes.iter().any(|note| note.contains("--features ed25519-dalek")));
        }
        assert!(row("sizes/strict/n=4096").notes[0].contains("--max-items"));
        assert!(crate::report::Report::from_json(&report.to_json()).is_ok());
    }
}
