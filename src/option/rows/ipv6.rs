//! IPPROTO_IPV6: ipv6(7); most of RFC 3542 is in linux/in6.h only.
//!
//! Which sockets have an option, what is inherited and what is adjusted: asked of Linux 6.18, and again by each test run.

use super::super::build::opt;
use super::super::{Fits, Kind, Level, Row};
use super::words::{
    A_ROUTER_ALERT, Bytes, ECN6, FAMILY, FLOWLABEL, Flag, HOPS, IP6, IPV4, IPV6, Ifindex,
    IfindexBe, Int, MCAST6, MREQ6, MTUINFO, NEGATIVE, NONE, PKTINFO6, PMTUDISC6, PREFERENCES,
    QUEUED, RAW, RAW6, RAWV6, SOCKADDR_IN6, Size, TCP6, Unsigned,
};

const MAN: &str = "ipv6(7)";
const HEADER: &str = "linux/in6.h";

const fn o(
    name: &'static str,
    number: i32,
    kind: Kind,
    fits: Fits,
    man: &'static str,
    doc: &'static str,
) -> Row {
    opt(name, Level::IPV6, number, kind, fits, man, doc)
}

#[rustfmt::skip]
pub(super) const ROWS: &[Row] = &[
    o("IP6T_SO_ORIGINAL_DST", libc::IP6T_SO_ORIGINAL_DST, SOCKADDR_IN6, TCP6, "linux/netfilter_ipv6/ip6_tables.h", "the destination before address translation (needs connection tracking)").ro().post_accept(),
    o("IPV6_2292DSTOPTS", libc::IPV6_2292DSTOPTS, Flag, IP6, HEADER, "IPV6_RECVDSTOPTS of RFC 2292"),
    o("IPV6_2292HOPLIMIT", libc::IPV6_2292HOPLIMIT, Flag, IP6, HEADER, "IPV6_RECVHOPLIMIT of RFC 2292"),
    o("IPV6_2292HOPOPTS", libc::IPV6_2292HOPOPTS, Flag, IP6, HEADER, "IPV6_RECVHOPOPTS of RFC 2292"),
    o("IPV6_2292PKTINFO", libc::IPV6_2292PKTINFO, Flag, IP6, HEADER, "IPV6_RECVPKTINFO of RFC 2292"),
    o("IPV6_2292PKTOPTIONS", libc::IPV6_2292PKTOPTIONS, Bytes(1024), TCP6, HEADER, "the ancillary data of the last packet, on a stream (RFC 2292)").post_accept().untold(),
    o("IPV6_2292RTHDR", libc::IPV6_2292RTHDR, Flag, IP6, HEADER, "IPV6_RECVRTHDR of RFC 2292"),
    o("IPV6_ADDRFORM", libc::IPV6_ADDRFORM, FAMILY, QUEUED.but(IPV4), MAN, "turn a connected v4-mapped socket into an IPv4 one").post_accept().untold(),
    o("IPV6_ADDR_PREFERENCES", libc::IPV6_ADDR_PREFERENCES, Unsigned, IP6, HEADER, "which of our addresses to prefer as source (RFC 5014), a set of flags").adjust(PREFERENCES),
    o("IPV6_ADD_MEMBERSHIP", libc::IPV6_ADD_MEMBERSHIP, MREQ6, MCAST6, MAN, "another name of IPV6_JOIN_GROUP").wo().alias("IPV6_JOIN_GROUP"),
    o("IPV6_AUTHHDR", libc::IPV6_AUTHHDR, Flag, NONE, MAN, "receive authentication headers; the kernel has no such option any more").untold(),
    o("IPV6_AUTOFLOWLABEL", libc::IPV6_AUTOFLOWLABEL, Flag, IP6, HEADER, "choose a flow label for each connection"),
    o("IPV6_CHECKSUM", libc::IPV6_CHECKSUM, Int, RAW6, HEADER, "where in the packet the kernel puts a checksum; -1: nowhere").untold().adjust(NEGATIVE),
    o("IPV6_DONTFRAG", libc::IPV6_DONTFRAG, Flag, IP6, HEADER, "never fragment here, fail with EMSGSIZE"),
    o("IPV6_DROP_MEMBERSHIP", libc::IPV6_DROP_MEMBERSHIP, MREQ6, MCAST6, MAN, "another name of IPV6_LEAVE_GROUP").wo().alias("IPV6_LEAVE_GROUP"),
    o("IPV6_DSTOPTS", libc::IPV6_DSTOPTS, Bytes(2048), IP6, MAN, "destination options of every packet").untold().needs("CAP_NET_RAW"),
    o("IPV6_FLOWINFO", libc::IPV6_FLOWINFO, Flag, IP6, HEADER, "receive the flow label as ancillary data"),
    o("IPV6_FLOWINFO_SEND", libc::IPV6_FLOWINFO_SEND, Flag, IP6, HEADER, "use the flow label of the peer's address"),
    o("IPV6_FLOWLABEL_MGR", libc::IPV6_FLOWLABEL_MGR, FLOWLABEL, IP6, HEADER, "reserve and release flow labels").untold(),
    o("IPV6_FREEBIND", libc::IPV6_FREEBIND, Flag, IPV6, HEADER, "bind to an address that is not ours, or not yet").pre_bind(),
    o("IPV6_HDRINCL", libc::IPV6_HDRINCL, Flag, RAWV6, HEADER, "the sender writes the IPv6 header itself").untold(),
    o("IPV6_HOPLIMIT", libc::IPV6_HOPLIMIT, Int, NONE, MAN, "the hop limit as ancillary data of one packet; not set on a socket").untold(),
    o("IPV6_HOPOPTS", libc::IPV6_HOPOPTS, Bytes(2048), IP6, MAN, "hop-by-hop options of every packet").untold().needs("CAP_NET_RAW"),
    o("IPV6_IPSEC_POLICY", libc::IPV6_IPSEC_POLICY, Bytes(256), IP6, HEADER, "IPsec policy of this socket, in PF_KEY's form").wo().needs("CAP_NET_ADMIN"),
    o("IPV6_JOIN_ANYCAST", libc::IPV6_JOIN_ANYCAST, MREQ6, IP6, HEADER, "join an anycast group").wo().needs("CAP_NET_ADMIN"),
    o("IPV6_JOIN_GROUP", 20, MREQ6, MCAST6, MAN, "join a multicast group on an interface").wo(), // linux/in6.h
    o("IPV6_LEAVE_ANYCAST", libc::IPV6_LEAVE_ANYCAST, MREQ6, IP6, HEADER, "leave an anycast group").wo(),
    o("IPV6_LEAVE_GROUP", 21, MREQ6, MCAST6, MAN, "leave a multicast group").wo(), // linux/in6.h
    o("IPV6_MINHOPCOUNT", libc::IPV6_MINHOPCOUNT, Int, IP6, HEADER, "drop packets with a smaller hop limit (RFC 5082)").range(0, 255),
    o("IPV6_MTU", libc::IPV6_MTU, Size, IP6, MAN, "the path's MTU (connected); set: fragment at this size").untold().range(0, 65535),
    o("IPV6_MTU_DISCOVER", libc::IPV6_MTU_DISCOVER, PMTUDISC6, IP6, MAN, "path MTU discovery").range(0, 5),
    o("IPV6_MULTICAST_ALL", 29, Flag, IP6, HEADER, "receive groups that any socket of this machine joined"),
    o("IPV6_MULTICAST_HOPS", libc::IPV6_MULTICAST_HOPS, Int, MCAST6, MAN, "hop limit of outgoing multicast; -1: the default, 1").untold().range(-1, 255).adjust(HOPS),
    o("IPV6_MULTICAST_IF", libc::IPV6_MULTICAST_IF, Ifindex, MCAST6, MAN, "the interface for outgoing multicast").untold(),
    o("IPV6_MULTICAST_LOOP", libc::IPV6_MULTICAST_LOOP, Flag, IP6, MAN, "our own multicast comes back to this machine"),
    o("IPV6_NEXTHOP", libc::IPV6_NEXTHOP, SOCKADDR_IN6, NONE, HEADER, "the next hop of every packet").untold().needs("CAP_NET_RAW"),
    o("IPV6_ORIGDSTADDR", libc::IPV6_ORIGDSTADDR, Flag, IP6, HEADER, "another name of IPV6_RECVORIGDSTADDR").alias("IPV6_RECVORIGDSTADDR"),
    o("IPV6_PATHMTU", libc::IPV6_PATHMTU, MTUINFO, IP6, HEADER, "the path's MTU and whose path it is; connected only").ro(),
    o("IPV6_PKTINFO", libc::IPV6_PKTINFO, PKTINFO6, IP6, HEADER, "source address and interface of every packet").wo(),
    o("IPV6_RECVDSTOPTS", libc::IPV6_RECVDSTOPTS, Flag, IP6, MAN, "receive destination options as ancillary data"),
    o("IPV6_RECVERR", libc::IPV6_RECVERR, Flag, IP6, MAN, "queue ICMPv6 errors for MSG_ERRQUEUE"),
    o("IPV6_RECVERR_RFC4884", 31, Flag, IP6, HEADER, "queue ICMPv6's extensions of RFC 4884 as well"),
    o("IPV6_RECVFRAGSIZE", libc::IPV6_RECVFRAGSIZE, Flag, IP6, HEADER, "receive the size of the largest fragment as ancillary data"),
    o("IPV6_RECVHOPLIMIT", libc::IPV6_RECVHOPLIMIT, Flag, IP6, MAN, "receive the hop limit as ancillary data"),
    o("IPV6_RECVHOPOPTS", libc::IPV6_RECVHOPOPTS, Flag, IP6, MAN, "receive hop-by-hop options as ancillary data"),
    o("IPV6_RECVORIGDSTADDR", libc::IPV6_RECVORIGDSTADDR, Flag, IP6, HEADER, "receive the original destination as ancillary data"),
    o("IPV6_RECVPATHMTU", libc::IPV6_RECVPATHMTU, Flag, IP6, HEADER, "receive changes of the path's MTU as ancillary data"),
    o("IPV6_RECVPKTINFO", libc::IPV6_RECVPKTINFO, Flag, IP6, MAN, "receive interface and destination address as ancillary data"),
    o("IPV6_RECVRTHDR", libc::IPV6_RECVRTHDR, Flag, IP6, MAN, "receive routing headers as ancillary data"),
    o("IPV6_RECVTCLASS", libc::IPV6_RECVTCLASS, Flag, IP6, HEADER, "receive the traffic class as ancillary data"),
    o("IPV6_ROUTER_ALERT", libc::IPV6_ROUTER_ALERT, Int, RAW6, MAN, "receive packets with this router alert value (protocol raw only); -1 ends it").untold().adjust(A_ROUTER_ALERT),
    o("IPV6_ROUTER_ALERT_ISOLATE", 30, Flag, IP6, HEADER, "router alert packets of our own network namespace only"),
    o("IPV6_RTHDR", libc::IPV6_RTHDR, Bytes(2048), IP6, MAN, "routing header of every packet").untold(),
    o("IPV6_RTHDRDSTOPTS", libc::IPV6_RTHDRDSTOPTS, Bytes(2048), IP6, HEADER, "destination options before the routing header").untold().needs("CAP_NET_RAW"),
    o("IPV6_RXDSTOPTS", libc::IPV6_DSTOPTS, Bytes(2048), IP6, HEADER, "glibc's other name of IPV6_DSTOPTS").untold().needs("CAP_NET_RAW").alias("IPV6_DSTOPTS"),
    o("IPV6_RXHOPOPTS", libc::IPV6_HOPOPTS, Bytes(2048), IP6, HEADER, "glibc's other name of IPV6_HOPOPTS").untold().needs("CAP_NET_RAW").alias("IPV6_HOPOPTS"),
    o("IPV6_TCLASS", libc::IPV6_TCLASS, Int, IP6, HEADER, "the traffic class of every packet; -1: the default, 0").range(-1, 255).adjust(ECN6),
    o("IPV6_TRANSPARENT", libc::IPV6_TRANSPARENT, Flag, IPV6, HEADER, "bind and connect with addresses that are not ours").pre_bind().needs("CAP_NET_ADMIN"),
    o("IPV6_UNICAST_HOPS", libc::IPV6_UNICAST_HOPS, Int, IP6, MAN, "hop limit of unicast packets; -1: the route's or the system's default").range(-1, 255).adjust(HOPS),
    o("IPV6_UNICAST_IF", libc::IPV6_UNICAST_IF, IfindexBe, IP6, HEADER, "the interface for outgoing unicast, without binding to it"),
    o("IPV6_V6ONLY", libc::IPV6_V6ONLY, Flag, IPV6.but(RAW), MAN, "no IPv4 through v4-mapped addresses; fixed once bound").pre_bind(),
    o("IPV6_XFRM_POLICY", libc::IPV6_XFRM_POLICY, Bytes(256), IP6, HEADER, "IPsec policy of this socket, in XFRM's form").wo().needs("CAP_NET_ADMIN"),
];
