//! Which sockets have an option, as a set of the kinds of socket that the kernel tells apart.
//!
//! A triple's type and protocol decide which of the kernel's protocols answers; the rows name sets of those. What
//! a row claims here is what getsockopt(2) and setsockopt(2) answered on each, and `tests/registry.rs` asks again.

use std::ops::BitOr;

use crate::socket::{Family, Protocol, Triple, Type};

/// A set of kinds of socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fits(u32);

#[rustfmt::skip]
impl Fits {
    /// No socket that a profile can open (another family's, another platform's).
    pub const NONE: Fits = Fits(0);
    /// TCP over IPv4.
    pub const TCP4: Fits = Fits(1);
    /// TCP over IPv6.
    pub const TCP6: Fits = Fits(1 << 1);
    /// MPTCP over IPv4.
    pub const MPTCP4: Fits = Fits(1 << 2);
    /// MPTCP over IPv6.
    pub const MPTCP6: Fits = Fits(1 << 3);
    /// UDP over IPv4.
    pub const UDP4: Fits = Fits(1 << 4);
    /// UDP over IPv6.
    pub const UDP6: Fits = Fits(1 << 5);
    /// UDP-Lite over IPv4.
    pub const LITE4: Fits = Fits(1 << 6);
    /// UDP-Lite over IPv6.
    pub const LITE6: Fits = Fits(1 << 7);
    /// The ping socket of icmp(7): IPv4 datagram icmp.
    pub const PING4: Fits = Fits(1 << 8);
    /// IPv6 datagram icmpv6.
    pub const PING6: Fits = Fits(1 << 9);
    /// Raw IPv4, any protocol but ICMP.
    pub const RAW4: Fits = Fits(1 << 10);
    /// Raw IPv6, any protocol but ICMPv6.
    pub const RAW6: Fits = Fits(1 << 11);
    /// Raw IPv4 with protocol icmp.
    pub const ICMP4: Fits = Fits(1 << 12);
    /// Raw IPv6 with protocol icmpv6.
    pub const ICMP6: Fits = Fits(1 << 13);
    /// Unix stream.
    pub const UNIX_STREAM: Fits = Fits(1 << 14);
    /// Unix datagram (raw is the same socket under another name).
    pub const UNIX_DGRAM: Fits = Fits(1 << 15);
    /// Unix seqpacket.
    pub const UNIX_SEQ: Fits = Fits(1 << 16);
    /// SCTP and DCCP over either family, where the kernel has them.
    pub const OTHER4: Fits = Fits(1 << 17);
    /// The same over IPv6.
    pub const OTHER6: Fits = Fits(1 << 18);

    /// TCP over either family.
    pub const TCP: Fits = Fits::TCP4.or(Fits::TCP6);
    /// MPTCP over either family.
    pub const MPTCP: Fits = Fits::MPTCP4.or(Fits::MPTCP6);
    /// TCP and MPTCP.
    pub const STREAM: Fits = Fits::TCP.or(Fits::MPTCP);
    /// UDP over either family.
    pub const UDP: Fits = Fits::UDP4.or(Fits::UDP6);
    /// UDP-Lite over either family.
    pub const LITE: Fits = Fits::LITE4.or(Fits::LITE6);
    /// UDP and UDP-Lite.
    pub const DATAGRAM: Fits = Fits::UDP.or(Fits::LITE);
    /// Ping sockets.
    pub const PING: Fits = Fits::PING4.or(Fits::PING6);
    /// Raw sockets, ICMP's among them.
    pub const RAW: Fits = Fits(0b1111 << 10);
    /// Every unix socket.
    pub const UNIX: Fits = Fits(0b111 << 14);
    /// Every socket over IPv4.
    pub const IPV4: Fits = Fits::TCP4.or(Fits::MPTCP4).or(Fits::UDP4).or(Fits::LITE4).or(Fits::PING4)
        .or(Fits::RAW4).or(Fits::ICMP4).or(Fits::OTHER4);
    /// Every socket over IPv6.
    pub const IPV6: Fits = Fits::TCP6.or(Fits::MPTCP6).or(Fits::UDP6).or(Fits::LITE6).or(Fits::PING6)
        .or(Fits::RAW6).or(Fits::ICMP6).or(Fits::OTHER6);
    /// Every socket over IP.
    pub const INET: Fits = Fits::IPV4.or(Fits::IPV6);
    /// Every socket that a profile can open.
    pub const ALL: Fits = Fits::INET.or(Fits::UNIX);
}

impl Fits {
    /// Both sets together.
    #[must_use]
    pub const fn or(self, other: Fits) -> Fits {
        Fits(self.0 | other.0)
    }

    /// This set without `other`.
    #[must_use]
    pub const fn but(self, other: Fits) -> Fits {
        Fits(self.0 & !other.0)
    }

    /// Whether a socket of this triple is in the set.
    pub fn has(self, triple: Triple) -> bool {
        self.0 & Fits::of(triple).0 != 0
    }

    /// The one kind of socket that a triple opens.
    pub fn of(triple: Triple) -> Fits {
        let v4 = triple.family == Family::Ipv4;
        let pick = |four: Fits, six: Fits| if v4 { four } else { six };
        match (triple.family, triple.ty, triple.effective_protocol()) {
            (Family::Unix, Type::Stream, _) => Fits::UNIX_STREAM,
            (Family::Unix, Type::Seqpacket, _) => Fits::UNIX_SEQ,
            (Family::Unix, Type::Datagram | Type::Raw, _) => Fits::UNIX_DGRAM,
            (_, Type::Stream, Protocol::TCP) => pick(Fits::TCP4, Fits::TCP6),
            (_, Type::Stream, Protocol::MPTCP) => pick(Fits::MPTCP4, Fits::MPTCP6),
            (_, Type::Datagram, Protocol::UDP) => pick(Fits::UDP4, Fits::UDP6),
            (_, Type::Datagram, Protocol::UDPLITE) => pick(Fits::LITE4, Fits::LITE6),
            (Family::Ipv4, Type::Datagram, Protocol::ICMP) => Fits::PING4,
            (Family::Ipv6, Type::Datagram, Protocol::ICMPV6) => Fits::PING6,
            (Family::Ipv4, Type::Raw, Protocol::ICMP) => Fits::ICMP4,
            (Family::Ipv6, Type::Raw, Protocol::ICMPV6) => Fits::ICMP6,
            (_, Type::Raw, _) => pick(Fits::RAW4, Fits::RAW6),
            _ => pick(Fits::OTHER4, Fits::OTHER6),
        }
    }

    /// One triple for each kind of socket that a profile can open, the usual ones first.
    pub fn triples() -> impl Iterator<Item = Triple> {
        use Family::{Ipv4, Ipv6, Unix};
        let inet = |ty, four: Protocol, six: Protocol| {
            [
                Triple::new(Ipv4, ty).with(four),
                Triple::new(Ipv6, ty).with(six),
            ]
        };
        let both = |ty, protocol| inet(ty, protocol, protocol);
        [
            both(Type::Stream, Protocol::DEFAULT),
            both(Type::Datagram, Protocol::DEFAULT),
            [
                Triple::new(Unix, Type::Stream),
                Triple::new(Unix, Type::Datagram),
            ],
            [
                Triple::new(Unix, Type::Seqpacket),
                Triple::new(Ipv4, Type::Stream).with(Protocol::MPTCP),
            ],
            [
                Triple::new(Ipv6, Type::Stream).with(Protocol::MPTCP),
                Triple::new(Ipv4, Type::Datagram).with(Protocol::UDPLITE),
            ],
            [
                Triple::new(Ipv6, Type::Datagram).with(Protocol::UDPLITE),
                Triple::new(Ipv4, Type::Raw).with(Protocol(253)),
            ],
            [
                Triple::new(Ipv6, Type::Raw).with(Protocol(253)),
                Triple::new(Ipv4, Type::Raw).with(Protocol::ICMP),
            ],
            [
                Triple::new(Ipv6, Type::Raw).with(Protocol::ICMPV6),
                Triple::new(Ipv4, Type::Datagram).with(Protocol::ICMP),
            ],
            [
                Triple::new(Ipv6, Type::Datagram).with(Protocol::ICMPV6),
                Triple::new(Ipv4, Type::Seqpacket).with(Protocol(132)),
            ],
        ]
        .into_iter()
        .flatten()
    }
}

impl BitOr for Fits {
    type Output = Fits;

    fn bitor(self, other: Fits) -> Fits {
        self.or(other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn protocol_zero_and_its_meaning_are_the_same_socket() {
        let tcp = Triple::new(Family::Ipv4, Type::Stream);
        assert_eq!(Fits::of(tcp), Fits::of(tcp.with(Protocol::TCP)));
        assert!(Fits::TCP.has(tcp) && !Fits::UDP.has(tcp));
    }

    #[test]
    fn every_kind_has_a_triple_and_no_two_share_one() {
        let mut seen = Fits::NONE;
        for triple in Fits::triples() {
            let kind = Fits::of(triple);
            assert_eq!(kind.0.count_ones(), 1, "{triple}");
            assert_eq!(seen.0 & kind.0, 0, "{triple} twice");
            seen = seen | kind;
        }
        assert_eq!(seen | Fits::OTHER6, Fits::ALL);
    }

    #[test]
    fn unix_raw_is_a_datagram_socket() {
        assert!(Fits::UNIX_DGRAM.has(Triple::new(Family::Unix, Type::Raw)));
    }
}
