//! The choices of a profile: enums for keys that name one of several ways.
//!
//! How each is spelt stands in [`words`](super::words); the structs that hold them are in
//! [`settings`](super::settings).

/// `framing` and its companions, already put together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FramingKey {
    /// `none`
    None,
    /// `line`
    Line,
    /// `delimiter` with `delimiter = "…"`
    Delimiter(Vec<u8>),
    /// `length-prefix` with `prefix_bytes` = 1, 2, 4 (default) or 8
    LengthPrefix(u8),
    /// `fixed` with `message_size`
    Fixed(usize),
    /// `sockperf`: as the header of that program says.
    Sockperf,
}

/// How a server waits for many clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EngineKey {
    /// One peer at a time, blocking.
    Sequential,
    /// One thread per peer.
    Threads,
    /// poll(2)
    Poll,
    /// epoll(7)
    Epoll,
    /// tokio
    Async,
    /// io_uring(7)
    Uring,
}

/// `requests`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestsKey {
    /// So many echoes, then close; 0: accept and close.
    Count(u32),
    /// `"unlimited"`: until the peer closes.
    Unlimited,
}

/// `reply`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplyKey {
    /// RFC 862
    Echo,
    /// RFC 863
    Discard,
    /// RFC 864
    Chargen,
    /// As the server of sockperf.
    Sockperf,
}

/// `close`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseKey {
    /// An orderly release.
    Fin,
    /// SO_LINGER {1, 0}: a reset.
    Reset,
}

/// `overload`: what happens at max_connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OverloadKey {
    /// Clients wait in the backlog.
    Wait,
    /// Accepted and reset.
    Reject,
}

/// `truncated`: what happens to a datagram longer than the buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TruncatedKey {
    /// Counted, not echoed.
    Drop,
    /// What fitted is echoed, and the log says so.
    Echo,
}

/// `workers`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WorkersKey {
    /// So many.
    Count(u32),
    /// `"cores"`
    Cores,
}

impl WorkersKey {
    /// Whether one address has to be shared. What `"cores"` comes to is not known before it runs.
    pub fn are_several(self) -> bool {
        self != WorkersKey::Count(1)
    }
}

/// `trigger` of epoll
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TriggerKey {
    /// Level-triggered.
    Level,
    /// Edge-triggered.
    Edge,
}

/// `level`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LevelKey {
    /// Errors only.
    Error,
    /// And warnings.
    Warn,
    /// And what happens.
    Info,
    /// And details.
    Debug,
    /// And everything.
    Trace,
}

/// `format`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FormatKey {
    /// The article's line.
    Article,
    /// One JSON object per line.
    Json,
}

/// For which socket an option was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// `[options]`: whatever socket is opened.
    Any,
    /// `[serve.options]`: the server's socket only.
    Serve,
    /// `[accept.options]`: accepted sockets only.
    Accept,
    /// `[connect.options]`: the client's socket only.
    Connect,
}

/// Whether the run goes on when an option is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// A refusal ends the run.
    Required,
    /// `optional = true`
    Optional,
}
