//! What the kernel keeps for each socket beside its options: queue, buffers, and the state of TCP.

use std::time::Duration;

/// The backlog: asked for, kept, and counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BacklogFacts {
    /// The argument of listen(2).
    pub asked: u32,
    /// What the kernel keeps: at most net.core.somaxconn.
    pub effective: Option<u32>,
    /// How many clients were let in before anybody accepted; `None`: not counted.
    pub admitted: Option<u32>,
    /// Whether there was room for more clients than could be tried: then `admitted` is a lower bound.
    pub more: bool,
}

/// The buffers of one socket, in bytes as getsockopt(2) tells them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BufferFacts {
    /// `listener`, `accepted`, `client`, `server`.
    pub socket: &'static str,
    /// SO_RCVBUF before the load.
    pub receive: i64,
    /// SO_RCVBUF after it, where the socket was still there.
    pub receive_after: Option<i64>,
    /// SO_SNDBUF before the load.
    pub send: i64,
    /// SO_SNDBUF after it.
    pub send_after: Option<i64>,
    /// Whether and how far the kernel may still change them: `autotuned up to 6291456 (net.ipv4.tcp_rmem)`, `fixed by
    /// SO_RCVBUF`.
    pub receive_rule: String,
    /// The same for sending.
    pub send_rule: String,
}

/// TCP_INFO, in the part that people ask for. tcp(7), `linux/tcp.h`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TcpFacts {
    /// Whose: `client`.
    pub socket: &'static str,
    /// `ESTABLISHED`
    pub state: String,
    /// tcpi_rtt: the smoothed round trip as the kernel sees it.
    pub rtt: Duration,
    /// tcpi_rttvar
    pub rtt_variance: Duration,
    /// tcpi_rto: when the kernel sends again.
    pub retransmit_timeout: Duration,
    /// tcpi_snd_cwnd, in segments.
    pub congestion_window: u32,
    /// tcpi_snd_mss: bytes of the largest segment that is sent.
    pub mss_sent: u32,
    /// tcpi_rcv_mss
    pub mss_received: u32,
    /// tcpi_advmss: what we have told the peer.
    pub mss_advertised: u32,
    /// tcpi_pmtu, in bytes.
    pub path_mtu: u32,
    /// The shifts that both ends have agreed on, to the peer and from it; `None`: no window scaling.
    pub window_scale: Option<(u8, u8)>,
    /// TCPI_OPT_TIMESTAMPS
    pub timestamps: bool,
    /// TCPI_OPT_SACK
    pub selective_acks: bool,
    /// TCPI_OPT_ECN
    pub ecn: bool,
    /// TCP_CONGESTION: `reno`, `cubic`, `bbr`.
    pub congestion_control: Option<String>,
    /// tcpi_total_retrans: segments that were sent again.
    pub retransmitted: u32,
}
