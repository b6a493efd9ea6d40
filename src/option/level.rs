//! Levels: the second argument of setsockopt(2), as C's headers write them and as strace prints them.
//!
//! Levels are protocol numbers up to 255 and Linux's own `SOL_…` numbers beyond (linux/socket.h). Bluetooth's
//! levels reuse small numbers, so a level is its name first and its number second.

/// The level of an option.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Level {
    /// As the manual writes it: `SOL_SOCKET`, `IPPROTO_TCP`.
    pub name: &'static str,
    /// The number that setsockopt(2) takes on Linux.
    pub number: i32,
    /// As strace prints it: `SOL_SOCKET`, `SOL_TCP`.
    pub strace: &'static str,
}

const fn level(name: &'static str, number: i32, strace: &'static str) -> Level {
    Level {
        name,
        number,
        strace,
    }
}

#[rustfmt::skip]
impl Level {
    /// socket(7).
    pub const SOCKET: Level = level("SOL_SOCKET", libc::SOL_SOCKET, "SOL_SOCKET");
    /// ip(7).
    pub const IP: Level = level("IPPROTO_IP", 0, "SOL_IP");
    /// ipv6(7).
    pub const IPV6: Level = level("IPPROTO_IPV6", 41, "SOL_IPV6");
    /// tcp(7).
    pub const TCP: Level = level("IPPROTO_TCP", 6, "SOL_TCP");
    /// udp(7).
    pub const UDP: Level = level("IPPROTO_UDP", 17, "SOL_UDP");
    /// udplite(7).
    pub const UDPLITE: Level = level("IPPROTO_UDPLITE", 136, "SOL_UDPLITE");
    /// raw(7).
    pub const RAW: Level = level("SOL_RAW", 255, "SOL_RAW");
    /// icmp6(7) of the BSDs; linux/icmpv6.h.
    pub const ICMPV6: Level = level("IPPROTO_ICMPV6", 58, "SOL_ICMPV6");
    /// linux/mptcp.h.
    pub const MPTCP: Level = level("SOL_MPTCP", 284, "SOL_MPTCP");
    /// vsock(7) uses the family's number as the level.
    pub const VSOCK: Level = level("AF_VSOCK", libc::AF_VSOCK, "AF_VSOCK");
    /// linux/dccp.h.
    pub const DCCP: Level = level("SOL_DCCP", 269, "SOL_DCCP");
    /// sctp(7).
    pub const SCTP: Level = level("IPPROTO_SCTP", 132, "SOL_SCTP");
    /// netlink(7).
    pub const NETLINK: Level = level("SOL_NETLINK", 270, "SOL_NETLINK");
    /// packet(7).
    pub const PACKET: Level = level("SOL_PACKET", 263, "SOL_PACKET");
    /// linux/tipc.h.
    pub const TIPC: Level = level("SOL_TIPC", 271, "SOL_TIPC");
    /// linux/rds.h.
    pub const RDS: Level = level("SOL_RDS", 276, "SOL_RDS");
    /// linux/if_alg.h.
    pub const ALG: Level = level("SOL_ALG", 279, "SOL_ALG");
    /// linux/tls.h.
    pub const TLS: Level = level("SOL_TLS", 282, "SOL_TLS");
    /// linux/if_xdp.h.
    pub const XDP: Level = level("SOL_XDP", 283, "SOL_XDP");
    /// linux/smc.h.
    pub const SMC: Level = level("SOL_SMC", 286, "SOL_SMC");
    /// linux/can/raw.h: SOL_CAN_BASE + CAN_RAW.
    pub const CAN_RAW: Level = level("SOL_CAN_RAW", 101, "SOL_CAN_RAW");
    /// linux/can/j1939.h: SOL_CAN_BASE + CAN_J1939.
    pub const CAN_J1939: Level = level("SOL_CAN_J1939", 107, "SOL_CAN_J1939");
    /// linux/can/isotp.h: SOL_CAN_BASE + CAN_ISOTP.
    pub const CAN_ISOTP: Level = level("SOL_CAN_ISOTP", 106, "SOL_CAN_ISOTP");
    /// bluetooth/hci.h; the number is IPPROTO_IP's.
    pub const HCI: Level = level("SOL_HCI", 0, "SOL_HCI");
    /// bluetooth/bluetooth.h.
    pub const BLUETOOTH: Level = level("SOL_BLUETOOTH", 274, "SOL_BLUETOOTH");
    /// linux/ipx.h.
    pub const IPX: Level = level("SOL_IPX", 256, "SOL_IPX");
    /// unix(7) of the BSDs.
    pub const LOCAL: Level = level("SOL_LOCAL", 0, "SOL_LOCAL");

    /// Every level that has rows, or that a trace may meet, the usual ones first.
    pub const ALL: &'static [Level] = &[
        Level::SOCKET, Level::IP, Level::IPV6, Level::TCP, Level::UDP, Level::UDPLITE, Level::RAW, Level::ICMPV6,
        Level::MPTCP, Level::VSOCK, Level::DCCP, Level::SCTP, Level::NETLINK, Level::PACKET, Level::TIPC, Level::RDS,
        Level::ALG, Level::TLS, Level::XDP, Level::SMC, Level::CAN_RAW, Level::CAN_J1939, Level::CAN_ISOTP,
        Level::BLUETOOTH, Level::IPX, Level::HCI, Level::LOCAL,
    ];
}

/// The number of a level, by either of its names and without regard to case: `SOL_TCP` and `IPPROTO_TCP` are 6.
pub fn level_number(name: &str) -> Option<i32> {
    Level::ALL
        .iter()
        .find(|l| l.name.eq_ignore_ascii_case(name) || l.strace.eq_ignore_ascii_case(name))
        .map(|l| l.number)
}

/// The name of a level as C's headers write it; a number that two share is named by the usual one.
pub fn level_name(number: i32) -> Option<&'static str> {
    Level::ALL
        .iter()
        .find(|l| l.number == number)
        .map(|l| l.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_names_give_the_number() {
        assert_eq!(level_number("sol_tcp"), Some(6));
        assert_eq!(level_number("IPPROTO_TCP"), Some(6));
        assert_eq!(level_number("SOL_NONSENSE"), None);
    }

    #[test]
    fn zero_is_ip_and_not_bluetooth() {
        assert_eq!(level_name(0), Some("IPPROTO_IP"));
        assert_eq!(level_name(-5), None);
    }
}
