//! Family, type and protocol: the three arguments of socket(2).
//!
//! The numbers of families and types differ between architectures, so they live at the gate (`sys::abi`);
//! protocols are IANA's numbers and are the same everywhere.

use std::fmt;

/// The first argument of socket(2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Family {
    /// `AF_INET`, ip(7).
    Ipv4,
    /// `AF_INET6`, ipv6(7).
    Ipv6,
    /// `AF_UNIX`, unix(7).
    Unix,
}

impl Family {
    /// Every family that a profile can name.
    pub const ALL: [Family; 3] = [Family::Ipv4, Family::Ipv6, Family::Unix];

    /// The word in a profile.
    pub const fn name(self) -> &'static str {
        match self {
            Family::Ipv4 => "ipv4",
            Family::Ipv6 => "ipv6",
            Family::Unix => "unix",
        }
    }

    /// The constant in C.
    pub const fn c_name(self) -> &'static str {
        match self {
            Family::Ipv4 => "AF_INET",
            Family::Ipv6 => "AF_INET6",
            Family::Unix => "AF_UNIX",
        }
    }

    /// Reads a profile's word or the C constant, without regard to case.
    pub fn parse(word: &str) -> Option<Family> {
        let is = |f: &Family| {
            f.name().eq_ignore_ascii_case(word) || f.c_name().eq_ignore_ascii_case(word)
        };
        Family::ALL.into_iter().find(is).or_else(|| {
            word.eq_ignore_ascii_case("AF_LOCAL")
                .then_some(Family::Unix)
        })
    }
}

/// The second argument of socket(2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Type {
    /// `SOCK_STREAM`: a connection, bytes without boundaries.
    Stream,
    /// `SOCK_DGRAM`: no connection, messages with boundaries.
    Datagram,
    /// `SOCK_SEQPACKET`: a connection, messages with boundaries.
    Seqpacket,
    /// `SOCK_RAW`: packets of a protocol below the transport, raw(7).
    Raw,
}

impl Type {
    /// Every type that a profile can name.
    pub const ALL: [Type; 4] = [Type::Stream, Type::Datagram, Type::Seqpacket, Type::Raw];

    /// The word in a profile.
    pub const fn name(self) -> &'static str {
        match self {
            Type::Stream => "stream",
            Type::Datagram => "datagram",
            Type::Seqpacket => "seqpacket",
            Type::Raw => "raw",
        }
    }

    /// The constant in C.
    pub const fn c_name(self) -> &'static str {
        match self {
            Type::Stream => "SOCK_STREAM",
            Type::Datagram => "SOCK_DGRAM",
            Type::Seqpacket => "SOCK_SEQPACKET",
            Type::Raw => "SOCK_RAW",
        }
    }

    /// Reads a profile's word or the C constant, without regard to case.
    pub fn parse(word: &str) -> Option<Type> {
        let is =
            |t: &Type| t.name().eq_ignore_ascii_case(word) || t.c_name().eq_ignore_ascii_case(word);
        Type::ALL
            .into_iter()
            .find(is)
            .or_else(|| word.eq_ignore_ascii_case("dgram").then_some(Type::Datagram))
    }

    /// Whether the passive end listens and accepts, and each peer has a socket of its own.
    pub const fn has_connections(self) -> bool {
        matches!(self, Type::Stream | Type::Seqpacket)
    }

    /// Whether one receive returns one message of the peer.
    pub const fn has_boundaries(self) -> bool {
        !matches!(self, Type::Stream)
    }
}

/// The third argument of socket(2): IANA's number, 0 for "family and type decide".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Protocol(pub i32);

/// Names of protocols(5), and those of Linux beyond one byte, with their constants in C.
const PROTOCOLS: &[(&str, i32, &str)] = &[
    ("ip", 0, "IPPROTO_IP"),
    ("icmp", 1, "IPPROTO_ICMP"),
    ("igmp", 2, "IPPROTO_IGMP"),
    ("ipip", 4, "IPPROTO_IPIP"),
    ("tcp", 6, "IPPROTO_TCP"),
    ("egp", 8, "IPPROTO_EGP"),
    ("pup", 12, "IPPROTO_PUP"),
    ("udp", 17, "IPPROTO_UDP"),
    ("idp", 22, "IPPROTO_IDP"),
    ("dccp", 33, "IPPROTO_DCCP"),
    ("ipv6", 41, "IPPROTO_IPV6"),
    ("rsvp", 46, "IPPROTO_RSVP"),
    ("gre", 47, "IPPROTO_GRE"),
    ("esp", 50, "IPPROTO_ESP"),
    ("ah", 51, "IPPROTO_AH"),
    ("icmpv6", 58, "IPPROTO_ICMPV6"),
    ("mtp", 92, "IPPROTO_MTP"),
    ("pim", 103, "IPPROTO_PIM"),
    ("comp", 108, "IPPROTO_COMP"),
    ("l2tp", 115, "IPPROTO_L2TP"),
    ("sctp", 132, "IPPROTO_SCTP"),
    ("udplite", 136, "IPPROTO_UDPLITE"),
    ("mpls", 137, "IPPROTO_MPLS"),
    ("ethernet", 143, "IPPROTO_ETHERNET"),
    ("raw", 255, "IPPROTO_RAW"),
    ("smc", 256, "IPPROTO_SMC"),
    ("mptcp", 262, "IPPROTO_MPTCP"),
];

impl Protocol {
    /// 0: family and type decide.
    pub const DEFAULT: Protocol = Protocol(0);
    /// IPPROTO_ICMP.
    pub const ICMP: Protocol = Protocol(1);
    /// IPPROTO_TCP.
    pub const TCP: Protocol = Protocol(6);
    /// IPPROTO_UDP.
    pub const UDP: Protocol = Protocol(17);
    /// IPPROTO_ICMPV6.
    pub const ICMPV6: Protocol = Protocol(58);
    /// IPPROTO_UDPLITE.
    pub const UDPLITE: Protocol = Protocol(136);
    /// IPPROTO_MPTCP.
    pub const MPTCP: Protocol = Protocol(262);

    /// The names that [`Protocol::parse`] knows, for messages.
    pub fn names() -> impl Iterator<Item = &'static str> {
        PROTOCOLS.iter().map(|&(name, _, _)| name)
    }

    /// Reads a name (`udp`, `IPPROTO_UDP`) without regard to case.
    pub fn parse(word: &str) -> Option<Protocol> {
        let is = |&&(name, _, c): &&(&str, i32, &str)| {
            name.eq_ignore_ascii_case(word) || c.eq_ignore_ascii_case(word)
        };
        PROTOCOLS
            .iter()
            .find(is)
            .map(|&(_, number, _)| Protocol(number))
    }

    /// The constant in C, where there is one.
    pub fn c_name(self) -> Option<&'static str> {
        PROTOCOLS.iter().find(|p| p.1 == self.0).map(|p| p.2)
    }

    /// The protocol's usual name, where it has one.
    pub fn name(self) -> Option<&'static str> {
        PROTOCOLS
            .iter()
            .find(|p| p.1 == self.0 && self.0 != 0)
            .map(|p| p.0)
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "{name}"),
            None => write!(f, "{}", self.0),
        }
    }
}

/// What socket(2) takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Triple {
    /// Address family.
    pub family: Family,
    /// Socket type.
    pub ty: Type,
    /// Protocol within the family.
    pub protocol: Protocol,
}

impl Triple {
    /// A triple with the protocol that family and type imply.
    pub const fn new(family: Family, ty: Type) -> Triple {
        Triple {
            family,
            ty,
            protocol: Protocol::DEFAULT,
        }
    }

    /// The same family and type with another protocol.
    #[must_use]
    pub const fn with(self, protocol: Protocol) -> Triple {
        Triple { protocol, ..self }
    }

    /// The protocol that the kernel will use: SO_PROTOCOL of such a socket. Unix has none.
    pub const fn effective_protocol(self) -> Protocol {
        match (self.family, self.ty, self.protocol.0) {
            (Family::Unix, _, _) => Protocol(0),
            (_, Type::Stream, 0) => Protocol::TCP,
            (_, Type::Datagram, 0) => Protocol::UDP,
            _ => self.protocol,
        }
    }

    /// The third argument of socket(2) as strace prints it: protocols belong to the families of IP only.
    pub fn protocol_argument(self) -> String {
        match self.protocol.c_name() {
            Some(name) if !matches!(self.family, Family::Unix) => name.to_owned(),
            _ => self.protocol.0.to_string(),
        }
    }

    /// Whether addresses of this socket carry a port (raw sockets and unix ones have none).
    pub const fn has_ports(self) -> bool {
        !matches!(self.family, Family::Unix) && !matches!(self.ty, Type::Raw)
    }
}

impl fmt::Display for Triple {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.family.name(), self.ty.name())?;
        match self.protocol {
            Protocol::DEFAULT => Ok(()),
            p => write!(f, " {p}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_constants_name_the_same() {
        for f in Family::ALL {
            assert_eq!(Family::parse(f.name()), Family::parse(f.c_name()));
        }
        for t in Type::ALL {
            assert_eq!(
                Type::parse(&t.name().to_uppercase()),
                Type::parse(t.c_name())
            );
        }
        assert_eq!(Protocol::parse("UDPlite"), Some(Protocol(136)));
        assert_eq!(Protocol::parse("IPPROTO_MPTCP"), Some(Protocol(262)));
        assert_eq!(Protocol::parse("nonsense"), None);
    }

    #[test]
    fn zero_lets_family_and_type_decide() {
        assert_eq!(
            Triple::new(Family::Ipv6, Type::Datagram).effective_protocol(),
            Protocol::UDP
        );
        assert_eq!(
            Triple::new(Family::Unix, Type::Stream).effective_protocol(),
            Protocol(0)
        );
    }

    #[test]
    fn a_triple_reads_as_a_profile_writes_it() {
        assert_eq!(
            Triple::new(Family::Ipv4, Type::Stream).to_string(),
            "ipv4 stream"
        );
        assert_eq!(
            Triple::new(Family::Ipv4, Type::Raw)
                .with(Protocol(253))
                .to_string(),
            "ipv4 raw 253"
        );
    }
}
