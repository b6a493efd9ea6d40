//! IPPROTO_ICMPV6: linux/icmpv6.h, RFC 3542.
//!
//! Which sockets have an option, what is inherited and what is adjusted: asked of Linux 6.18, and again by each test run.

use super::super::build::opt;
use super::super::{Fits, Kind, Level, Row};
use super::words::{ICMP6, Words};

const HEADER: &str = "linux/icmpv6.h";

const fn o(
    name: &'static str,
    number: i32,
    kind: Kind,
    fits: Fits,
    man: &'static str,
    doc: &'static str,
) -> Row {
    opt(name, Level::ICMPV6, number, kind, fits, man, doc)
}

#[rustfmt::skip]
pub(super) const ROWS: &[Row] = &[
    o("ICMPV6_FILTER", 1, Words(8), ICMP6, HEADER, "ICMPv6 types to drop, one bit each (RFC 3542)").untold(),
];
