//! One row of the registry: everything that is known about one option.
//!
//! Rows are built by `opt` and the `const fn`s after it in [`super::build`], so that a new option costs one line in `rows/`; what is
//! not said there is the usual case: read-write, `post-socket`, inherited, Linux, no range, no privilege.

use super::{Fits, Kind, Level, Payload, Value, decode, encode};
use crate::socket::{Family, Phase, Triple};

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

    /// Why such a socket does not have it, as one sentence; `None` when it has.
    pub fn why_not(&self, triple: Triple) -> Option<String> {
        match self.platform {
            Platform::Other(platform) => Some(format!(
                "{} is not available here: it belongs to {platform}",
                self.name
            )),
            Platform::Linux if self.fits(triple) => None,
            Platform::Linux => Some(match self.first_triple() {
                Some(first) => {
                    format!("{} does not fit {triple}; {first} would have it", self.name)
                }
                None => format!("{} fits no socket that a profile can open", self.name),
            }),
        }
    }

    /// What is wrong with setting it at that point rather than in its own phase; `None` when that works as well.
    pub fn warning_at(&self, at: Phase) -> Option<&'static str> {
        match (self.phase, at) {
            (Phase::PreBind, Phase::PreListen | Phase::PostAccept) => {
                Some("too late: it decides whether or where bind succeeds")
            }
            (Phase::PreListen, Phase::PostAccept) => {
                Some("too late: it is negotiated in the handshake, or belongs to the listener")
            }
            (Phase::PostAccept, early)
                if early < Phase::PostAccept && self.inherited == Inherited::No =>
            {
                Some("too early: accepted sockets do not inherit it")
            }
            _ => None,
        }
    }

    /// The bytes for setsockopt(2). An error is one sentence that says what is allowed.
    pub fn encode(&self, value: &Value) -> Result<Payload, String> {
        encode::encode(self, value)
    }

    /// What getsockopt(2) returned. Any length is read: what is missing is left out.
    pub fn decode(&self, bytes: &[u8]) -> Value {
        decode::decode(&self.kind, bytes)
    }

    /// A value of this option for tables: with its unit ("60 s"), its constant ("IP_PMTUDISC_WANT") or as it is.
    pub fn plain(&self, value: &Value) -> String {
        match (value, self.kind) {
            (Value::Int(n), Kind::Time(unit)) => format!("{n} {}", unit.symbol()),
            (Value::Int(n), Kind::Choice(names)) => {
                match names.iter().find(|name| i64::from(name.1) == *n) {
                    Some((name, _)) => (*name).to_owned(),
                    None => n.to_string(),
                }
            }
            (Value::Int(-1), Kind::U64) => "unlimited".to_owned(),
            _ => value.plain(),
        }
    }

    /// The level to use on such a socket. Only RFC 3678's group requests (MCAST_…) have two: they carry addresses of
    /// the family whose level they are set at.
    pub fn level_on(&self, triple: Triple) -> Level {
        match (self.level, triple.family) {
            (Level::IP, Family::Ipv6) if self.name.starts_with("MCAST_") => Level::IPV6,
            _ => self.level,
        }
    }

    /// Whether a socket that was accepted from such a listener has it. Unix sockets inherit SO_PASS… only.
    pub fn inherited_on(&self, triple: Triple) -> Inherited {
        let passes = self.name.starts_with("SO_PASS");
        match (triple.family, self.inherited) {
            (Family::Unix, Inherited::Yes) if !passes => Inherited::No,
            (_, inherited) => inherited,
        }
    }

    /// What to offer getsockopt(2): zeros, but for MPTCP's lists, which must be told the sizes that we know.
    pub fn buffer(&self) -> Vec<u8> {
        let mut buffer = vec![0; self.buffer_len()];
        // struct mptcp_subflow_data of linux/mptcp.h: its own size, two fields of the kernel's, an element's size.
        let element: u32 = match self.name {
            "MPTCP_TCPINFO" => 232,
            "MPTCP_SUBFLOW_ADDRS" => 256,
            _ => return buffer,
        };
        for (offset, word) in [(0, 16u32), (12, element)] {
            buffer[offset..offset + 4].copy_from_slice(&word.to_ne_bytes());
        }
        buffer
    }

    /// How many bytes of the buffer are filled, from the length that getsockopt(2) returned. SO_GET_FILTER answers in
    /// instructions of 8 bytes.
    pub fn answered(&self, optlen: usize) -> usize {
        match self.kind {
            Kind::Filter => optlen.saturating_mul(8),
            _ => optlen,
        }
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

#[cfg(test)]
mod tests {
    use super::super::find;
    use super::*;
    use crate::socket::Type;

    fn plain(name: &str, value: i64) -> String {
        find(name).unwrap().plain(&Value::Int(value))
    }

    #[test]
    fn a_table_shows_units_and_constants() {
        assert_eq!(plain("TCP_KEEPIDLE", 60), "60 s");
        assert_eq!(plain("TCP_USER_TIMEOUT", 4321), "4321 ms");
        assert_eq!(plain("IP_MTU_DISCOVER", 1), "IP_PMTUDISC_WANT");
        assert_eq!(plain("IP_MTU_DISCOVER", 77), "77");
        assert_eq!(plain("SO_MAX_PACING_RATE", -1), "unlimited");
        assert_eq!(plain("SO_RCVBUF", 65536), "65536");
    }

    #[test]
    fn what_does_not_fit_says_what_would() {
        let tcp = Triple::new(Family::Ipv4, Type::Stream);
        let why = |name: &str| find(name).unwrap().why_not(tcp);
        assert_eq!(why("IP_TTL"), None);
        assert!(
            why("SO_EXCLUSIVEADDRUSE")
                .unwrap()
                .contains("not available here: it belongs to Windows")
        );
        assert!(
            why("SO_PASSCRED")
                .unwrap()
                .ends_with("does not fit ipv4 stream; unix stream would have it")
        );
        assert!(why("CAN_RAW_FILTER").unwrap().contains("no socket"));
    }

    #[test]
    fn another_phase_is_warned_of_where_it_matters() {
        let warning = |name: &str, at| find(name).unwrap().warning_at(at).unwrap_or("");
        assert!(warning("SO_RCVBUF", Phase::PostAccept).starts_with("too late"));
        assert!(warning("SO_REUSEADDR", Phase::PreListen).starts_with("too late"));
        assert!(warning("SO_PRIORITY", Phase::PreListen).starts_with("too early"));
        assert_eq!(warning("TCP_NODELAY", Phase::PostAccept), "");
        assert_eq!(warning("SO_RCVBUF", Phase::PostSocket), "");
    }

    #[test]
    fn group_requests_have_a_level_for_each_family() {
        let row = find("MCAST_JOIN_GROUP").unwrap();
        let level = |family| row.level_on(Triple::new(family, Type::Datagram)).name;
        assert_eq!(level(Family::Ipv4), "IPPROTO_IP");
        assert_eq!(level(Family::Ipv6), "IPPROTO_IPV6");
    }

    #[test]
    fn the_first_triple_is_tcp_over_ipv4_where_it_fits() {
        let first = |name: &str| find(name).unwrap().first_triple().map(|t| t.to_string());
        assert_eq!(first("SO_REUSEADDR").as_deref(), Some("ipv4 stream"));
        assert_eq!(first("IPV6_V6ONLY").as_deref(), Some("ipv6 stream"));
        assert_eq!(first("SO_PASSCRED").as_deref(), Some("unix stream"));
        assert_eq!(first("SO_EXCLUSIVEADDRUSE"), None);
    }
}
