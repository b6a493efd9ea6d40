//! What became of each requested option, and what every socket of the probe holds.

use crate::event::OptionReport;
use crate::option::Value;

/// One requested option.
#[derive(Clone, Debug)]
pub struct OptionLine {
    /// Requested, default, effective on the socket it was set on.
    pub report: OptionReport,
    /// Which socket that is.
    pub set_on: &'static str,
    /// What the other sockets hold.
    pub held: SocketFacts,
    /// What there is to know beside the verdict's reason, a clause each: the default already, not inherited, too late for
    /// the window scale, why another socket holds something else.
    pub why_held: Vec<String>,
}

/// The value of one option on each socket, where there is one and it can be read.
#[derive(Clone, Debug, Default)]
pub struct SocketFacts {
    /// On a socket of this kind right after socket(2), when nothing was set; of an option that is set on accepted sockets:
    /// what one held before.
    pub fresh: Option<Value>,
    /// On the listener, or the server's only socket.
    pub listener: Option<Value>,
    /// On an accepted socket.
    pub accepted: Option<Value>,
    /// On the client's socket, after connect.
    pub client: Option<Value>,
}
