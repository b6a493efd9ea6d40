//! The words that the tables are written in: short names for kinds, sets of sockets, and what the kernel adjusts.
//!
//! The sets are the kernel's code paths, as asked on Linux 6.18: level IP reaches every socket but raw IPv6 ones, and
//! MPTCP passes a list of its own.

use super::super::{Adjust, Fits, Kind, Layout, Unit};

pub(super) use super::super::Kind::{
    Bytes, Fd, Filter, Flag, Gids, Ifindex, IfindexBe, Ifname, Int, Linger, MulticastIf, PortRange,
    Size, Text, Timeval, U64, Unsigned, Words,
};
use super::super::layouts;

pub(super) const SECONDS: Kind = Kind::Time(Unit::Seconds);
pub(super) const MILLIS: Kind = Kind::Time(Unit::Millis);
pub(super) const MICROS: Kind = Kind::Time(Unit::Micros);
/// The greatest C int.
pub(super) const MAX: i64 = i32::MAX as i64;

const fn of(layout: &'static Layout) -> Kind {
    Kind::Struct(layout)
}

#[rustfmt::skip]
mod kinds {
    use super::{Kind, layouts, of};
    pub(in super::super) const FAMILY: Kind = Kind::Choice(layouts::FAMILY);
    pub(in super::super) const TYPE: Kind = Kind::Choice(layouts::TYPE);
    pub(in super::super) const PROTO: Kind = Kind::Choice(layouts::PROTO);
    pub(in super::super) const BUF_LOCK: Kind = Kind::Choice(layouts::BUF_LOCK);
    pub(in super::super) const PMTUDISC: Kind = Kind::Choice(layouts::PMTUDISC);
    pub(in super::super) const PMTUDISC6: Kind = Kind::Choice(layouts::PMTUDISC6);
    pub(in super::super) const REPAIRQ: Kind = Kind::Choice(layouts::REPAIRQ);
    pub(in super::super) const ENCAP: Kind = Kind::Choice(layouts::ENCAP);
    pub(in super::super) const MREQN: Kind = of(&layouts::MREQN);
    pub(in super::super) const MREQ_SOURCE: Kind = of(&layouts::MREQ_SOURCE);
    pub(in super::super) const GROUP_REQ: Kind = of(&layouts::GROUP_REQ);
    pub(in super::super) const GROUP_SOURCE_REQ: Kind = of(&layouts::GROUP_SOURCE_REQ);
    pub(in super::super) const MREQ6: Kind = of(&layouts::MREQ6);
    pub(in super::super) const PKTINFO6: Kind = of(&layouts::PKTINFO6);
    pub(in super::super) const MTUINFO: Kind = of(&layouts::MTUINFO);
    pub(in super::super) const FLOWLABEL: Kind = of(&layouts::FLOWLABEL);
    pub(in super::super) const SOCKADDR_IN: Kind = of(&layouts::SOCKADDR_IN);
    pub(in super::super) const SOCKADDR_IN6: Kind = of(&layouts::SOCKADDR_IN6);
    pub(in super::super) const UCRED: Kind = of(&layouts::UCRED);
    pub(in super::super) const TXTIME: Kind = of(&layouts::TXTIME);
    pub(in super::super) const MEMINFO: Kind = of(&layouts::MEMINFO);
    pub(in super::super) const REPAIR_WINDOW: Kind = of(&layouts::REPAIR_WINDOW);
    pub(in super::super) const TCP_INFO: Kind = of(&layouts::TCP_INFO);
    pub(in super::super) const MPTCP_INFO: Kind = of(&layouts::MPTCP_INFO);
}
pub(super) use kinds::*;

#[rustfmt::skip]
mod sets {
    use super::Fits;
    pub(in super::super) const ALL: Fits = Fits::ALL;
    pub(in super::super) const NONE: Fits = Fits::NONE;
    pub(in super::super) const INET: Fits = Fits::INET;
    pub(in super::super) const UNIX: Fits = Fits::UNIX;
    pub(in super::super) const UNIX_STREAM: Fits = Fits::UNIX_STREAM;
    pub(in super::super) const TCP: Fits = Fits::TCP;
    pub(in super::super) const TCP6: Fits = Fits::TCP6;
    pub(in super::super) const STREAM: Fits = Fits::STREAM;
    pub(in super::super) const MPTCP: Fits = Fits::MPTCP;
    pub(in super::super) const DATAGRAM: Fits = Fits::DATAGRAM;
    pub(in super::super) const LITE: Fits = Fits::LITE;
    pub(in super::super) const ICMP4: Fits = Fits::ICMP4;
    pub(in super::super) const ICMP6: Fits = Fits::ICMP6;
    pub(in super::super) const RAW6: Fits = Fits::RAW6;
    /// SCTP and DCCP.
    pub(in super::super) const OTHER: Fits = Fits::OTHER4.or(Fits::OTHER6);
    /// Raw sockets of one family.
    pub(in super::super) const RAWV4: Fits = Fits::RAW4.or(Fits::ICMP4);
    pub(in super::super) const RAWV6: Fits = Fits::RAW6.or(Fits::ICMP6);
    /// Everything but MPTCP, whose setsockopt has a list of its own.
    pub(in super::super) const ONE: Fits = ALL.but(MPTCP);
    /// Level IP: IPv6 sockets too, where it rules v4-mapped traffic.
    pub(in super::super) const IP: Fits = INET.but(RAWV6).but(MPTCP);
    /// RFC 3678's requests, at the level of the socket's own family.
    pub(in super::super) const GROUPS: Fits = INET.but(MPTCP);
    pub(in super::super) const IP_MPTCP: Fits = INET.but(RAWV6);
    /// Level IPv6.
    pub(in super::super) const IPV6: Fits = Fits::IPV6;
    pub(in super::super) const IP6: Fits = IPV6.but(MPTCP);
    pub(in super::super) const IPV4: Fits = Fits::IPV4;
    pub(in super::super) const RAW: Fits = Fits::RAW;
    /// Sockets that may join a group: without a connection.
    pub(in super::super) const MCAST4: Fits = DATAGRAM.or(Fits::PING).or(RAWV4);
    pub(in super::super) const MCAST6: Fits = IPV6.but(STREAM).but(OTHER);
    /// Sockets with a queue that is charged to a protocol.
    pub(in super::super) const QUEUED: Fits = TCP.or(DATAGRAM).or(OTHER);
    pub(in super::super) const PEEK: Fits = QUEUED.or(UNIX);
    pub(in super::super) const ZERO: Fits = TCP.or(Fits::UDP).or(OTHER);
}
pub(super) use sets::*;

#[rustfmt::skip]
mod adjusts {
    use super::Adjust;
    pub(in super::super) const OBSOLETE: Adjust = Adjust::Ignored("obsolete: Linux accepts it and does nothing since 2.2");
    pub(in super::super) const A_RCVBUF: Adjust = Adjust::DoubledCapped { sysctl: "net.core.rmem_max", floor: 2304 };
    pub(in super::super) const A_RCVBUFFORCE: Adjust = Adjust::Doubled { floor: 2304 };
    pub(in super::super) const A_RCVLOWAT: Adjust = Adjust::Because("0 means 1, and TCP caps it at half of the greatest receive buffer");
    pub(in super::super) const A_SNDBUF: Adjust = Adjust::DoubledCapped { sysctl: "net.core.wmem_max", floor: 4608 };
    pub(in super::super) const A_SNDBUFFORCE: Adjust = Adjust::Doubled { floor: 4608 };
    pub(in super::super) const A_TXREHASH: Adjust = Adjust::Because("-1 takes net.core.txrehash");
    pub(in super::super) const A_LINGER: Adjust = Adjust::Because("the time is not kept while lingering is off");
    pub(in super::super) const ECN: Adjust = Adjust::Because("TCP keeps the two ECN bits to itself");
    pub(in super::super) const ECN6: Adjust = Adjust::Because("TCP keeps the two ECN bits to itself, and -1 is the default");
    pub(in super::super) const PREFERENCES: Adjust = Adjust::Because("what is not asked for reads back as the default");
    pub(in super::super) const NEGATIVE: Adjust = Adjust::Because("every negative offset reads back as -1");
    pub(in super::super) const HOPS: Adjust = Adjust::Because("-1 is the default, which reads back");
    pub(in super::super) const SOMAXCONN: Adjust = Adjust::Capped { sysctl: "net.core.somaxconn" };
    pub(in super::super) const A_LINGER2: Adjust = Adjust::Because("at most 120 s, and 0 is net.ipv4.tcp_fin_timeout");
    pub(in super::super) const A_MAXSEG: Adjust = Adjust::Because("once connected it reads back less the TCP options, timestamps take 12 bytes");
    pub(in super::super) const A_QUICKACK: Adjust = Adjust::Because("the kernel leaves and enters quick acknowledgement mode by itself");
    pub(in super::super) const THIN: Adjust = Adjust::Ignored("Linux accepts it and does nothing since 4.12");
    pub(in super::super) const CLAMP: Adjust = Adjust::AtLeast { floor: 1152 };
    pub(in super::super) const COVERAGE: Adjust = Adjust::AtLeast { floor: 8 };
    pub(in super::super) const A_ROUTER_ALERT: Adjust = Adjust::Because("reads back as a flag, not as the value");
    pub(in super::super) const A_CLOCK: Adjust = Adjust::Because("the clock runs on");
    pub(in super::super) const TICK: Adjust = Adjust::RoundedToTick;
    pub(in super::super) const RETRANSMISSIONS: Adjust = Adjust::RoundedToRetransmissions;
}
pub(super) use adjusts::*;
