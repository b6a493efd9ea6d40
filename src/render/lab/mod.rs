//! Experiments drawn: the list, one page per experiment with its ladder, the summary of many, JSON, HTML.

mod html;
mod json;
mod prose;
mod reference;
mod source;
mod text;
mod words;

pub use html::html;
pub use json::{json, list_json};
pub use reference::reference;
pub use text::{failure, list, pages, summary};

#[cfg(test)]
mod tests;
