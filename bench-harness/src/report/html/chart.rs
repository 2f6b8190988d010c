//! Charts as SVG: lines over a quantity, and horizontal bars.

use std::fmt::Write;

use super::escape;

/// Colours that remain distinct for most colour-blind readers (Okabe and Ito).
const COLOURS: [&str; 6] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00"];
pub(super) const GOOD: &str = "#009e73";
pub(super) const SHORT: &str = "#e69f00";
pub(super) const PLAIN: &str = "#0072b2";

/// Half a line of text: centres labels on their tick.
const HALF_LINE: f64 = 4.0;
/// The width of a character of the labels, on average and a little more.
const CHARACTER: f64 = 6.7;

/// How a quantity is laid out along an axis.
#[derive(Debug, Clone)]
pub(super) enum Axis {
    /// From zero.
    Linear,
    /// By ratio.
    Log,
    /// Values 0, 1, 2, … with these names.
    Names(Vec<String>),
}

/// One line of a chart: x, and the median, p10 and p90 of y.
#[derive(Debug, Clone)]
pub(super) struct Series {
    pub(super) name: String,
    pub(super) points: Vec<(f64, [f64; 3])>,
}

/// A chart of lines.
#[derive(Debug, Clone)]
pub(super) struct Lines<'a> {
    pub(super) title: &'a str,
    pub(super) x_label: &'a str,
    pub(super) y_label: &'a str,
    pub(super) x: Axis,
    pub(super) y: Axis,
    pub(super) series: Vec<Series>,
}

/// A span of values laid over a span of pixels.
struct Scale {
    log: bool,
    low: f64,
    high: f64,
    from: f64,
    to: f64,
}

impl Scale {
    fn at(&self, value: f64) -> f64 {
        let part = if self.log {
            (value.max(self.low) / self.low).ln() / (self.high / self.low).ln()
        } else {
            (value - self.low) / (self.high - self.low)
        };
        self.from + part * (self.to - self.from)
    }
}

impl Lines<'_> {
    pub(super) fn svg(&self) -> String {
        const WIDTH: f64 = 860.0;
        const HEIGHT: f64 = 400.0;
        let (left, right, bottom) = (78.0, WIDTH - 24.0, HEIGHT - 52.0);
        // Legend entries take a line each, above the plot.
        let top = 40.0 + 18.0 * self.series.len() as f64;
        let points = || self.series.iter().flat_map(|series| &series.points);
        let (x_ticks, x) = ticks(&self.x, points().map(|point| point.0), left, right);
        let (y_ticks, y) = ticks(&self.y, points().flat_map(|point| point.1), bottom, top);

        let mut svg = open(WIDTH, HEIGHT, self.title);
        for (value, label) in &y_ticks {
            let at = y.at(*value);
            let _ = write!(
                svg,
                r##"<line x1="{left}" x2="{right}" y1="{at:.1}" y2="{at:.1}" stroke="#e3e6ea"/><text x="{:.1}" y="{:.1}" text-anchor="end">{label}</text>"##,
                left - 8.0,
                at + HALF_LINE
            );
        }
        let mut free_from = 0.0;
        for (value, label) in &x_ticks {
            let at = x.at(*value);
            let _ = write!(
                svg,
                r##"<line x1="{at:.1}" x2="{at:.1}" y1="{bottom}" y2="{:.1}" stroke="#8a929b"/>"##,
                bottom + 5.0
            );
            // A label that would touch its neighbour is left out; its tick stays.
            let half = label.chars().count() as f64 * CHARACTER / 2.0;
            if at - half >= free_from {
                free_from = at + half + 6.0;
                let _ = write!(
                    svg,
                    r#"<text x="{at:.1}" y="{:.1}" text-anchor="middle">{label}</text>"#,
                    bottom + 19.0
                );
            }
        }
        let _ = write!(
            svg,
            r##"<line x1="{left}" x2="{right}" y1="{bottom}" y2="{bottom}" stroke="#8a929b"/><text class="axis" x="{:.1}" y="{:.1}" text-anchor="middle">{}</text><text class="axis" x="14" y="{top}" dy="-10">{}</text>"##,
            f64::midpoint(left, right),
            HEIGHT - 10.0,
            escape(self.x_label),
            escape(self.y_label)
        );
        for (index, series) in self.series.iter().enumerate() {
            self.line(&mut svg, index, series, &x, &y, right);
        }
        svg.push_str("</svg>");
        svg
    }

    fn line(&self, svg: &mut String, index: usize, series: &Series, x: &Scale, y: &Scale, right: f64) {
        let colour = COLOURS[index % COLOURS.len()];
        let legend = 44.0 + 18.0 * index as f64;
        let _ = write!(
            svg,
            r#"<line x1="{:.1}" x2="{:.1}" y1="{legend}" y2="{legend}" stroke="{colour}" stroke-width="2.5"/><text x="{:.1}" y="{:.1}" text-anchor="end">{}</text>"#,
            right - 28.0,
            right,
            right - 36.0,
            legend + HALF_LINE,
            escape(&series.name)
        );
        let path: Vec<String> = series
            .points
            .iter()
            .map(|(value, [median, ..])| format!("{:.1},{:.1}", x.at(*value), y.at(*median)))
            .collect();
        let _ = write!(
            svg,
            r#"<polyline points="{}" fill="none" stroke="{colour}" stroke-width="2"/>"#,
            path.join(" ")
        );
        for (value, [median, low, high]) in &series.points {
            let at = x.at(*value);
            let _ = write!(
                svg,
                r#"<line x1="{at:.1}" x2="{at:.1}" y1="{:.1}" y2="{:.1}" stroke="{colour}"/><circle cx="{at:.1}" cy="{:.1}" r="3.5" fill="{colour}"><title>{}: {} at {}</title></circle>"#,
                y.at(*low),
                y.at(*high),
                y.at(*median),
                escape(&series.name),
                short(*median),
                self.x_name(*value),
            );
        }
    }

    fn x_name(&self, value: f64) -> String {
        match &self.x {
            Axis::Names(names) => names.get(value as usize).map(|name| escape(name)).unwrap_or_default(),
            _ => short(value),
        }
    }
}

/// One bar.
#[derive(Debug, Clone)]
pub(super) struct Bar {
    pub(super) label: String,
    pub(super) value: f64,
    /// p10 and p90.
    pub(super) range: Option<(f64, f64)>,
    /// A value to reach, drawn as a tick.
    pub(super) mark: Option<f64>,
    pub(super) colour: &'static str,
}

/// Horizontal bars of ratios on a logarithmic axis, from 1 to either side.
#[derive(Debug, Clone)]
pub(super) struct Bars<'a> {
    pub(super) title: &'a str,
    pub(super) x_label: &'a str,
    pub(super) bars: Vec<Bar>,
}

impl Bars<'_> {
    pub(super) fn svg(&self) -> String {
        const WIDTH: f64 = 860.0;
        const STEP: f64 = 24.0;
        let longest = self.bars.iter().map(|bar| bar.label.chars().count()).max().unwrap_or(0);
        let left = (longest as f64 * CHARACTER + 20.0).min(430.0);
        // The figures stand in a column of their own, so that no bar or tick can run through them.
        let right = WIDTH - 96.0;
        let top = 44.0;
        let bottom = top + STEP * self.bars.len() as f64 + 6.0;
        let height = bottom + 46.0;
        let values = self.bars.iter().flat_map(|bar| {
            let (low, high) = bar.range.unwrap_or((bar.value, bar.value));
            [bar.value, low, high, bar.mark.unwrap_or(1.0), 1.0]
        });
        let (x_ticks, x) = ticks(&Axis::Log, values, left, right);
        let mut svg = open(WIDTH, height, self.title);
        let mut free_from = 0.0;
        for (value, label) in &x_ticks {
            let at = x.at(*value);
            let colour = if *value == 1.0 { "#5b636c" } else { "#e3e6ea" };
            let _ = write!(
                svg,
                r#"<line x1="{at:.1}" x2="{at:.1}" y1="{top}" y2="{bottom}" stroke="{colour}"/>"#
            );
            let half = label.chars().count() as f64 * CHARACTER / 2.0;
            if at - half >= free_from {
                free_from = at + half + 6.0;
                let _ = write!(
                    svg,
                    r#"<text x="{at:.1}" y="{:.1}" text-anchor="middle">{label}</text>"#,
                    bottom + 16.0
                );
            }
        }
        for (index, bar) in self.bars.iter().enumerate() {
            let y = top + STEP * index as f64 + STEP / 2.0 + 3.0;
            let (one, end) = (x.at(1.0), x.at(bar.value));
            let _ = write!(
                svg,
                r#"<text x="{:.1}" y="{:.1}" text-anchor="end">{}</text><rect x="{:.1}" y="{:.1}" width="{:.1}" height="14" fill="{}" rx="2"/>"#,
                left - 10.0,
                y + HALF_LINE,
                escape(&bar.label),
                one.min(end),
                y - 7.0,
                (end - one).abs().max(1.0),
                bar.colour
            );
            if let Some((low, high)) = bar.range {
                let _ = write!(
                    svg,
                    r##"<line x1="{:.1}" x2="{:.1}" y1="{y:.1}" y2="{y:.1}" stroke="#1f2328"/>"##,
                    x.at(low),
                    x.at(high)
                );
            }
            let mark = bar.mark.map(|mark| {
                let at = x.at(mark);
                let _ = write!(
                    svg,
                    r##"<line x1="{at:.1}" x2="{at:.1}" y1="{:.1}" y2="{:.1}" stroke="#b3261e" stroke-width="3"/>"##,
                    y - 10.0,
                    y + 10.0
                );
                format!(" of {mark}")
            });
            let _ = write!(
                svg,
                r#"<text x="{:.1}" y="{:.1}">{}{}</text>"#,
                right + 10.0,
                y + HALF_LINE,
                ratio(bar.value),
                mark.unwrap_or_default()
            );
        }
        let _ = write!(
            svg,
            r#"<text class="axis" x="{:.1}" y="{:.1}" text-anchor="middle">{}</text></svg>"#,
            f64::midpoint(left, right),
            height - 8.0,
            escape(self.x_label)
        );
        svg
    }
}

fn open(width: f64, height: f64, title: &str) -> String {
    format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img"><text class="title" x="14" y="22">{}</text>"#,
        escape(title)
    )
}

/// Labelled positions, and the scale that they lie on.
fn ticks(axis: &Axis, values: impl Iterator<Item = f64>, from: f64, to: f64) -> (Vec<(f64, String)>, Scale) {
    let (low, high) =
        values.fold((f64::MAX, f64::MIN), |(low, high), value| (low.min(value), high.max(value)));
    match axis {
        Axis::Names(names) => {
            let high = names.len() as f64 - 0.5;
            let ticks = names.iter().enumerate().map(|(index, name)| (index as f64, escape(name))).collect();
            (ticks, Scale { log: false, low: -0.5, high, from, to })
        }
        Axis::Linear => {
            let high = high.max(f64::MIN_POSITIVE);
            let step = nice(high / 6.0);
            let count = (high * 1.02 / step).ceil();
            let ticks = (0..=count as usize).map(|i| (i as f64 * step, short(i as f64 * step))).collect();
            (ticks, Scale { log: false, low: 0.0, high: count * step, from, to })
        }
        Axis::Log => {
            // A little room at both ends, and never an empty span.
            let (low, high) = (low.max(1e-9) / 1.08, high.max(low * 1.5).max(1e-9) * 1.08);
            let factors: &[f64] = if high / low > 3000.0 { &[1.0] } else { &[1.0, 2.0, 5.0] };
            let mut ticks = Vec::new();
            for power in low.log10().floor() as i32..=high.log10().ceil() as i32 {
                for factor in factors {
                    let value = factor * 10f64.powi(power);
                    if (low..=high).contains(&value) {
                        ticks.push((value, short(value)));
                    }
                }
            }
            (ticks, Scale { log: true, low, high, from, to })
        }
    }
}

/// The next 1, 2 or 5 times a power of ten.
fn nice(step: f64) -> f64 {
    let power = 10f64.powf(step.log10().floor());
    [1.0, 2.0, 5.0, 10.0].into_iter().map(|factor| factor * power).find(|&nice| nice >= step).unwrap_or(power)
}

/// A number in few characters: 950, 1.5 k, 20 M.
fn short(value: f64) -> String {
    let (value, unit) = match value.abs() {
        v if v >= 1e9 => (value / 1e9, " G"),
        v if v >= 1e6 => (value / 1e6, " M"),
        v if v >= 1e4 => (value / 1e3, " k"),
        _ => (value, ""),
    };
    let digits = if value.abs() >= 100.0 { format!("{value:.0}") } else { format!("{value:.2}") };
    let digits =
        if digits.contains('.') { digits.trim_end_matches('0').trim_end_matches('.') } else { &digits };
    format!("{digits}{unit}")
}

fn ratio(value: f64) -> String {
    if value < 10.0 { format!("{value:.2} ×") } else { format!("{value:.1} ×") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        let all = [0.5, 7.0, 950.0, 1500.0, 16_384.0, 1e6, 2.5e9];
        assert_eq!(all.map(short), ["0.5", "7", "950", "1500", "16.38 k", "1 M", "2.5 G"]);
    }

    #[test]
    fn axes_cover_their_values() {
        for values in [vec![1.0], vec![0.3, 40.0], vec![1.0, 1e6], vec![37_000.0, 39_000.0]] {
            for axis in [Axis::Linear, Axis::Log] {
                let (ticks, scale) = ticks(&axis, values.iter().copied(), 0.0, 100.0);
                assert!(!ticks.is_empty(), "{axis:?} of {values:?}");
                for &value in &values {
                    assert!((-1e-9..=100.0 + 1e-9).contains(&scale.at(value)), "{axis:?} of {values:?}");
                }
                assert!(ticks.windows(2).all(|pair| pair[0].0 < pair[1].0));
            }
        }
    }
}
