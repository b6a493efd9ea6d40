//! AF_VSOCK: vsock(7), linux/vm_sockets.h. No profile opens such a socket; an inherited descriptor may be one.
//!
//! The family's number is the level, which is unusual but what vsock(7) says.

use super::super::build::opt;
use super::super::{Fits, Kind, Level, Row};
use super::words::{Flag, Int, Timeval, U64};

const MAN: &str = "vsock(7)";
const HEADER: &str = "linux/vm_sockets.h";

const fn o(
    name: &'static str,
    number: i32,
    kind: Kind,
    man: &'static str,
    doc: &'static str,
) -> Row {
    opt(name, Level::VSOCK, number, kind, Fits::NONE, man, doc).untold()
}

#[rustfmt::skip]
pub(super) const ROWS: &[Row] = &[
    o("SO_VM_SOCKETS_BUFFER_MAX_SIZE", 2, U64, MAN, "the greatest buffer that SO_VM_SOCKETS_BUFFER_SIZE may ask for"),
    o("SO_VM_SOCKETS_BUFFER_MIN_SIZE", 1, U64, MAN, "the least buffer that SO_VM_SOCKETS_BUFFER_SIZE may ask for"),
    o("SO_VM_SOCKETS_BUFFER_SIZE", 0, U64, MAN, "the size of the receive buffer"),
    o("SO_VM_SOCKETS_CONNECT_TIMEOUT", 6, Timeval, HEADER, "connect gives up after so long; 2 s when nothing is said"),
    o("SO_VM_SOCKETS_CONNECT_TIMEOUT_NEW", 8, Timeval, HEADER, "SO_VM_SOCKETS_CONNECT_TIMEOUT with a 64-bit time everywhere"),
    o("SO_VM_SOCKETS_CONNECT_TIMEOUT_OLD", 6, Timeval, HEADER, "SO_VM_SOCKETS_CONNECT_TIMEOUT with C's own struct timeval").alias("SO_VM_SOCKETS_CONNECT_TIMEOUT"),
    o("SO_VM_SOCKETS_NONBLOCK_TXRX", 7, Flag, HEADER, "VMware's kernel interface; Linux does not have it"),
    o("SO_VM_SOCKETS_PEER_HOST_VM_ID", 3, Int, HEADER, "VMware's kernel interface; Linux does not have it").ro(),
    o("SO_VM_SOCKETS_TRUSTED", 5, Flag, HEADER, "VMware's kernel interface; Linux does not have it").ro(),
];
