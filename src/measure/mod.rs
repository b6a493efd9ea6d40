//! Measuring: a client that sends, waits for the echo, and holds every byte of it against what was sent.
//!
//! [`message`] makes messages that a framing understands and that cannot be mistaken for each other, [`load`] sends them
//! and hears their echoes, [`echo`] is what came of it. [`local`] examines both ends of a profile, [`remote`] a server
//! that is not ours, [`tcp_facts`] reads TCP_INFO. [`compare`] says whether two runs differ, [`reason`] why, [`expect`]
//! whether a run is as it should be. [`report`] is all that a probe found out, as plain data for the renderers.

pub mod compare;
pub mod echo;
pub mod expect;
pub mod load;
pub mod local;
pub mod message;
pub mod reason;
pub mod remote;
pub mod report;
pub mod tcp_facts;
pub mod times;

pub use echo::{Echo, Ending, How};
pub use load::Load;
pub use report::{Report, Run};
