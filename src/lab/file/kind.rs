//! What a key of a step may hold, and one sentence that says so.

use std::fmt;

/// The type of a key's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The name of a socket that an earlier step made.
    Socket,
    /// A name for the socket that this step makes.
    NewSocket,
    /// Names for the sockets that this step makes.
    NewSockets,
    /// Names of sockets that earlier steps made.
    Sockets,
    /// A name under which later steps find the result.
    Save,
    /// `127.0.0.1:0`, `[::1]:0`, `:0`, `/path`, `$tmp/path`, `@name`, `$saved`.
    Address,
    /// Text that is sent or compared as it is, with `$saved` values in it.
    Text,
    /// A list of texts.
    Texts,
    /// A whole number, a size such as "64KiB", or `$saved`.
    Number,
    /// How many, or how many bytes: from 0, at most this.
    Count(u32),
    /// Pairs of hexadecimal digits, with `$saved` values in them.
    Hex,
    /// The same as an expectation: `??` is any byte, a last `*` whatever follows.
    HexPattern,
    /// Permissions of a path, in octal.
    Mode,
    /// A signal: `SIGPIPE`.
    Signal,
    /// A profile: a built-in one, or the path of a file.
    Profile,
    /// `150ms`
    Time,
    /// The first argument of socket(2).
    Family,
    /// The second argument of socket(2).
    Type,
    /// The third argument of socket(2).
    Protocol,
    /// An option of the registry.
    Option,
    /// What the option takes.
    OptionValue,
    /// Option names and their values, as ancillary data.
    Ancillary,
    /// `MSG_PEEK|MSG_DONTWAIT`
    Flags,
    /// `POLLIN|POLLPRI`
    Events,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A capability: `CAP_NET_RAW`.
    Capability,
    /// How a result must stand to a bound: `0`, `"EAGAIN"`, `"> 0"`, `">= 1 and < 5"`, `"$saved"`.
    Wanted,
    /// The same, or the same for each named field of a struct.
    WantedFields,
    /// Text that must come exactly; `*` stands for anything.
    Pattern,
}

impl Kind {
    /// Whether it is about what comes, not about what is done.
    pub fn is_expectation(self) -> bool {
        use Kind::{HexPattern, Pattern, Signal, Wanted, WantedFields};
        matches!(self, Wanted | WantedFields | Pattern | HexPattern | Signal)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Socket => "the name of a socket that an earlier step made",
            Kind::NewSocket => "a name for the new socket: letters, digits, - and _",
            Kind::NewSockets => "a list of names for the new sockets",
            Kind::Sockets => "a list of names of sockets that earlier steps made",
            Kind::Save => "a name for the result: letters, digits and _",
            Kind::Address => {
                "an address: \"127.0.0.1:0\", \"[::1]:0\", \":0\", \"$tmp/path\", \"@name\" or \"$saved\""
            }
            Kind::Text => "text",
            Kind::Texts => "a list of texts",
            Kind::Number => "a whole number, a size such as \"64KiB\", or \"$saved\"",
            Kind::Count(most) => return write!(f, "from 0 to {most}, also as \"4KiB\" or \"$saved\""),
            Kind::Hex => "pairs of hexadecimal digits, such as \"45 00 ff\"",
            Kind::HexPattern => {
                "pairs of hexadecimal digits; ?? is any byte, a last * whatever follows"
            }
            Kind::Mode => "permissions in octal, from \"000\" to \"777\"",
            Kind::Signal => "the name of a signal, such as \"SIGPIPE\"",
            Kind::Profile => "a profile: a name of `sockplay profile list`, or the path of a file",
            Kind::Time => "a time with its unit, such as \"150ms\", at most 25 s",
            Kind::Family => "one of ipv4, ipv6, unix",
            Kind::Type => "one of stream, datagram, seqpacket, raw",
            Kind::Protocol => "a number, or a name such as \"udp\" or \"mptcp\"",
            Kind::Option => "the name of an option, such as \"SO_REUSEADDR\"",
            Kind::OptionValue => "a value that the option takes",
            Kind::Ancillary => "a table of options and values, such as { IP_TTL = 5 }",
            Kind::Flags => "flags of send(2) or recv(2), such as \"MSG_PEEK|MSG_DONTWAIT\"",
            Kind::Events => "events of poll(2), such as \"POLLIN|POLLPRI\"",
            Kind::Word(words) => return write!(f, "one of {}", words.join(", ")),
            Kind::Capability => "a capability, such as \"CAP_NET_RAW\"",
            Kind::Wanted => {
                "a number, the name of an errno, or relations such as \"> 0\" or \">= 1 and < 5\""
            }
            Kind::WantedFields => {
                "a value, relations such as \"> 0\", or a table with those of single fields"
            }
            Kind::Pattern => "text, in which * stands for anything",
        })
    }
}
