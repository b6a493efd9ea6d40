//! IPPROTO_UDPLITE: udplite(7).
//!
//! Which sockets have an option, what is inherited and what is adjusted: asked of Linux 6.18, and again by each test run.

use super::super::build::opt;
use super::super::{Fits, Kind, Level, Row};
use super::words::{COVERAGE, LITE, Size};

const MAN: &str = "udplite(7)";

const fn o(
    name: &'static str,
    number: i32,
    kind: Kind,
    fits: Fits,
    man: &'static str,
    doc: &'static str,
) -> Row {
    opt(name, Level::UDPLITE, number, kind, fits, man, doc)
}

#[rustfmt::skip]
pub(super) const ROWS: &[Row] = &[
    o("UDPLITE_RECV_CSCOV", 11, Size, LITE, MAN, "drop datagrams whose checksum covers less; 0: all of it").untold().range(0, 65535).adjust(COVERAGE), // include/net/udplite.h
    o("UDPLITE_SEND_CSCOV", 10, Size, LITE, MAN, "how many bytes the checksum covers, header included; 0: all").untold().range(0, 65535).adjust(COVERAGE), // include/net/udplite.h
];
