//! Records to reports: parsed and folded by all threads, with one call of the engine for all between.

use std::time::{Duration, Instant};

use rayon::iter::{
    IndexedParallelIterator as _, IntoParallelIterator as _, IntoParallelRefMutIterator as _,
    ParallelIterator as _,
};
use rayon::slice::ParallelSlice as _;
use rayon::{ThreadPool, ThreadPoolBuilder};
use sigwarp::Engine;
use sigwarp_profiles::{Batch, Report, System, WrongContext, answer_round};

use super::records::Record;
use crate::exit::Failure;

/// The fewest records that a thread is given.
const SHARE: usize = 256;

/// See the module.
pub(super) struct Judge<'a> {
    engine: &'a Engine,
    system: &'static dyn System,
    threads: ThreadPool,
}

impl<'a> Judge<'a> {
    pub(super) fn new(engine: &'a Engine, system: &'static dyn System) -> Result<Self, Failure> {
        let threads = ThreadPoolBuilder::new().num_threads(engine.threads()).build();
        let threads =
            threads.map_err(|error| Failure::engine(format!("no threads to parse with: {error}")))?;
        Ok(Self { engine, system, threads })
    }

    /// The report of each record, in order, and the time that the engine took.
    pub(super) fn reports(&self, records: &[Record]) -> Result<(Vec<Report>, Duration), Failure> {
        let share = records.len().div_ceil(self.threads.current_num_threads()).max(SHARE);
        let parse = |records| self.parse(records);
        let batches: Result<Vec<Batch<'_>>, WrongContext> =
            self.threads.install(|| records.par_chunks(share).map(parse).collect());
        let mut batches = batches.map_err(Failure::engine)?;
        let (mut results, mut spent) = (Vec::new(), Duration::ZERO);
        loop {
            let start = Instant::now();
            answer_round(self.engine, &batches, &mut results).map_err(Failure::engine)?;
            spent += start.elapsed();
            let resume = || {
                let each = batches.par_iter_mut().zip(&results);
                each.map(|(batch, results)| batch.resume(results)).reduce(|| false, |one, other| one | other)
            };
            if !self.threads.install(resume) {
                break;
            }
        }
        let fold = || {
            let folded = batches.into_par_iter().zip(&results).map(|(batch, results)| batch.fold(results));
            folded.collect::<Vec<Vec<Report>>>()
        };
        Ok((self.threads.install(fold).into_iter().flatten().collect(), spent))
    }

    fn parse<'r>(&self, records: &'r [Record]) -> Result<Batch<'r>, WrongContext> {
        let mut batch = Batch::new();
        for record in records {
            self.system.push(&mut batch, &record.bytes, &record.context)?;
        }
        Ok(batch)
    }
}
