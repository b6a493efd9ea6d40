//! Measuring: one client that sends, waits for the echo, and holds every byte of it against what was sent.
//!
//! [`message`] makes messages that a framing understands and that cannot be mistaken for each other, `exchange` sends
//! one and hears its echo, [`echo`] is the closed loop of those and its numbers, [`report`] what a probe found out, as plain data for the renderers.

pub mod echo;
mod exchange;
pub mod message;
pub mod report;

pub use echo::{Echo, Load};
pub use report::{OptionLine, Report, SocketFacts};
