//! A report as GitHub-flavoured Markdown: for an issue, a wiki, a pull request.

use crate::measure::Report;

/// The report as Markdown.
pub fn markdown(report: &Report) -> String {
    let _ = report;
    String::new()
}
