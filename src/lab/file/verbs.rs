//! One row per verb of a step: what it does, what it takes, and what can be expected of it.
//!
//! The rows drive reading, suggestions, the schema and the reference; what a verb does stands in
//! [`run::act`](super::super::run). Verbs of the manual are the calls themselves; the others help.

use super::kind::Kind;

/// What a step does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// A caption.
    Note,
    /// socket(2)
    Socket,
    /// socketpair(2)
    Socketpair,
    /// setsockopt(2)
    Setsockopt,
    /// getsockopt(2)
    Getsockopt,
    /// bind(2)
    Bind,
    /// listen(2)
    Listen,
    /// accept(2)
    Accept,
    /// connect(2)
    Connect,
    /// send(2)
    Send,
    /// sendto(2)
    Sendto,
    /// sendmsg(2)
    Sendmsg,
    /// recv(2)
    Recv,
    /// recvfrom(2)
    Recvfrom,
    /// recvmsg(2)
    Recvmsg,
    /// shutdown(2)
    Shutdown,
    /// close(2)
    Close,
    /// poll(2)
    Poll,
    /// getsockname(2)
    Getsockname,
    /// getpeername(2)
    Getpeername,
    /// dup(2)
    Dup,
    /// ioctl(2)
    Ioctl,
    /// Time passes.
    Pause,
    /// A blocked call finishes.
    Returns,
    /// Send until it would block.
    Fill,
    /// Send everything.
    Write,
    /// Receive so much, or to the end.
    Gather,
    /// Write, write, read, several times.
    Exchange,
    /// Answer datagrams.
    Echo,
    /// Many clients connect.
    Crowd,
    /// Accept whoever waits.
    AcceptAll,
    /// The state of a TCP connection.
    State,
    /// The accept queue of a TCP listener.
    Queue,
    /// Read or write a sysctl.
    Sysctl,
    /// Permissions of a path.
    Chmod,
    /// Give up a capability.
    Drop,
    /// Set a limit.
    Limit,
    /// The actor's process ends.
    Exit,
    /// Start `sockplay serve`.
    Serve,
    /// The server's log says something.
    Says,
    /// Stop the server.
    Stops,
    /// Bytes as UTF-8.
    Decode,
    /// Add numbers up.
    Sum,
}

/// Whether a key must be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// It must.
    Required,
    /// It may.
    Optional,
}

/// A key that a verb takes.
#[derive(Clone, Copy, Debug)]
pub struct Param {
    /// The key.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// Whether it must be there.
    pub need: Need,
}

/// One verb.
#[derive(Debug)]
pub struct Row {
    /// What it does.
    pub verb: Verb,
    /// How it is written.
    pub name: &'static str,
    /// One line of documentation.
    pub doc: &'static str,
    /// What it takes, and what can be expected beside [`COMMON`].
    pub params: &'static [Param],
}

impl Row {
    /// Its own keys and the common ones.
    pub fn all(&self) -> impl Iterator<Item = &'static Param> + use<> {
        let common: &[Param] = match self.verb {
            Verb::Note => &[],
            _ => COMMON,
        };
        self.params.iter().chain(common)
    }

    /// Whether the step is a call of that name, and no more.
    pub fn is_call(&self) -> bool {
        !matches!(self.verb, Verb::Note) && (self.verb as u8) <= (Verb::Ioctl as u8)
    }

    /// The key of that name.
    pub fn param(&self, name: &str) -> Option<&'static Param> {
        self.all().find(|p| p.name == name)
    }
}

/// Every verb, in the order of the documentation.
pub fn verbs() -> &'static [Row] {
    ROWS
}

/// The row of a word.
pub fn find(word: &str) -> Option<&'static Row> {
    ROWS.iter().find(|row| row.name == word)
}

/// The row of a verb.
pub fn of(verb: Verb) -> &'static Row {
    ROWS.iter()
        .find(|row| row.verb == verb)
        .expect("every verb has a row: a test looks")
}

const fn need(name: &'static str, kind: Kind) -> Param {
    Param {
        name,
        kind,
        need: Need::Required,
    }
}

const fn may(name: &'static str, kind: Kind) -> Param {
    Param {
        name,
        kind,
        need: Need::Optional,
    }
}

/// What every verb but `note` takes.
pub const COMMON: &[Param] = &[
    may("expect", Kind::Wanted),
    may("elapsed", Kind::Wanted),
    may("until", Kind::WantedFields),
    may("blocks", Kind::Time),
    may("within", Kind::Time),
    may("save", Kind::Save),
    may("killed", Kind::Signal),
];

const FD: Param = need("fd", Kind::Socket);
const AS: Param = need("as", Kind::NewSocket);
const ADDRESS: Param = need("address", Kind::Address);
const DATA: Param = may("data", Kind::Text);
const HEX: Param = may("hex", Kind::Hex);
const BYTES: Param = may("bytes", BYTE_COUNT);
const FLAGS: Param = may("flags", Kind::Flags);
const BUFFER: Param = may("buffer", BYTE_COUNT);
/// The most that one step sends or receives.
const BYTE_COUNT: Kind = Kind::Count(128 << 20);
const MODE: Param = may("mode", Kind::Word(&["nonblocking"]));
const SIGNAL: Param = may("signal", Kind::Word(&["default"]));
const NAME: Param = may("name", Kind::Pattern);
const VALUE: Param = may("value", Kind::WantedFields);
const HEARD: Param = may("data", Kind::Pattern);
const HEARD_HEX: Param = may("hex", Kind::HexPattern);
const ERRNO: Param = may("errno", Kind::Pattern);
const FROM: Param = may("from", Kind::Pattern);
const HALVES: Kind = Kind::Word(&["read", "write", "both"]);
const REQUESTS: Kind = Kind::Word(&["SIOCINQ", "SIOCOUTQ", "SIOCOUTQNSD", "SIOCATMARK"]);

const fn row(verb: Verb, name: &'static str, doc: &'static str, params: &'static [Param]) -> Row {
    Row {
        verb,
        name,
        doc,
        params,
    }
}

#[rustfmt::skip]
static ROWS: &[Row] = &[
    row(Verb::Note, "note", "a caption across the ladder", &[]),
    row(Verb::Socket, "socket", "socket(2); left out, family and type are ipv4 and stream", &[may("family", Kind::Family), may("type", Kind::Type), may("protocol", Kind::Protocol), MODE, may("as", Kind::NewSocket)]),
    row(Verb::Socketpair, "socketpair", "socketpair(2) of unix sockets", &[need("type", Kind::Type), need("as", Kind::NewSockets)]),
    row(Verb::Setsockopt, "setsockopt", "setsockopt(2)", &[FD, need("option", Kind::Option), need("value", Kind::OptionValue)]),
    row(Verb::Getsockopt, "getsockopt", "getsockopt(2)", &[FD, need("option", Kind::Option), VALUE]),
    row(Verb::Bind, "bind", "bind(2); saves the name that the socket really has", &[FD, ADDRESS, NAME]),
    row(Verb::Listen, "listen", "listen(2); saves the name that the socket really has", &[FD, need("backlog", Kind::Number), NAME]),
    row(Verb::Accept, "accept", "accept4(2); saves the peer's address", &[FD, may("as", Kind::NewSocket), MODE, FROM]),
    row(Verb::Connect, "connect", "connect(2)", &[FD, ADDRESS]),
    row(Verb::Send, "send", "send(2); without SIGPIPE unless signal = \"default\"", &[FD, DATA, HEX, BYTES, FLAGS, SIGNAL]),
    row(Verb::Sendto, "sendto", "sendto(2)", &[FD, ADDRESS, DATA, HEX, BYTES, FLAGS]),
    row(Verb::Sendmsg, "sendmsg", "sendmsg(2) with ancillary data", &[FD, may("address", Kind::Address), DATA, HEX, BYTES, FLAGS, may("pass", Kind::Sockets), may("copies", Kind::Count(1000)), may("ancillary", Kind::Ancillary), may("credentials", Kind::Word(&["own"]))]),
    row(Verb::Recv, "recv", "recv(2)", &[FD, BUFFER, FLAGS, HEARD, HEARD_HEX]),
    row(Verb::Recvfrom, "recvfrom", "recvfrom(2)", &[FD, BUFFER, FLAGS, HEARD, HEARD_HEX, FROM]),
    row(Verb::Recvmsg, "recvmsg", "recvmsg(2) with room for ancillary data", &[FD, BUFFER, may("control", Kind::Count(1 << 16)), FLAGS, may("as", Kind::NewSockets), HEARD, HEARD_HEX, FROM, may("msg_flags", Kind::Pattern), may("ancillary", Kind::WantedFields), may("passed", Kind::Wanted)]),
    row(Verb::Shutdown, "shutdown", "shutdown(2)", &[FD, need("how", HALVES)]),
    row(Verb::Close, "close", "close(2)", &[FD]),
    row(Verb::Poll, "poll", "poll(2) on one descriptor", &[FD, need("events", Kind::Events), may("timeout", Kind::Time), may("revents", Kind::Pattern)]),
    row(Verb::Getsockname, "getsockname", "getsockname(2)", &[FD, NAME]),
    row(Verb::Getpeername, "getpeername", "getpeername(2)", &[FD, NAME]),
    row(Verb::Dup, "dup", "dup(2), with close-on-exec", &[FD, AS]),
    row(Verb::Ioctl, "ioctl", "ioctl(2): bytes unread, unacknowledged or not yet sent, or the urgent mark", &[FD, need("request", REQUESTS), VALUE]),
    row(Verb::Pause, "pause", "let time pass, where time is the subject", &[need("time", Kind::Time)]),
    row(Verb::Returns, "returns", "the blocked call of this actor finishes; its expectations stand here", &[ERRNO, may("as", Kind::NewSocket), HEARD, HEARD_HEX, FROM, NAME, may("msg_flags", Kind::Pattern), may("ancillary", Kind::WantedFields), may("passed", Kind::Wanted), may("revents", Kind::Pattern), VALUE]),
    row(Verb::Fill, "fill", "send without waiting until it would block; the result is the number of sends", &[FD, BYTES]),
    row(Verb::Write, "write", "send everything, in as many calls as it takes", &[FD, DATA, HEX, BYTES]),
    row(Verb::Gather, "gather", "receive until there are so many bytes, the end, or an error", &[FD, need("bytes", BYTE_COUNT), HEARD, HEARD_HEX, ERRNO]),
    row(Verb::Exchange, "exchange", "send each piece, receive so many bytes; the fastest of several rounds counts", &[FD, need("writes", Kind::Texts), need("bytes", BYTE_COUNT), may("times", Kind::Count(1000)), may("flags", Kind::Flags)]),
    row(Verb::Echo, "echo", "answer each datagram, or each `bytes` of a stream, so many times or until none came for `idle`; `set` is set after each receive", &[FD, need("times", Kind::Count(100_000)), BYTES, may("set", Kind::Ancillary), may("idle", Kind::Time), may("guard", Kind::Word(&["ttl"]))]),
    row(Verb::Crowd, "crowd", "so many clients connect, and send `data`; they are called name1, name2 …", &[ADDRESS, need("count", Kind::Count(1000)), AS, may("type", Kind::Type), DATA]),
    row(Verb::AcceptAll, "accept_all", "accept without waiting until nobody is left; the result is how many", &[FD, may("as", Kind::NewSocket)]),
    row(Verb::State, "state", "the state of a TCP socket, from TCP_INFO", &[FD, VALUE]),
    row(Verb::Queue, "queue", "connections that wait in a TCP listener's queue, from TCP_INFO", &[FD, VALUE]),
    row(Verb::Sysctl, "sysctl", "read a sysctl, or set it in the experiment's own network", &[need("name", Kind::Text), may("set", Kind::Text), VALUE]),
    row(Verb::Chmod, "chmod", "chmod(2) of a path", &[need("path", Kind::Text), need("mode", Kind::Mode)]),
    row(Verb::Drop, "drop", "this actor gives up a capability", &[need("capability", Kind::Capability)]),
    row(Verb::Limit, "limit", "a resource limit of this process: setrlimit(2)", &[need("resource", Kind::Word(&["nofile"])), need("value", Kind::Number)]),
    row(Verb::Exit, "exit", "the process of this actor ends", &[]),
    row(Verb::Serve, "serve", "start `sockplay serve` with a profile; saves its address", &[need("profile", Kind::Profile), may("set", Kind::Texts)]),
    row(Verb::Says, "says", "wait until the log of this actor's server has a line with this text", &[need("text", Kind::Text)]),
    row(Verb::Stops, "stops", "stop this actor's server; the result is its exit code", &[]),
    row(Verb::Decode, "decode", "read bytes as UTF-8; the result is the number of characters, or UnicodeDecodeError", &[need("value", Kind::Text)]),
    row(Verb::Sum, "sum", "add numbers up", &[need("values", Kind::Texts)]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_no_key_is_written_twice() {
        for (n, row) in ROWS.iter().enumerate() {
            assert!(
                ROWS[..n]
                    .iter()
                    .all(|r| r.name != row.name && r.verb != row.verb)
            );
            assert!(!row.doc.is_empty());
            let names: Vec<_> = row.all().map(|p| p.name).collect();
            for (i, name) in names.iter().enumerate() {
                assert!(!names[..i].contains(name), "{}: {name} twice", row.name);
            }
        }
        assert_eq!(of(Verb::Sum).name, "sum");
    }
}
