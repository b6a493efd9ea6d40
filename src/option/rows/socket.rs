//! SOL_SOCKET.

use super::super::row::opt;
use super::super::{Adjust, Fits, Kind, Level, Row};

const S: Level = Level::SOCKET;

#[rustfmt::skip]
pub(super) const ROWS: &[Row] = &[
    opt("SO_RCVBUF", S, libc::SO_RCVBUF, Kind::Size, Fits::ALL, "socket(7)", "receive buffer in bytes").pre_listen()
        .adjust(Adjust::DoubledCapped { sysctl: "net.core.rmem_max", floor: 2304 }),
    opt("SO_REUSEADDR", S, libc::SO_REUSEADDR, Kind::Flag, Fits::ALL, "socket(7)", "bind although old connections wait").pre_bind(),
];
