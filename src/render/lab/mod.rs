//! Experiments drawn: the list, one page per experiment with its ladder, the summary of many, JSON, HTML.

mod json;
mod text;
mod words;

pub use json::{json, list_json};
pub use text::{failure, list, pages, summary};

use crate::lab::report::Report;

/// One HTML page.
pub fn html(_: &[Report]) -> String {
    String::new()
}
