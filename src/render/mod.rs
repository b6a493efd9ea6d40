//! From events and reports to text: one module per form, none of which ever sees a socket.
//!
//! [`call_line`] is strace's line, [`log_line`] the article's message, [`json`] one object per line, [`verdict`] what
//! became of an option, [`options`] the reference of the registry, [`probe`] the report of a probe, [`remote`]
//! its part about a server that is not ours, [`tcp`] TCP_INFO.

pub mod call_line;
pub mod json;
pub mod log_line;
pub mod option_table;
pub mod options;
#[allow(
    clippy::cast_precision_loss,
    reason = "what people read of a number has three digits, and pictures have fewer"
)]
pub mod probe;
pub mod remote;
pub mod schema;
pub mod tcp;
pub mod verdict;
