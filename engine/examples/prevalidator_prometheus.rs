//! The counters of the pre-validator as Prometheus reads them: a recorder for the `metrics` facade of a page, in place
//! of an exporter crate. Prints what a scrape would get.
//!
//! `cargo run --release --features metrics --example prevalidator_prometheus`

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use metrics::{Counter, Gauge, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder, SharedString, Unit};
use sigwarp::prevalidator::{Config, Prevalidator, Submission};
use sigwarp::{Ed25519Rule, Engine, Message, Suite};

/// Upper ends of the buckets of every histogram: seconds and items both fit.
const ENDS: [f64; 9] = [1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 1e-1, 1.0, 100.0, 10_000.0];

#[derive(Default)]
struct Buckets(Mutex<([u64; ENDS.len()], u64, f64)>);

impl HistogramFn for Buckets {
    fn record(&self, value: f64) {
        let mut buckets = self.0.lock().expect("a whole histogram");
        let (ends, count, sum) = &mut *buckets;
        ends.iter_mut().zip(ENDS).filter(|(_, end)| value <= *end).for_each(|(bucket, _)| *bucket += 1);
        *count += 1;
        *sum += value;
    }
}

/// Everything that was recorded, by name and labels.
#[derive(Default, Clone)]
struct Page {
    counters: Arc<Mutex<BTreeMap<String, Arc<AtomicU64>>>>,
    gauges: Arc<Mutex<BTreeMap<String, Arc<AtomicU64>>>>,
    histograms: Arc<Mutex<BTreeMap<String, Arc<Buckets>>>>,
}

/// `name{label="value"}`.
fn series(key: &Key) -> String {
    let labels: Vec<_> = key.labels().map(|label| format!("{}=\"{}\"", label.key(), label.value())).collect();
    if labels.is_empty() { key.name().to_owned() } else { format!("{}{{{}}}", key.name(), labels.join(",")) }
}

impl Recorder for Page {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        let mut counters = self.counters.lock().expect("a whole map");
        Counter::from_arc(Arc::clone(counters.entry(series(key)).or_default()))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        let mut gauges = self.gauges.lock().expect("a whole map");
        Gauge::from_arc(Arc::clone(gauges.entry(series(key)).or_default()))
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        let mut histograms = self.histograms.lock().expect("a whole map");
        Histogram::from_arc(Arc::clone(histograms.entry(series(key)).or_default()))
    }
}

impl Page {
    /// The page in the text format of Prometheus, version 0.0.4.
    fn render(&self) -> Result<String, std::fmt::Error> {
        let mut page = String::new();
        let mut last = String::new();
        let mut head = |page: &mut String, series: &str, kind: &str| {
            let name = series.split('{').next().unwrap_or(series);
            if name == last {
                return Ok(());
            }
            name.clone_into(&mut last);
            writeln!(page, "# TYPE {name} {kind}")
        };
        for (series, value) in self.counters.lock().expect("a whole map").iter() {
            head(&mut page, series, "counter")?;
            writeln!(page, "{series} {}", value.load(Ordering::Relaxed))?;
        }
        for (series, value) in self.gauges.lock().expect("a whole map").iter() {
            head(&mut page, series, "gauge")?;
            writeln!(page, "{series} {}", f64::from_bits(value.load(Ordering::Relaxed)))?;
        }
        for (name, buckets) in self.histograms.lock().expect("a whole map").iter() {
            head(&mut page, name, "histogram")?;
            let (counts, count, sum) = *buckets.0.lock().expect("a whole histogram");
            for (end, count) in ENDS.iter().zip(counts) {
                writeln!(page, "{name}_bucket{{le=\"{end}\"}} {count}")?;
            }
            writeln!(page, "{name}_bucket{{le=\"+Inf\"}} {count}\n{name}_sum {sum}\n{name}_count {count}")?;
        }
        Ok(page)
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let page = Page::default();
    metrics::set_global_recorder(page.clone())?;
    let engine = Engine::builder().build()?;
    let pre = Prevalidator::start(engine, Config { max_batch: 64, ..Config::default() })?;
    let suite = Suite::ed25519(Ed25519Rule::Zip215);
    let mut base_point = [0x66; 32];
    base_point[0] = 0x58;
    // No signature of the base point: each is invalid, and counted as such.
    let key = sigwarp::Key::Bytes(&base_point);
    let item = Submission::new(&suite, key, Message::Raw(b"hello"), &[1; 64]);
    let group = pre.submit_many(&[item; 200]).map_err(|partial| partial.rest.to_string())?;
    assert!(group.wait().iter().all(|outcome| !outcome.is_valid()));
    pre.close();
    print!("{}", page.render()?);
    Ok(())
}
