//! Options of Linux's other families and transports, as Python and socat can name them.
//!
//! No profile opens these sockets (SCTP and DCCP apart, where the kernel has them); an inherited descriptor may be
//! one, and a trace should know its options. The numbers are those of the headers named.

use super::super::build::opt;
use super::super::{Fits, Kind, Level, Row};
use super::words::{Bytes, Flag, Int, MILLIS, OTHER, Size, TCP, Unsigned};

const fn o(
    level: Level,
    name: &'static str,
    number: i32,
    kind: Kind,
    man: &'static str,
    doc: &'static str,
) -> Row {
    opt(name, level, number, kind, Fits::NONE, man, doc).untold()
}

const fn dccp(name: &'static str, number: i32, kind: Kind, doc: &'static str) -> Row {
    opt(name, Level::DCCP, number, kind, OTHER, "linux/dccp.h", doc).untold()
}

const fn sctp(name: &'static str, number: i32, kind: Kind, doc: &'static str) -> Row {
    opt(name, Level::SCTP, number, kind, OTHER, "sctp(7)", doc).untold()
}

const fn tls(name: &'static str, number: i32, kind: Kind, doc: &'static str) -> Row {
    opt(name, Level::TLS, number, kind, TCP, "linux/tls.h", doc)
        .post_accept()
        .untold()
}

#[rustfmt::skip]
pub(super) const ROWS: &[Row] = &[
    dccp("DCCP_SOCKOPT_AVAILABLE_CCIDS", 12, Bytes(64), "the congestion control methods that the kernel has").ro(),
    dccp("DCCP_SOCKOPT_CCID", 13, Bytes(64), "the congestion control method of both directions").wo(),
    dccp("DCCP_SOCKOPT_CCID_RX_INFO", 128, Bytes(256), "what the receiving congestion control tells").ro(),
    dccp("DCCP_SOCKOPT_CCID_TX_INFO", 192, Bytes(256), "what the sending congestion control tells").ro(),
    dccp("DCCP_SOCKOPT_CHANGE_L", 3, Bytes(64), "negotiate a feature of ours; deprecated"),
    dccp("DCCP_SOCKOPT_CHANGE_R", 4, Bytes(64), "negotiate a feature of the peer's; deprecated"),
    dccp("DCCP_SOCKOPT_GET_CUR_MPS", 5, Size, "the largest packet at the moment").ro(),
    dccp("DCCP_SOCKOPT_PACKET_SIZE", 1, Size, "deprecated, without effect"),
    dccp("DCCP_SOCKOPT_QPOLICY_ID", 16, Int, "how the send queue chooses"),
    dccp("DCCP_SOCKOPT_QPOLICY_TXQLEN", 17, Int, "the longest send queue, in packets"),
    dccp("DCCP_SOCKOPT_RECV_CSCOV", 11, Int, "the least checksum coverage to accept").range(0, 15),
    dccp("DCCP_SOCKOPT_RX_CCID", 15, Bytes(64), "the congestion control method for receiving"),
    dccp("DCCP_SOCKOPT_SEND_CSCOV", 10, Int, "how much of a packet the checksum covers").range(0, 15),
    dccp("DCCP_SOCKOPT_SERVER_TIMEWAIT", 6, Flag, "the server holds the TIME_WAIT state"),
    dccp("DCCP_SOCKOPT_SERVICE", 2, Unsigned, "the service code of the connection"),
    dccp("DCCP_SOCKOPT_TX_CCID", 14, Bytes(64), "the congestion control method for sending"),
    sctp("SCTP_MAXSEG", 13, Size, "the largest fragment of a message"),
    sctp("SCTP_NODELAY", 3, Flag, "send small messages at once (no Nagle)"),
    o(Level::TIPC, "TIPC_CONN_TIMEOUT", 130, MILLIS, "linux/tipc.h", "connect gives up after so long"),
    o(Level::TIPC, "TIPC_DEST_DROPPABLE", 129, Flag, "linux/tipc.h", "messages that cannot be delivered are dropped, not returned"),
    o(Level::TIPC, "TIPC_GROUP_JOIN", 135, Bytes(64), "linux/tipc.h", "join a communication group"),
    o(Level::TIPC, "TIPC_GROUP_LEAVE", 136, Flag, "linux/tipc.h", "leave the communication group").wo(),
    o(Level::TIPC, "TIPC_IMPORTANCE", 127, Int, "linux/tipc.h", "importance of the messages that are sent").range(0, 3),
    o(Level::TIPC, "TIPC_MCAST_BROADCAST", 133, Flag, "linux/tipc.h", "multicast as broadcast").wo(),
    o(Level::TIPC, "TIPC_MCAST_REPLICAST", 134, Flag, "linux/tipc.h", "multicast as copies").wo(),
    o(Level::TIPC, "TIPC_NODELAY", 138, Flag, "linux/tipc.h", "send small messages at once"),
    o(Level::TIPC, "TIPC_NODE_RECVQ_DEPTH", 131, Int, "linux/tipc.h", "always 0").ro(),
    o(Level::TIPC, "TIPC_SOCK_RECVQ_DEPTH", 132, Int, "linux/tipc.h", "messages that wait on this socket").ro(),
    o(Level::TIPC, "TIPC_SOCK_RECVQ_USED", 137, Size, "linux/tipc.h", "memory of the messages that wait").ro(),
    o(Level::TIPC, "TIPC_SRC_DROPPABLE", 128, Flag, "linux/tipc.h", "messages may be dropped when there is congestion"),
    o(Level::RDS, "RDS_CANCEL_SENT_TO", 1, Bytes(128), "rds(7)", "forget what was sent to an address").wo(),
    o(Level::RDS, "RDS_CONG_MONITOR", 6, Flag, "linux/rds.h", "report the end of congestion by port"),
    o(Level::RDS, "RDS_FREE_MR", 3, Bytes(16), "rds-rdma(7)", "release a memory region").wo(),
    o(Level::RDS, "RDS_GET_MR", 2, Bytes(40), "rds-rdma(7)", "register a memory region").wo(),
    o(Level::RDS, "RDS_GET_MR_FOR_DEST", 7, Bytes(168), "rds-rdma(7)", "register a memory region for a destination").wo(),
    o(Level::RDS, "RDS_RECVERR", 5, Flag, "rds(7)", "report failed operations as ancillary data"),
    o(Level::RDS, "SO_RDS_MSG_RXPATH_LATENCY", 10, Bytes(16), "linux/rds.h", "trace where a received message spends its time").wo(),
    o(Level::RDS, "SO_RDS_TRANSPORT", 8, Int, "linux/rds.h", "the transport below: InfiniBand or TCP"),
    o(Level::ALG, "ALG_SET_AEAD_ASSOCLEN", 4, Unsigned, "linux/if_alg.h", "ancillary data only: length of the associated data").wo(),
    o(Level::ALG, "ALG_SET_AEAD_AUTHSIZE", 5, Unsigned, "linux/if_alg.h", "size of the authentication tag; the length is the value").wo(),
    o(Level::ALG, "ALG_SET_DRBG_ENTROPY", 6, Bytes(256), "linux/if_alg.h", "seed of a random number generator").wo(),
    o(Level::ALG, "ALG_SET_IV", 2, Bytes(64), "linux/if_alg.h", "ancillary data only: the initialisation vector").wo(),
    o(Level::ALG, "ALG_SET_KEY", 1, Bytes(512), "linux/if_alg.h", "the key").wo(),
    o(Level::ALG, "ALG_SET_KEY_BY_KEY_SERIAL", 7, Int, "linux/if_alg.h", "the key, by its number in the kernel's keyring (Linux 6.2)").wo(),
    o(Level::ALG, "ALG_SET_OP", 3, Unsigned, "linux/if_alg.h", "ancillary data only: encrypt or decrypt").wo(),
    o(Level::ALG, "ALG_SET_PUBKEY", 6, Bytes(512), "Python's socket module", "an asymmetric key; never part of Linux, its number is another option's").wo().alias("ALG_SET_DRBG_ENTROPY"),
    tls("TLS_RX", 2, Bytes(56), "keys for receiving; after TCP_ULP = \"tls\""),
    tls("TLS_RX_EXPECT_NO_PAD", 4, Flag, "expect records without padding, to copy once"),
    tls("TLS_TX", 1, Bytes(56), "keys for sending; after TCP_ULP = \"tls\""),
    tls("TLS_TX_ZEROCOPY_RO", 3, Flag, "send file pages without a copy; they must not change"),
    o(Level::CAN_RAW, "CAN_RAW_ERR_FILTER", 2, Unsigned, "linux/can/raw.h", "which error frames to receive"),
    o(Level::CAN_RAW, "CAN_RAW_FD_FRAMES", 5, Flag, "linux/can/raw.h", "allow CAN FD frames"),
    o(Level::CAN_RAW, "CAN_RAW_FILTER", 1, Bytes(4096), "linux/can/raw.h", "which frames to receive: pairs of identifier and mask"),
    o(Level::CAN_RAW, "CAN_RAW_JOIN_FILTERS", 6, Flag, "linux/can/raw.h", "all filters must match"),
    o(Level::CAN_RAW, "CAN_RAW_LOOPBACK", 3, Flag, "linux/can/raw.h", "our frames reach other programs of this machine"),
    o(Level::CAN_RAW, "CAN_RAW_RECV_OWN_MSGS", 4, Flag, "linux/can/raw.h", "receive our own frames"),
    o(Level::CAN_RAW, "CAN_RAW_XL_FRAMES", 7, Flag, "linux/can/raw.h", "allow CAN XL frames (Linux 6.2)"),
    o(Level::CAN_J1939, "SO_J1939_ERRQUEUE", 4, Flag, "linux/can/j1939.h", "report errors to MSG_ERRQUEUE"),
    o(Level::CAN_J1939, "SO_J1939_FILTER", 1, Bytes(4096), "linux/can/j1939.h", "which messages to receive"),
    o(Level::CAN_J1939, "SO_J1939_PROMISC", 2, Flag, "linux/can/j1939.h", "receive what is meant for others"),
    o(Level::CAN_J1939, "SO_J1939_SEND_PRIO", 3, Int, "linux/can/j1939.h", "priority of what is sent").range(0, 7),
    o(Level::CAN_ISOTP, "CAN_ISOTP_LL_OPTS", 5, Bytes(3), "linux/can/isotp.h", "link layer: frame size and flags"),
    o(Level::CAN_ISOTP, "CAN_ISOTP_OPTS", 1, Bytes(12), "linux/can/isotp.h", "flags, addresses and padding"),
    o(Level::CAN_ISOTP, "CAN_ISOTP_RECV_FC", 2, Bytes(3), "linux/can/isotp.h", "flow control that we ask of the sender"),
    o(Level::CAN_ISOTP, "CAN_ISOTP_RX_STMIN", 4, Unsigned, "linux/can/isotp.h", "ignore frames that come closer than this, in nanoseconds"),
    o(Level::CAN_ISOTP, "CAN_ISOTP_TX_STMIN", 3, Unsigned, "linux/can/isotp.h", "least gap between frames, in nanoseconds"),
    o(Level::IPX, "IPX_TYPE", 1, Int, "linux/ipx.h", "the packet type; Linux dropped IPX in 5.15"),
    o(Level::HCI, "HCI_DATA_DIR", 1, Flag, "bluetooth/hci.h", "receive the direction of a packet as ancillary data"),
    o(Level::HCI, "HCI_FILTER", 2, Bytes(16), "bluetooth/hci.h", "which packets and events to receive"),
    o(Level::HCI, "HCI_TIME_STAMP", 3, Flag, "bluetooth/hci.h", "receive the time of arrival as ancillary data"),
];
