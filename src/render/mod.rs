//! From events and reports to text: one module per form, none of which ever sees a socket.
//!
//! [`call_line`] is strace's line, [`ladder`] both ends side by side, [`log_line`] the article's message, [`json`] one object per line, [`verdict`] what
//! became of an option, [`options`] the reference of the registry, [`probe`] the report of a probe in all its forms;
//! [`schema`] is what JSON holds.

pub mod call_line;
pub mod json;
pub mod lab;
pub mod ladder;
pub mod log_line;
mod markup;
pub mod options;
pub mod probe;
pub mod schema;
pub mod verdict;
