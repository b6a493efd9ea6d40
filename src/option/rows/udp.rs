//! IPPROTO_UDP: udp(7) and linux/udp.h.
//!
//! Which sockets have an option, what is inherited and what is adjusted: asked of Linux 6.18, and again by each test run.

use super::super::build::opt;
use super::super::{Fits, Kind, Level, Row};
use super::words::{DATAGRAM, ENCAP, Flag, Size};

const MAN: &str = "udp(7)";
const HEADER: &str = "linux/udp.h";

const fn o(
    name: &'static str,
    number: i32,
    kind: Kind,
    fits: Fits,
    man: &'static str,
    doc: &'static str,
) -> Row {
    opt(name, Level::UDP, number, kind, fits, man, doc)
}

#[rustfmt::skip]
pub(super) const ROWS: &[Row] = &[
    o("UDP_CORK", 1, Flag, DATAGRAM, MAN, "collect what is sent into one datagram until it is lifted").untold(), // linux/udp.h
    o("UDP_ENCAP", 100, ENCAP, DATAGRAM, HEADER, "packets carry another protocol: IPsec, L2TP, GTP").untold(),
    o("UDP_GRO", 104, Flag, DATAGRAM, MAN, "receive several datagrams of one sender glued together").untold(), // linux/udp.h
    o("UDP_NO_CHECK6_RX", 102, Flag, DATAGRAM, HEADER, "accept UDP over IPv6 without a checksum").untold(),
    o("UDP_NO_CHECK6_TX", 101, Flag, DATAGRAM, HEADER, "send UDP over IPv6 without a checksum").untold(),
    o("UDP_SEGMENT", 103, Size, DATAGRAM, MAN, "cut what is sent into datagrams of this size").untold().range(0, 65535), // linux/udp.h
];
