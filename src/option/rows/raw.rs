//! SOL_RAW: raw(7).
//!
//! Which sockets have an option, what is inherited and what is adjusted: asked of Linux 6.18, and again by each test run.

use super::super::build::opt;
use super::super::{Fits, Kind, Level, Row};
use super::words::{ICMP4, Words};

const MAN: &str = "raw(7)";

const fn o(
    name: &'static str,
    number: i32,
    kind: Kind,
    fits: Fits,
    man: &'static str,
    doc: &'static str,
) -> Row {
    opt(name, Level::RAW, number, kind, fits, man, doc)
}

#[rustfmt::skip]
pub(super) const ROWS: &[Row] = &[
    o("ICMP_FILTER", 1, Words(1), ICMP4, MAN, "ICMP types to drop, one bit each").untold(), // linux/icmp.h
];
