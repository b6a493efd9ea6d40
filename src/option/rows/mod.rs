//! The tables, one file per level. A new option is one line in one of them, in the order of its C name.
//!
//! [`words`] explains what the lines are written in; `row.rs` what is the case when a line does not say.

use super::Row;

mod families;
mod foreign;
mod icmpv6;
mod ip;
mod ipv6;
mod mptcp;
mod raw;
mod socket;
mod tcp;
mod udp;
mod udplite;
mod vsock;
mod words;

/// All tables, the usual levels first.
pub(super) const TABLES: &[&[Row]] = &[
    socket::ROWS,
    ip::ROWS,
    ipv6::ROWS,
    tcp::ROWS,
    udp::ROWS,
    udplite::ROWS,
    raw::ROWS,
    icmpv6::ROWS,
    mptcp::ROWS,
    vsock::ROWS,
    families::ROWS,
    foreign::ROWS,
];
