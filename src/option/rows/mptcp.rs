//! SOL_MPTCP: linux/mptcp.h.
//!
//! Which sockets have an option, what is inherited and what is adjusted: asked of Linux 6.18, and again by each test run.

use super::super::build::opt;
use super::super::{Fits, Kind, Level, Row};
use super::words::{Bytes, MPTCP, MPTCP_INFO};

const HEADER: &str = "linux/mptcp.h";

const fn o(
    name: &'static str,
    number: i32,
    kind: Kind,
    fits: Fits,
    man: &'static str,
    doc: &'static str,
) -> Row {
    opt(name, Level::MPTCP, number, kind, fits, man, doc)
}

#[rustfmt::skip]
pub(super) const ROWS: &[Row] = &[
    o("MPTCP_FULL_INFO", 4, Bytes(512), MPTCP, HEADER, "everything about the connection and its subflows (Linux 6.5)").ro().post_accept(),
    o("MPTCP_INFO", 1, MPTCP_INFO, MPTCP, HEADER, "state and counters of the connection (Linux 5.16)").ro().post_accept(),
    o("MPTCP_SUBFLOW_ADDRS", 3, Bytes(1040), MPTCP, HEADER, "the addresses of every subflow (Linux 5.16)").ro().post_accept(),
    o("MPTCP_TCPINFO", 2, Bytes(2048), MPTCP, HEADER, "struct tcp_info of every subflow (Linux 5.16)").ro().post_accept(),
];
