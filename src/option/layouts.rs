//! The C structs and named numbers that rows refer to.
//!
//! Offsets are those of the 64-bit Linux ABI; each is the sum of what stands before it in the header named. The
//! registry's test asks the C compiler for the sizes.

use super::{Field, Layout, Part};

use Part::{Bits, I32, Ifindex, Ipv4, Ipv6, Sockaddr, U8, U16, U32, U64};

/// A choice: C's constants with their numbers.
pub(super) type Names = &'static [(&'static str, i32)];

const fn f(name: &'static str, offset: usize, part: Part) -> Field {
    Field { name, offset, part }
}

const fn layout(name: &'static str, size: usize, fields: &'static [Field]) -> Layout {
    Layout { name, size, fields }
}

#[rustfmt::skip]
mod tables {
    use super::{Bits, I32, Ifindex, Ipv4, Ipv6, Layout, Names, Sockaddr, U8, U16, U32, U64, f, layout};

    // linux/in.h; struct ip_mreq is its first eight bytes with imr_address called imr_interface.
    pub(in super::super) static MREQN: Layout = layout("ip_mreqn", 12, &[
        f("imr_multiaddr", 0, Ipv4), f("imr_address", 4, Ipv4), f("imr_ifindex", 8, Ifindex)]);
    // linux/in.h
    pub(in super::super) static MREQ_SOURCE: Layout = layout("ip_mreq_source", 12, &[
        f("imr_multiaddr", 0, Ipv4), f("imr_interface", 4, Ipv4), f("imr_sourceaddr", 8, Ipv4)]);
    pub(in super::super) static GROUP_REQ: Layout = layout("group_req", 136, &[
        f("gr_interface", 0, Ifindex), f("gr_group", 8, Sockaddr)]);
    pub(in super::super) static GROUP_SOURCE_REQ: Layout = layout("group_source_req", 264, &[
        f("gsr_interface", 0, Ifindex), f("gsr_group", 8, Sockaddr), f("gsr_source", 136, Sockaddr)]);
    // linux/in6.h
    pub(in super::super) static MREQ6: Layout = layout("ipv6_mreq", 20, &[
        f("ipv6mr_multiaddr", 0, Ipv6), f("ipv6mr_interface", 16, Ifindex)]);
    // linux/ipv6.h
    pub(in super::super) static PKTINFO6: Layout = layout("in6_pktinfo", 20, &[
        f("ipi6_addr", 0, Ipv6), f("ipi6_ifindex", 16, Ifindex)]);
    pub(in super::super) static MTUINFO: Layout = layout("ip6_mtuinfo", 32, &[
        f("ip6m_addr", 0, Sockaddr), f("ip6m_mtu", 28, U32)]);
    // linux/in6.h; the label is in network byte order.
    pub(in super::super) static FLOWLABEL: Layout = layout("in6_flowlabel_req", 32, &[
        f("flr_dst", 0, Ipv6), f("flr_label", 16, U32), f("flr_action", 20, U8), f("flr_share", 21, U8),
        f("flr_flags", 22, U16), f("flr_expires", 24, U16), f("flr_linger", 26, U16)]);
    pub(in super::super) static SOCKADDR_IN: Layout = layout("sockaddr_in", 16, &[f("sin_addr", 0, Sockaddr)]);
    pub(in super::super) static SOCKADDR_IN6: Layout = layout("sockaddr_in6", 28, &[f("sin6_addr", 0, Sockaddr)]);
    // unix(7)
    pub(in super::super) static UCRED: Layout = layout("ucred", 12, &[f("pid", 0, I32), f("uid", 4, U32), f("gid", 8, U32)]);
    // linux/net_tstamp.h
    pub(in super::super) static TXTIME: Layout = layout("sock_txtime", 8, &[f("clockid", 0, I32), f("flags", 4, U32)]);
    // linux/sock_diag.h, SK_MEMINFO_*
    pub(in super::super) static MEMINFO: Layout = layout("meminfo", 36, &[
        f("rmem_alloc", 0, U32), f("rcvbuf", 4, U32), f("wmem_alloc", 8, U32), f("sndbuf", 12, U32), f("fwd_alloc", 16, U32),
        f("wmem_queued", 20, U32), f("optmem", 24, U32), f("backlog", 28, U32), f("drops", 32, U32)]);
    // linux/filter.h
    pub(in super::super) static SOCK_FILTER: Layout = layout("sock_filter", 8, &[
        f("code", 0, U16), f("jt", 2, U8), f("jf", 3, U8), f("k", 4, U32)]);
    // linux/tcp.h
    pub(in super::super) static REPAIR_WINDOW: Layout = layout("tcp_repair_window", 20, &[
        f("snd_wl1", 0, U32), f("snd_wnd", 4, U32), f("max_window", 8, U32), f("rcv_wnd", 12, U32), f("rcv_wup", 16, U32)]);
    // linux/tcp.h: fields are only ever added at the end, so a shorter answer is an older kernel's.
    pub(in super::super) static TCP_INFO: Layout = layout("tcp_info", 280, &[
        f("state", 0, U8), f("ca_state", 1, U8), f("retransmits", 2, U8), f("probes", 3, U8), f("backoff", 4, U8),
        f("options", 5, U8), f("snd_wscale", 6, Bits { shift: 0, width: 4 }), f("rcv_wscale", 6, Bits { shift: 4, width: 4 }),
        f("delivery_rate_app_limited", 7, Bits { shift: 0, width: 1 }), f("fastopen_client_fail", 7, Bits { shift: 1, width: 2 }),
        f("rto", 8, U32), f("ato", 12, U32), f("snd_mss", 16, U32), f("rcv_mss", 20, U32), f("unacked", 24, U32),
        f("sacked", 28, U32), f("lost", 32, U32), f("retrans", 36, U32), f("fackets", 40, U32), f("last_data_sent", 44, U32),
        f("last_ack_sent", 48, U32), f("last_data_recv", 52, U32), f("last_ack_recv", 56, U32), f("pmtu", 60, U32),
        f("rcv_ssthresh", 64, U32), f("rtt", 68, U32), f("rttvar", 72, U32), f("snd_ssthresh", 76, U32), f("snd_cwnd", 80, U32),
        f("advmss", 84, U32), f("reordering", 88, U32), f("rcv_rtt", 92, U32), f("rcv_space", 96, U32),
        f("total_retrans", 100, U32), f("pacing_rate", 104, U64), f("max_pacing_rate", 112, U64), f("bytes_acked", 120, U64),
        f("bytes_received", 128, U64), f("segs_out", 136, U32), f("segs_in", 140, U32), f("notsent_bytes", 144, U32),
        f("min_rtt", 148, U32), f("data_segs_in", 152, U32), f("data_segs_out", 156, U32), f("delivery_rate", 160, U64),
        f("busy_time", 168, U64), f("rwnd_limited", 176, U64), f("sndbuf_limited", 184, U64), f("delivered", 192, U32),
        f("delivered_ce", 196, U32), f("bytes_sent", 200, U64), f("bytes_retrans", 208, U64), f("dsack_dups", 216, U32),
        f("reord_seen", 220, U32), f("rcv_ooopack", 224, U32), f("snd_wnd", 228, U32), f("rcv_wnd", 232, U32),
        f("rehash", 236, U32), f("total_rto", 240, U16), f("total_rto_recoveries", 242, U16), f("total_rto_time", 244, U32)]);
    // linux/mptcp.h
    pub(in super::super) static MPTCP_INFO: Layout = layout("mptcp_info", 96, &[
        f("subflows", 0, U8), f("add_addr_signal", 1, U8), f("add_addr_accepted", 2, U8), f("subflows_max", 3, U8),
        f("add_addr_signal_max", 4, U8), f("add_addr_accepted_max", 5, U8), f("flags", 8, U32), f("token", 12, U32),
        f("write_seq", 16, U64), f("snd_una", 24, U64), f("rcv_nxt", 32, U64), f("local_addr_used", 40, U8),
        f("local_addr_max", 41, U8), f("csum_enabled", 42, U8), f("retransmits", 44, U32), f("bytes_retrans", 48, U64),
        f("bytes_sent", 56, U64), f("bytes_received", 64, U64), f("bytes_acked", 72, U64), f("subflows_total", 80, U8)]);

    // linux/in.h, linux/in6.h
    pub(in super::super) const PMTUDISC: Names = &[("IP_PMTUDISC_DONT", 0), ("IP_PMTUDISC_WANT", 1), ("IP_PMTUDISC_DO", 2),
        ("IP_PMTUDISC_PROBE", 3), ("IP_PMTUDISC_INTERFACE", 4), ("IP_PMTUDISC_OMIT", 5)];
    pub(in super::super) const PMTUDISC6: Names = &[("IPV6_PMTUDISC_DONT", 0), ("IPV6_PMTUDISC_WANT", 1), ("IPV6_PMTUDISC_DO", 2),
        ("IPV6_PMTUDISC_PROBE", 3), ("IPV6_PMTUDISC_INTERFACE", 4), ("IPV6_PMTUDISC_OMIT", 5)];
    pub(in super::super) const FAMILY: Names = &[("AF_UNIX", libc::AF_UNIX), ("AF_INET", libc::AF_INET), ("AF_INET6", libc::AF_INET6),
        ("AF_NETLINK", libc::AF_NETLINK), ("AF_PACKET", libc::AF_PACKET), ("AF_VSOCK", libc::AF_VSOCK)];
    pub(in super::super) const TYPE: Names = &[("SOCK_STREAM", libc::SOCK_STREAM), ("SOCK_DGRAM", libc::SOCK_DGRAM),
        ("SOCK_RAW", libc::SOCK_RAW), ("SOCK_SEQPACKET", libc::SOCK_SEQPACKET)];
    pub(in super::super) const PROTO: Names = &[("IPPROTO_IP", 0), ("IPPROTO_ICMP", 1), ("IPPROTO_TCP", 6), ("IPPROTO_UDP", 17),
        ("IPPROTO_ICMPV6", 58), ("IPPROTO_SCTP", 132), ("IPPROTO_UDPLITE", 136), ("IPPROTO_RAW", 255), ("IPPROTO_MPTCP", 262)];
    // linux/socket.h
    pub(in super::super) const BUF_LOCK: Names = &[("SOCK_SNDBUF_LOCK", 1), ("SOCK_RCVBUF_LOCK", 2), ("SOCK_BUF_LOCK_MASK", 3)];
    // linux/tcp.h
    pub(in super::super) const REPAIRQ: Names = &[("TCP_NO_QUEUE", 0), ("TCP_RECV_QUEUE", 1), ("TCP_SEND_QUEUE", 2)];
    // linux/udp.h
    pub(in super::super) const ENCAP: Names = &[("UDP_ENCAP_ESPINUDP_NON_IKE", 1), ("UDP_ENCAP_ESPINUDP", 2), ("UDP_ENCAP_L2TPINUDP", 3),
        ("UDP_ENCAP_GTP0", 4), ("UDP_ENCAP_GTP1U", 5), ("UDP_ENCAP_RXRPC", 6)];
}

pub(super) use tables::*;

/// net/tcp_states.h, from 1 on.
const STATES: [&str; 12] = [
    "ESTABLISHED",
    "SYN_SENT",
    "SYN_RECV",
    "FIN_WAIT1",
    "FIN_WAIT2",
    "TIME_WAIT",
    "CLOSE",
    "CLOSE_WAIT",
    "LAST_ACK",
    "LISTEN",
    "CLOSING",
    "NEW_SYN_RECV",
];

/// The name of a TCP state, as ss(8) has it: TCP_INFO's `state`. `None`: no kernel has such a state yet.
pub fn tcp_state(number: i64) -> Option<&'static str> {
    let index = usize::try_from(number).ok()?.checked_sub(1)?;
    STATES.get(index).copied()
}
