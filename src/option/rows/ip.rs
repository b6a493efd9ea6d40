//! IPPROTO_IP: ip(7), raw(7); the group requests of RFC 3678 have the same numbers at IPPROTO_IPV6.
//!
//! Which sockets have an option, what is inherited and what is adjusted: asked of Linux 6.18, and again by each test run.

use super::super::build::opt;
use super::super::{Fits, Kind, Level, Row};
use super::words::{
    Bytes, ECN, Flag, GROUP_REQ, GROUP_SOURCE_REQ, GROUPS, IP, IP_MPTCP, IPV4, IfindexBe, Int,
    MCAST4, MPTCP, MREQ_SOURCE, MREQN, MulticastIf, PMTUDISC, PortRange, RAWV4, SOCKADDR_IN, Size,
    TCP,
};

const MAN: &str = "ip(7)";
const HEADER: &str = "linux/in.h";

const fn o(
    name: &'static str,
    number: i32,
    kind: Kind,
    fits: Fits,
    man: &'static str,
    doc: &'static str,
) -> Row {
    opt(name, Level::IP, number, kind, fits, man, doc)
}

#[rustfmt::skip]
pub(super) const ROWS: &[Row] = &[
    o("IP_ADD_MEMBERSHIP", libc::IP_ADD_MEMBERSHIP, MREQN, MCAST4, MAN, "join a multicast group on an interface").wo(),
    o("IP_ADD_SOURCE_MEMBERSHIP", libc::IP_ADD_SOURCE_MEMBERSHIP, MREQ_SOURCE, IP, MAN, "join a multicast group for one source").wo(),
    o("IP_BIND_ADDRESS_NO_PORT", libc::IP_BIND_ADDRESS_NO_PORT, Flag, IP_MPTCP, MAN, "bind to port 0 chooses no port yet: connect will").pre_bind(),
    o("IP_BLOCK_SOURCE", libc::IP_BLOCK_SOURCE, MREQ_SOURCE, IP, MAN, "drop one source of a joined group").wo(),
    o("IP_CHECKSUM", libc::IP_CHECKSUM, Flag, IP, HEADER, "receive the packet's checksum as ancillary data"),
    o("IP_DROP_MEMBERSHIP", libc::IP_DROP_MEMBERSHIP, MREQN, MCAST4, MAN, "leave a multicast group").wo(),
    o("IP_DROP_SOURCE_MEMBERSHIP", libc::IP_DROP_SOURCE_MEMBERSHIP, MREQ_SOURCE, IP, MAN, "leave a multicast group for one source").wo(),
    o("IP_FREEBIND", libc::IP_FREEBIND, Flag, IP_MPTCP, MAN, "bind to an address that is not ours, or not yet").pre_bind(),
    o("IP_HDRINCL", libc::IP_HDRINCL, Flag, RAWV4, MAN, "the sender writes the IP header itself").untold(),
    o("IP_IPSEC_POLICY", libc::IP_IPSEC_POLICY, Bytes(256), IP, HEADER, "IPsec policy of this socket, in PF_KEY's form").wo().needs("CAP_NET_ADMIN"),
    o("IP_LOCAL_PORT_RANGE", 51, PortRange, IP_MPTCP, MAN, "ports that bind to 0 and connect choose from: \"40000-40010\"").pre_bind(), // linux/in.h
    o("IP_MINTTL", libc::IP_MINTTL, Int, IP, HEADER, "drop packets with a smaller TTL (RFC 5082); 255: only direct neighbours").range(0, 255),
    o("IP_MSFILTER", libc::IP_MSFILTER, Bytes(4096), IP, MAN, "the whole list of sources of a group at once").untold(),
    o("IP_MTU", libc::IP_MTU, Size, IP, MAN, "the path's MTU; only of a connected socket").ro(),
    o("IP_MTU_DISCOVER", libc::IP_MTU_DISCOVER, PMTUDISC, IP, MAN, "path MTU discovery: the don't-fragment bit and what obeys it").range(0, 5),
    o("IP_MULTICAST_ALL", libc::IP_MULTICAST_ALL, Flag, IP, MAN, "receive groups that any socket of this machine joined"),
    o("IP_MULTICAST_IF", libc::IP_MULTICAST_IF, MulticastIf, MCAST4, MAN, "the interface for outgoing multicast").untold(),
    o("IP_MULTICAST_LOOP", libc::IP_MULTICAST_LOOP, Flag, IP, MAN, "our own multicast comes back to this machine"),
    o("IP_MULTICAST_TTL", libc::IP_MULTICAST_TTL, Int, MCAST4, MAN, "TTL of outgoing multicast").untold().range(0, 255),
    o("IP_NODEFRAG", libc::IP_NODEFRAG, Flag, RAWV4, MAN, "leave fragments as they are; raw sockets only").untold(),
    o("IP_OPTIONS", libc::IP_OPTIONS, Bytes(40), IP, MAN, "IP options of every packet, at most 40 bytes").pre_listen().fresh(),
    o("IP_ORIGDSTADDR", libc::IP_ORIGDSTADDR, Flag, IP, MAN, "another name of IP_RECVORIGDSTADDR").alias("IP_RECVORIGDSTADDR"),
    o("IP_PASSSEC", libc::IP_PASSSEC, Flag, IP, MAN, "receive the peer's security context as ancillary data"),
    o("IP_PKTINFO", libc::IP_PKTINFO, Flag, IP, MAN, "receive interface and destination address as ancillary data"),
    o("IP_PKTOPTIONS", libc::IP_PKTOPTIONS, Bytes(256), TCP, HEADER, "the ancillary data of the last packet, on a stream").ro().post_accept(),
    o("IP_PMTUDISC", libc::IP_MTU_DISCOVER, PMTUDISC, IP, MAN, "glibc's older name of IP_MTU_DISCOVER").alias("IP_MTU_DISCOVER"),
    o("IP_PROTOCOL", 52, Int, IP, HEADER, "the protocol of a raw socket; of others the local port (Linux 6.3)").ro(),
    o("IP_RECVERR", libc::IP_RECVERR, Flag, IP, MAN, "queue ICMP errors for MSG_ERRQUEUE"),
    o("IP_RECVERR_RFC4884", 26, Flag, IP, HEADER, "queue ICMP's extensions of RFC 4884 as well"),
    o("IP_RECVFRAGSIZE", libc::IP_RECVFRAGSIZE, Flag, MCAST4, HEADER, "receive the size of the largest fragment as ancillary data").untold(),
    o("IP_RECVOPTS", libc::IP_RECVOPTS, Flag, IP, MAN, "receive IP options as ancillary data"),
    o("IP_RECVORIGDSTADDR", libc::IP_RECVORIGDSTADDR, Flag, IP, MAN, "receive the original destination as ancillary data"),
    o("IP_RECVRETOPTS", 7, Flag, IP, MAN, "another name of IP_RETOPTS").alias("IP_RETOPTS"), // linux/in.h
    o("IP_RECVTOS", libc::IP_RECVTOS, Flag, IP, MAN, "receive the TOS byte as ancillary data"),
    o("IP_RECVTTL", libc::IP_RECVTTL, Flag, IP, MAN, "receive the TTL as ancillary data; a TCP socket never delivers it"),
    o("IP_RETOPTS", libc::IP_RETOPTS, Flag, IP, MAN, "receive IP options as ancillary data, ready to be sent back"),
    o("IP_ROUTER_ALERT", libc::IP_ROUTER_ALERT, Flag, RAWV4, MAN, "receive forwarded packets that carry the router alert option").untold(),
    o("IP_TOS", libc::IP_TOS, Int, IP_MPTCP, MAN, "the TOS byte: DSCP in the upper six bits").range(0, 255).adjust(ECN),
    o("IP_TRANSPARENT", libc::IP_TRANSPARENT, Flag, IP_MPTCP, MAN, "bind and connect with addresses that are not ours").pre_bind().needs("CAP_NET_ADMIN"),
    o("IP_TTL", libc::IP_TTL, Int, IP, MAN, "time to live of unicast packets").range(1, 255),
    o("IP_UNBLOCK_SOURCE", libc::IP_UNBLOCK_SOURCE, MREQ_SOURCE, IP, MAN, "hear a blocked source again").wo(),
    o("IP_UNICAST_IF", libc::IP_UNICAST_IF, IfindexBe, IP, HEADER, "the interface for outgoing unicast, without binding to it"),
    o("IP_XFRM_POLICY", libc::IP_XFRM_POLICY, Bytes(256), IPV4.but(MPTCP), HEADER, "IPsec policy of this socket, in XFRM's form").wo().needs("CAP_NET_ADMIN"),
    o("MCAST_BLOCK_SOURCE", libc::MCAST_BLOCK_SOURCE, GROUP_SOURCE_REQ, GROUPS, HEADER, "drop one source of a joined group (RFC 3678)").wo(),
    o("MCAST_JOIN_GROUP", libc::MCAST_JOIN_GROUP, GROUP_REQ, GROUPS, HEADER, "join a multicast group (RFC 3678)").wo(),
    o("MCAST_JOIN_SOURCE_GROUP", libc::MCAST_JOIN_SOURCE_GROUP, GROUP_SOURCE_REQ, GROUPS, HEADER, "join a multicast group for one source (RFC 3678)").wo(),
    o("MCAST_LEAVE_GROUP", libc::MCAST_LEAVE_GROUP, GROUP_REQ, GROUPS, HEADER, "leave a multicast group (RFC 3678)").wo(),
    o("MCAST_LEAVE_SOURCE_GROUP", libc::MCAST_LEAVE_SOURCE_GROUP, GROUP_SOURCE_REQ, GROUPS, HEADER, "leave a multicast group for one source (RFC 3678)").wo(),
    o("MCAST_MSFILTER", libc::MCAST_MSFILTER, Bytes(4096), GROUPS, HEADER, "the whole list of sources of a group at once (RFC 3678)").untold(),
    o("MCAST_UNBLOCK_SOURCE", libc::MCAST_UNBLOCK_SOURCE, GROUP_SOURCE_REQ, GROUPS, HEADER, "hear a blocked source again (RFC 3678)").wo(),
    o("SO_ORIGINAL_DST", libc::SO_ORIGINAL_DST, SOCKADDR_IN, TCP, "linux/netfilter_ipv4.h", "the destination before address translation (needs connection tracking)").ro().post_accept(),
];
