//! The words of a session: the rules it follows, what it wants next, and why it ends.
//!
//! [`Rules`] exist once per listener and are lent to every call, so that a session itself stays at 32 bytes.
//! How the rules are followed is told in [`super`].

use std::time::Duration;

use crate::handler::Handler;

/// What holds for every connection of a listener.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Where a message ends.
    pub framing: Framing,
    /// What is answered to it.
    pub handler: Handler,
    /// How many messages are answered before the connection is closed.
    pub requests: Requests,
    /// The longest frame in bytes as it is on the wire, delimiter or prefix included; a longer one is a failure.
    /// More than [`Rules::LONGEST`] counts as that. Without frames ([`Framing::None`], [`Framing::Message`]) the chunk is
    /// the limit.
    pub longest: usize,
    /// How long to wait where.
    pub pauses: Pauses,
    /// How a connection ends when nothing was given up.
    pub close: Manner,
}

impl Rules {
    /// 1 GiB: a frame this long is collected if the rules say so, a longer one never.
    pub const LONGEST: usize = 1 << 30;

    pub(super) fn longest(&self) -> usize {
        self.longest.min(Rules::LONGEST)
    }

    /// What comes before the first receive.
    pub(super) fn at_first(&self) -> Want {
        match self.pauses.before_read {
            Duration::ZERO => Want::Recv,
            _ => Want::Pause(Pause::BeforeRead),
        }
    }

    /// What comes before each further receive.
    pub(super) fn again(&self) -> Want {
        match self.pauses.between_reads {
            Duration::ZERO => Want::Recv,
            _ => Want::Pause(Pause::BetweenReads),
        }
    }

    /// What comes at the end.
    pub(super) fn closing(&self, close: Close) -> Want {
        match self.pauses.before_close {
            Duration::ZERO => Want::Close(close),
            _ => Want::Pause(Pause::BeforeClose(close)),
        }
    }
}

/// The article's server: one echo of whatever one receive gave, then FIN.
impl Default for Rules {
    fn default() -> Rules {
        Rules {
            framing: Framing::None,
            handler: Handler::Echo,
            requests: Requests::Count(1),
            longest: 1 << 20,
            pauses: Pauses::default(),
            close: Manner::Fin,
        }
    }
}

/// Where a message ends. TCP does not say: it is the application's choice.
#[derive(Clone, Debug, PartialEq, Eq)]
// Its tag is a byte of its own, because it is looked at for every message.
#[repr(u8)]
pub enum Framing {
    /// Nowhere: what one receive gave is taken for a message, as most first servers do.
    None,
    /// The socket keeps boundaries (seqpacket): one receive is one message, and an empty one is a message, not the end.
    Message,
    /// After a line feed.
    Line,
    /// After these bytes. An empty delimiter is found nowhere: the message ends with the stream.
    Delimiter(Vec<u8>),
    /// After as many bytes as an unsigned big-endian number before the payload says; the number counts the payload only.
    LengthPrefix {
        /// Width of the number: 1, 2, 4 or 8 bytes.
        bytes: u8,
    },
    /// After so many bytes.
    Fixed {
        /// Length of every message in bytes, at least 1.
        size: usize,
    },
    /// After as many bytes as the header of sockperf says ([`crate::handler::sockperf`]), itself included.
    Sockperf,
}

/// How many messages are answered before the connection is closed; with chargen, how many lines are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Requests {
    /// So many; 0 means accept and close.
    Count(u32),
    /// Until the peer closes.
    Unlimited,
}

/// How long to wait where; zero costs nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pauses {
    /// Once, before the first receive.
    pub before_read: Duration,
    /// Before each further receive.
    pub between_reads: Duration,
    /// Once, before the close.
    pub before_close: Duration,
}

/// What the session wants its engine to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    /// Receive, and lend the bytes to `received`.
    Recv,
    /// Send what `reply` gives, and say to `sent` how much of it the kernel took.
    Send,
    /// Wait so long, then call `paused`.
    Pause(Pause),
    /// Close the socket; the session is over.
    Close(Close),
}

impl Want {
    /// The reason, if the end is decided: nothing is read any more.
    pub(super) fn end(self) -> Option<Close> {
        match self {
            Want::Close(close) | Want::Pause(Pause::BeforeClose(close)) => Some(close),
            Want::Recv | Want::Send | Want::Pause(Pause::BeforeRead | Pause::BetweenReads) => None,
        }
    }

    /// The same, with another reason if it is an end.
    pub(super) fn ending(self, close: Close) -> Want {
        match self {
            Want::Close(_) => Want::Close(close),
            Want::Pause(Pause::BeforeClose(_)) => Want::Pause(Pause::BeforeClose(close)),
            other => other,
        }
    }
}

/// Where a pause stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pause {
    /// Before the first receive.
    BeforeRead,
    /// Before a further receive.
    BetweenReads,
    /// Before the close, whose reason is already known.
    BeforeClose(Close),
}

impl Pause {
    /// How long it lasts.
    pub const fn length(self, pauses: &Pauses) -> Duration {
        match self {
            Pause::BeforeRead => pauses.before_read,
            Pause::BetweenReads => pauses.between_reads,
            Pause::BeforeClose(_) => pauses.before_close,
        }
    }
}

/// Why a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Close {
    /// The peer ended its stream, and everything it sent was answered.
    PeerEnded,
    /// As many messages were answered as the rules allow.
    RequestsDone,
    /// The same, but more had been received than was answered.
    Unanswered,
    /// A frame was longer than the rules allow.
    FrameTooLong,
    /// A frame's header contradicted itself.
    BadHeader,
    /// The stream ended within a frame of known length.
    UnfinishedFrame,
    /// Bytes came that nobody had asked for, before the ones held were sent.
    Unasked,
    /// The engine ended it while nothing was unsent.
    Stopped,
    /// The engine ended it, and what was unsent or unfinished is given up.
    GivenUp,
}

impl Close {
    /// All reasons.
    pub const ALL: [Close; 9] = [
        Close::PeerEnded,
        Close::RequestsDone,
        Close::Unanswered,
        Close::FrameTooLong,
        Close::BadHeader,
        Close::UnfinishedFrame,
        Close::Unasked,
        Close::Stopped,
        Close::GivenUp,
    ];

    /// One phrase for logs and events.
    pub const fn why(self) -> &'static str {
        match self {
            Close::PeerEnded => "the peer ended its stream",
            Close::RequestsDone => "all requests were answered",
            Close::Unanswered => "all requests were answered, and more had come",
            Close::FrameTooLong => "a frame was longer than allowed",
            Close::BadHeader => "a frame's header made no sense",
            Close::UnfinishedFrame => "the stream ended within a frame",
            Close::Unasked => "bytes came unasked",
            Close::Stopped => "stopped",
            Close::GivenUp => "stopped with bytes unanswered",
        }
    }

    /// How the socket must be closed: a clean end promises that nothing was given up, so the other reasons force
    /// [`Manner::Reset`] whatever `wished` says.
    pub const fn manner(self, wished: Manner) -> Manner {
        match self {
            Close::PeerEnded | Close::RequestsDone | Close::Stopped => wished,
            Close::Unanswered
            | Close::FrameTooLong
            | Close::BadHeader
            | Close::UnfinishedFrame
            | Close::Unasked
            | Close::GivenUp => Manner::Reset,
        }
    }
}

/// How a connection ends on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Manner {
    /// close(2) as it is: the peer reads everything, then end of stream.
    Fin,
    /// close(2) after SO_LINGER (1, 0): tcp(7), socket(7); the peer's next call fails with ECONNRESET.
    Reset,
}

/// What became of the bytes that were received.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[must_use = "the accounts of the connection need it"]
pub struct Received {
    /// Messages that were completed and given to the handler.
    pub messages: u32,
    /// Bytes that will not be answered: swallowed by the handler, or given up.
    pub discarded: usize,
}
