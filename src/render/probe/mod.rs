//! A probe's report in four forms: text for a terminal, JSON, Markdown, and one HTML file that needs nothing else.
//!
//! What there is to say is decided once: [`page`] is a report as headings, facts, tables and charts, made by [`sections`]
//! (one run) from [`sockets`] (both ends, buffers, TCP_INFO), [`options`] (their table), [`server`] (one that is not ours)
//! and [`load`] (what came back), and by [`compare`] (several runs). [`mod@text`] with [`table`], [`mod@markdown`] and
//! [`mod@html`] only draw it, [`svg`] and [`spark`] the charts; [`words`] and [`buckets`] are the numbers as people read them.
//! [`mod@json`] is the report itself, typed.

mod bars;
mod buckets;
mod compare;
mod html;
mod json;
mod load;
mod markdown;
mod options;
mod page;
mod screen;
mod sections;
mod server;
mod sockets;
mod spark;
mod svg;
mod table;
mod text;
mod words;

pub use html::html;
pub use json::{json, schema};
pub use markdown::markdown;
pub use page::Environment;
pub use screen::{Bars, Colours, Glyphs, Screen};
pub(in crate::render) use table::wrap;
pub use text::text;

#[cfg(test)]
mod tests;
