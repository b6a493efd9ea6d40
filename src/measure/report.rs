//! What a probe found out: plain data, rendered as text or JSON.

use std::time::Duration;

use super::Echo;
use crate::event::{Backlog, OptionReport};
use crate::option::Value;
use crate::socket::Triple;

/// One probe of one profile.
#[derive(Clone, Debug)]
pub struct Report {
    /// The profile's name.
    pub profile: String,
    /// What was opened.
    pub triple: Triple,
    /// What the kernel says that it is: SO_DOMAIN, SO_TYPE, SO_PROTOCOL in C's words.
    pub kernel: String,
    /// Where the server listens, if it is ours.
    pub listener: Option<String>,
    /// Asked and effective backlog.
    pub backlog: Option<Backlog>,
    /// The client's end.
    pub local: String,
    /// The server's end.
    pub peer: String,
    /// Time spent in connect(2).
    pub connect: Duration,
    /// Every requested option, and what each socket holds.
    pub options: Vec<OptionLine>,
    /// The echo, if one was asked for.
    pub echo: Option<Echo>,
    /// Bytes of one message.
    pub size: usize,
    /// Why there is no echo, and other things to know.
    pub notes: Vec<String>,
}

/// One requested option.
#[derive(Clone, Debug)]
pub struct OptionLine {
    /// Requested, default, effective on the socket it was set on.
    pub report: OptionReport,
    /// Which socket that is.
    pub set_on: &'static str,
    /// What the other sockets hold.
    pub held: SocketFacts,
}

/// The value of one option on each socket, where there is one and it can be read.
#[derive(Clone, Debug, Default)]
pub struct SocketFacts {
    /// On the listener, or the server's only socket.
    pub listener: Option<Value>,
    /// On an accepted socket.
    pub accepted: Option<Value>,
    /// On the client's socket, after connect.
    pub client: Option<Value>,
}
