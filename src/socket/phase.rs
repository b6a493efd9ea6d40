//! When an option must be set, and for which end.
//!
//! The kernel answers "success" to nearly every option at nearly every point, whether or not it can still have an
//! effect; so the point is knowledge of its own. The order of the variants is the order in a socket's life.

use std::fmt;

/// The point in a socket's life at which an option is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// Right after socket(2): any time works, and accepted sockets inherit.
    PostSocket,
    /// Before bind(2): it decides whether or where bind succeeds.
    PreBind,
    /// Before listen(2), on a client before connect(2): negotiated in the handshake, or a property of the listener.
    PreListen,
    /// On each accepted socket, on a client after connect(2).
    PostAccept,
}

impl Phase {
    /// All phases in the order of a socket's life.
    pub const ALL: [Phase; 4] = [
        Phase::PostSocket,
        Phase::PreBind,
        Phase::PreListen,
        Phase::PostAccept,
    ];

    /// The name in a profile.
    pub const fn name(self) -> &'static str {
        match self {
            Phase::PostSocket => "post-socket",
            Phase::PreBind => "pre-bind",
            Phase::PreListen => "pre-listen",
            Phase::PostAccept => "post-accept",
        }
    }

    /// Reads the name as a profile writes it.
    pub fn parse(word: &str) -> Option<Phase> {
        Phase::ALL
            .into_iter()
            .find(|p| p.name().eq_ignore_ascii_case(word))
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The end of a conversation that a socket is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Passive open: bind and, where there are connections, listen and accept.
    Serve,
    /// Active open: connect, with a bind before it where asked for.
    Connect,
}
