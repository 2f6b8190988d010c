//! Checks of finished reports, for scripts.

use std::collections::HashSet;

use super::Report;
use crate::catalogue;

/// Every peer row of the catalogue is in the report with a figure. The error lists those that are not.
pub fn peer_rows(report: &Report) -> Result<usize, Vec<String>> {
    let measured: HashSet<&str> =
        report.rows.iter().filter(|row| row.baseline.is_some()).map(|row| row.id.as_str()).collect();
    let wanted: Vec<String> =
        catalogue::rows(1).into_iter().filter(|row| row.suite == "peers").map(|row| row.id).collect();
    let missing: Vec<String> = wanted.iter().filter(|id| !measured.contains(id.as_str())).cloned().collect();
    if missing.is_empty() { Ok(wanted.len()) } else { Err(missing) }
}

/// The peer rows whose time differs from the reference by more than `tolerance`, and those compared.
pub fn deviations(report: &Report, tolerance: f64) -> (Vec<(&str, f64)>, usize) {
    let compared = report.rows.iter().filter_map(|row| Some((row.id.as_str(), row.reference_ratio?)));
    let all: Vec<(&str, f64)> = compared.collect();
    let far = all.iter().filter(|(_, ratio)| (ratio - 1.0).abs() > tolerance).copied().collect();
    (far, all.len())
}

/// The references to other places in an HTML document: addresses, style sheets, scripts, images. The names of XML
/// namespaces are addresses that nothing loads.
pub fn external_references(html: &str) -> Vec<String> {
    let html = html.replace("xmlns=\"http://www.w3.org/2000/svg\"", "");
    ["http:", "https:", "//", "src=", "href=", "@import", "url(", "<script", "<link", "<iframe", "<object"]
        .iter()
        .flat_map(|pattern| html.match_indices(pattern))
        .map(|(at, _)| {
            let start = html[..at].char_indices().rev().nth(20).map_or(0, |(index, _)| index);
            html[start..].chars().take(80).collect()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples::{measurement, report};

    #[test]
    fn missing_peers_are_listed() {
        let report = report(vec![measurement("peers/ring/ed25519", None, Some(1.0))]);
        let missing = peer_rows(&report).unwrap_err();
        assert!(missing.contains(&"peers/ring/p256".to_owned()));
        assert!(!missing.contains(&"peers/ring/ed25519".to_owned()));
    }

    #[test]
    fn references_to_other_places_are_found() {
        assert_eq!(
            external_references("<svg xmlns=\"http://www.w3.org/2000/svg\"></svg>"),
            Vec::<String>::new()
        );
        for html in
            ["<a href=x>", "<img src=\"x.png\">", "@import 'x'", "<script>", "see https://example.org"]
        {
            assert!(!external_references(html).is_empty(), "{html}");
        }
    }
}
