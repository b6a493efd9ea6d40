//! One row of the registry: everything that is known about one option.
//!
//! Rows are built by [`opt`] and the `const fn`s after it, so that a new option costs one line in `rows/`; what is
//! not said there is the usual case: read-write, `post-socket`, inherited, Linux, no range, no privilege.

use super::{Fits, Kind, Level, Payload, Value, decode, encode};
use crate::socket::{Phase, Triple};

/// Which of getsockopt(2) and setsockopt(2) the kernel answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Access {
    /// Both.
    ReadWrite,
    /// Only getsockopt(2).
    ReadOnly,
    /// Only setsockopt(2).
    WriteOnly,
}

impl Access {
    /// `rw`, `ro`, `wo`.
    pub const fn name(self) -> &'static str {
        match self {
            Access::ReadWrite => "rw",
            Access::ReadOnly => "ro",
            Access::WriteOnly => "wo",
        }
    }
}

/// Whether an accepted socket has what was set on its listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Inherited {
    /// It has.
    Yes,
    /// It starts afresh.
    No,
    /// There is nothing to accept, or nothing to tell it by.
    Unknown,
}

impl Inherited {
    /// `yes`, `no`, `unknown`.
    pub const fn name(self) -> &'static str {
        match self {
            Inherited::Yes => "yes",
            Inherited::No => "no",
            Inherited::Unknown => "unknown",
        }
    }
}

/// Where an option exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Platform {
    /// Here.
    Linux,
    /// Elsewhere: `FreeBSD`, `macOS`, `Windows`, `Solaris`…
    Other(&'static str),
}

/// What the kernel makes of a value, where it is not the value itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Adjust {
    /// Taken as it is.
    Nothing,
    /// Capped by a sysctl, doubled for bookkeeping, raised to a floor: SO_RCVBUF, SO_SNDBUF.
    DoubledCapped {
        /// The cap, before doubling.
        sysctl: &'static str,
        /// The least, after doubling.
        floor: i64,
    },
    /// The same without the cap: SO_RCVBUFFORCE.
    Doubled {
        /// The least, after doubling.
        floor: i64,
    },
    /// Capped by a sysctl.
    Capped {
        /// Its name.
        sysctl: &'static str,
    },
    /// Raised to a floor; 0 stays: TCP_WINDOW_CLAMP.
    AtLeast {
        /// The least.
        floor: i64,
    },
    /// Rounded up to the clock's tick: SO_RCVTIMEO.
    RoundedToTick,
    /// Turned into a number of retransmissions and back: TCP_DEFER_ACCEPT.
    RoundedToRetransmissions,
    /// Changed for the reason given.
    Because(&'static str),
    /// Accepted and without any effect, for the reason given.
    Ignored(&'static str),
}

/// One option.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// C's name.
    pub name: &'static str,
    /// The level it belongs to.
    pub level: Level,
    /// The number on its platform; −1 where nothing here says it.
    pub number: i32,
    /// What the value is made of.
    pub kind: Kind,
    /// What the kernel answers.
    pub access: Access,
    /// Where it does what the user means and nothing else.
    pub phase: Phase,
    /// Whether accepted sockets have it.
    pub inherited: Inherited,
    /// Which sockets have it.
    pub fits: Fits,
    /// Where it exists.
    pub platform: Platform,
    /// The least and the greatest value, as the manual gives them and the kernel enforces them.
    pub range: Option<(i64, i64)>,
    /// The capability that setting it needs.
    pub privilege: Option<&'static str>,
    /// What the kernel makes of the value.
    pub adjust: Adjust,
    /// One line of documentation.
    pub doc: &'static str,
    /// The manual page, or the header where no page has it.
    pub man: &'static str,
    /// The row of the same number that traces show, when this is its second name.
    pub alias: Option<&'static str>,
}

impl Row {
    /// Whether such a socket has it: the kernel accepts the get or the set.
    pub fn fits(&self, triple: Triple) -> bool {
        self.fits.has(triple)
    }

    /// The triple that `sockplay options` asks for the default: IPv4 stream, else the first that it suits.
    pub fn first_triple(&self) -> Option<Triple> {
        self.triples().next()
    }

    /// Every triple that it suits, IPv4 stream first.
    pub fn triples(&self) -> impl Iterator<Item = Triple> {
        Fits::triples().filter(|&t| self.fits(t))
    }

    /// Whether this is an option of the platform that we run on.
    pub fn available(&self) -> bool {
        self.platform == Platform::Linux
    }

    /// The bytes for setsockopt(2). An error is one sentence that says what is allowed.
    pub fn encode(&self, value: &Value) -> Result<Payload, String> {
        encode::encode(self, value)
    }

    /// What getsockopt(2) returned. Any length is read: what is missing is left out.
    pub fn decode(&self, bytes: &[u8]) -> Value {
        decode::decode(&self.kind, bytes)
    }

    /// How many bytes to offer getsockopt(2).
    pub fn buffer_len(&self) -> usize {
        match self.kind {
            Kind::U64 | Kind::Linger => 8,
            Kind::Timeval | Kind::Ifname => 16,
            Kind::Text(n) | Kind::Bytes(n) => n,
            Kind::Words(n) => 4 * n,
            Kind::Gids => 4 * 65536,  // NGROUPS_MAX of limits.h
            Kind::Filter => 8 * 4096, // BPF_MAXINSNS of linux/bpf_common.h
            Kind::Struct(layout) => layout.size,
            _ => 4,
        }
    }
}

/// A row of the usual kind.
pub(super) const fn opt(
    name: &'static str,
    level: Level,
    number: i32,
    kind: Kind,
    fits: Fits,
    man: &'static str,
    doc: &'static str,
) -> Row {
    Row {
        name,
        level,
        number,
        kind,
        access: Access::ReadWrite,
        phase: Phase::PostSocket,
        inherited: Inherited::Yes,
        fits,
        platform: Platform::Linux,
        range: None,
        privilege: None,
        adjust: Adjust::Nothing,
        doc,
        man,
        alias: None,
    }
}

impl Row {
    /// Only getsockopt(2) answers.
    pub(super) const fn ro(self) -> Row {
        Row {
            access: Access::ReadOnly,
            inherited: Inherited::Unknown,
            ..self
        }
    }

    /// Only setsockopt(2) answers.
    pub(super) const fn wo(self) -> Row {
        Row {
            access: Access::WriteOnly,
            inherited: Inherited::Unknown,
            ..self
        }
    }

    /// It decides whether or where bind(2) succeeds.
    pub(super) const fn pre_bind(self) -> Row {
        Row {
            phase: Phase::PreBind,
            ..self
        }
    }

    /// Negotiated in the handshake, or a property of the listener.
    pub(super) const fn pre_listen(self) -> Row {
        Row {
            phase: Phase::PreListen,
            ..self
        }
    }

    /// Per connection.
    pub(super) const fn post_accept(self) -> Row {
        Row {
            phase: Phase::PostAccept,
            ..self
        }
    }

    /// Accepted sockets start afresh.
    pub(super) const fn fresh(self) -> Row {
        Row {
            inherited: Inherited::No,
            ..self
        }
    }

    /// Nothing to accept, or nothing to tell it by.
    pub(super) const fn untold(self) -> Row {
        Row {
            inherited: Inherited::Unknown,
            ..self
        }
    }

    /// The manual's range.
    pub(super) const fn range(self, least: i64, greatest: i64) -> Row {
        Row {
            range: Some((least, greatest)),
            ..self
        }
    }

    /// The capability that setting needs.
    pub(super) const fn needs(self, capability: &'static str) -> Row {
        Row {
            privilege: Some(capability),
            ..self
        }
    }

    /// What the kernel makes of it.
    pub(super) const fn adjust(self, adjust: Adjust) -> Row {
        Row { adjust, ..self }
    }

    /// Another platform's.
    pub(super) const fn on(self, platform: &'static str) -> Row {
        Row {
            platform: Platform::Other(platform),
            inherited: Inherited::Unknown,
            ..self
        }
    }

    /// The second name of another row.
    pub(super) const fn alias(self, of: &'static str) -> Row {
        Row {
            alias: Some(of),
            ..self
        }
    }
}
