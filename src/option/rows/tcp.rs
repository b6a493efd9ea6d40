//! IPPROTO_TCP: tcp(7) and linux/tcp.h.
//!
//! Which sockets have an option, what is inherited and what is adjusted: asked of Linux 6.18, and again by each test run.

use super::super::build::opt;
use super::super::{Fits, Kind, Level, Row};
use super::words::{
    A_CLOCK, A_LINGER2, A_MAXSEG, A_QUICKACK, Bytes, CLAMP, Flag, Int, MAX, MICROS, MILLIS, NONE,
    REPAIR_WINDOW, REPAIRQ, RETRANSMISSIONS, SECONDS, SOMAXCONN, STREAM, Size, TCP, TCP_INFO, THIN,
    TICK, Text, Unsigned,
};

const MAN: &str = "tcp(7)";
const HEADER: &str = "linux/tcp.h";

const fn o(
    name: &'static str,
    number: i32,
    kind: Kind,
    fits: Fits,
    man: &'static str,
    doc: &'static str,
) -> Row {
    opt(name, Level::TCP, number, kind, fits, man, doc)
}

#[rustfmt::skip]
pub(super) const ROWS: &[Row] = &[
    o("TCP_AO_ADD_KEY", 38, Bytes(288), TCP, HEADER, "add a key of the TCP Authentication Option, RFC 5925 (Linux 6.7)").wo().pre_listen(),
    o("TCP_AO_DEL_KEY", 39, Bytes(160), TCP, HEADER, "remove a key of the TCP Authentication Option (Linux 6.7)").wo(),
    o("TCP_AO_GET_KEYS", 41, Bytes(336), TCP, HEADER, "list the keys of the TCP Authentication Option (Linux 6.7)").ro(),
    o("TCP_AO_INFO", 40, Bytes(64), TCP, HEADER, "state and counters of the TCP Authentication Option (Linux 6.7)").untold(),
    o("TCP_AO_REPAIR", 42, Bytes(24), TCP, HEADER, "sequence numbers of the TCP Authentication Option (Linux 6.7)").post_accept().untold(),
    o("TCP_CC_INFO", libc::TCP_CC_INFO, Bytes(64), STREAM, HEADER, "what the congestion control algorithm tells about itself").ro().post_accept(),
    o("TCP_CM_INQ", libc::TCP_CM_INQ, Flag, STREAM, HEADER, "another name of TCP_INQ, for its ancillary data").alias("TCP_INQ"),
    o("TCP_CONGESTION", libc::TCP_CONGESTION, Text(16), STREAM, MAN, "the congestion control algorithm, by name"),
    o("TCP_COOKIE_TRANSACTIONS", 15, Bytes(16), NONE, MAN, "cookies in the handshake; Linux dropped it in 3.10").untold(), // netinet/tcp.h
    o("TCP_CORK", libc::TCP_CORK, Flag, STREAM, MAN, "send only full segments until it is lifted, 200 ms at most").post_accept(),
    o("TCP_DEFER_ACCEPT", libc::TCP_DEFER_ACCEPT, SECONDS, STREAM, MAN, "accept only when data is there, or after so long").pre_listen().fresh().adjust(RETRANSMISSIONS),
    o("TCP_DELACK_MAX_US", 46, MICROS, TCP, HEADER, "longest delay of an acknowledgement (Linux 6.15)").range(1, 200_000).adjust(TICK),
    o("TCP_FASTOPEN", libc::TCP_FASTOPEN, Int, STREAM, MAN, "accept data in the SYN: how many requests may wait").pre_listen().fresh().range(0, MAX).adjust(SOMAXCONN),
    o("TCP_FASTOPEN_CONNECT", libc::TCP_FASTOPEN_CONNECT, Flag, STREAM, MAN, "connect at once and send data in the SYN with the first write").pre_listen(),
    o("TCP_FASTOPEN_KEY", libc::TCP_FASTOPEN_KEY, Bytes(32), STREAM, HEADER, "the key for Fast Open's cookies: 16 bytes, or 32 with a backup key").pre_listen().fresh(),
    o("TCP_FASTOPEN_NO_COOKIE", libc::TCP_FASTOPEN_NO_COOKIE, Flag, STREAM, HEADER, "Fast Open without a cookie").pre_listen(),
    o("TCP_INFO", libc::TCP_INFO, TCP_INFO, STREAM, MAN, "state and measurements of the connection").ro(),
    o("TCP_INQ", libc::TCP_INQ, Flag, STREAM, MAN, "receive the count of unread bytes as ancillary data"),
    o("TCP_IS_MPTCP", 43, Flag, STREAM, HEADER, "whether MPTCP is in use (Linux 5.16)").ro(),
    o("TCP_KEEPCNT", libc::TCP_KEEPCNT, Int, STREAM, MAN, "keepalive probes without an answer before the connection is dropped").range(1, 127),
    o("TCP_KEEPIDLE", libc::TCP_KEEPIDLE, SECONDS, STREAM, MAN, "idle time before the first keepalive probe").range(1, 32767),
    o("TCP_KEEPINTVL", libc::TCP_KEEPINTVL, SECONDS, STREAM, MAN, "time between keepalive probes").range(1, 32767),
    o("TCP_LINGER2", libc::TCP_LINGER2, SECONDS, TCP, MAN, "how long an orphan stays in FIN_WAIT2; -1: not at all").adjust(A_LINGER2),
    o("TCP_MAXSEG", libc::TCP_MAXSEG, Size, STREAM, MAN, "the largest segment; announced in the handshake").pre_listen().range(88, 32767).adjust(A_MAXSEG),
    o("TCP_MD5SIG", libc::TCP_MD5SIG, Bytes(216), TCP, MAN, "sign segments with MD5 and a key, RFC 2385").wo().pre_listen(),
    o("TCP_MD5SIG_EXT", libc::TCP_MD5SIG_EXT, Bytes(216), TCP, HEADER, "TCP_MD5SIG with address prefixes and interfaces").wo().pre_listen(),
    o("TCP_NODELAY", libc::TCP_NODELAY, Flag, STREAM, MAN, "send small segments at once (no Nagle)"),
    o("TCP_NOTSENT_LOWAT", libc::TCP_NOTSENT_LOWAT, Size, STREAM, HEADER, "writable only while fewer unsent bytes wait"),
    o("TCP_QUEUE_SEQ", libc::TCP_QUEUE_SEQ, Unsigned, TCP, HEADER, "sequence number of the queue under repair").post_accept().untold().needs("CAP_NET_ADMIN"),
    o("TCP_QUICKACK", libc::TCP_QUICKACK, Flag, TCP, MAN, "acknowledge at once; the kernel turns it off again by itself").post_accept().untold().adjust(A_QUICKACK),
    o("TCP_REPAIR", libc::TCP_REPAIR, Int, TCP, HEADER, "take a connection apart and put it together (checkpoint and restore)").post_accept().untold().needs("CAP_NET_ADMIN").range(-1, 1),
    o("TCP_REPAIR_OPTIONS", libc::TCP_REPAIR_OPTIONS, Bytes(64), TCP, HEADER, "options that were negotiated, of a connection under repair").wo().post_accept().needs("CAP_NET_ADMIN"),
    o("TCP_REPAIR_QUEUE", libc::TCP_REPAIR_QUEUE, REPAIRQ, TCP, HEADER, "which queue is under repair").post_accept().untold().needs("CAP_NET_ADMIN"),
    o("TCP_REPAIR_WINDOW", libc::TCP_REPAIR_WINDOW, REPAIR_WINDOW, TCP, HEADER, "windows of a connection under repair").post_accept().untold().needs("CAP_NET_ADMIN"),
    o("TCP_RTO_MAX_MS", 44, MILLIS, TCP, HEADER, "longest retransmission timeout (Linux 6.15)").range(1000, 120_000),
    o("TCP_RTO_MIN_US", 45, MICROS, TCP, HEADER, "shortest retransmission timeout (Linux 6.15)").range(1, 200_000).adjust(TICK),
    o("TCP_SAVED_SYN", libc::TCP_SAVED_SYN, Bytes(512), TCP, HEADER, "the headers of the SYN that opened this connection; read once").ro().post_accept(),
    o("TCP_SAVE_SYN", libc::TCP_SAVE_SYN, Int, TCP, HEADER, "keep the headers of each SYN for TCP_SAVED_SYN; 2: the link layer's too").pre_listen().range(0, 2),
    o("TCP_SYNCNT", libc::TCP_SYNCNT, Int, TCP, MAN, "SYN retransmissions before connect gives up").pre_listen().range(1, 127),
    o("TCP_THIN_DUPACK", libc::TCP_THIN_DUPACK, Flag, TCP, HEADER, "retransmit a thin stream after one duplicate ACK; gone").untold().adjust(THIN),
    o("TCP_THIN_LINEAR_TIMEOUTS", libc::TCP_THIN_LINEAR_TIMEOUTS, Flag, TCP, HEADER, "no exponential back-off for thin streams"),
    o("TCP_TIMESTAMP", libc::TCP_TIMESTAMP, Unsigned, TCP, HEADER, "the clock of the timestamp option, of a connection under repair").post_accept().untold().adjust(A_CLOCK),
    o("TCP_TX_DELAY", 37, MICROS, TCP, HEADER, "delay every packet, to play a long path").range(0, 268_435_455),
    o("TCP_ULP", libc::TCP_ULP, Text(16), TCP, HEADER, "put a protocol on top of the connection: tls, espintcp").post_accept().untold(),
    o("TCP_USER_TIMEOUT", libc::TCP_USER_TIMEOUT, MILLIS, TCP, MAN, "drop the connection when data stays unacknowledged so long; 0: default").range(0, MAX),
    o("TCP_WINDOW_CLAMP", libc::TCP_WINDOW_CLAMP, Size, TCP, MAN, "the largest window to announce").pre_listen().range(0, MAX).adjust(CLAMP),
    o("TCP_ZEROCOPY_RECEIVE", libc::TCP_ZEROCOPY_RECEIVE, Bytes(64), TCP, HEADER, "map received pages instead of copying them").ro().post_accept(),
];
