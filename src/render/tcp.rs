//! TCP_INFO in words: one line for people, an object for programs.

use std::fmt::Write as _;
use std::time::Duration;

use serde_json::{Value as Json, json};

use crate::escape;
use crate::measure::report::TcpFacts;

/// `ESTABLISHED, rtt 21 µs ± 5 µs, cwnd 10 × 32768 B, window scale 7/7, timestamps, sack, cubic, nothing retransmitted`
pub fn tcp_line(tcp: &TcpFacts) -> String {
    let mut line = tcp.state.clone();
    let mut add = |part: String| {
        let _ = write!(line, ", {part}");
    };
    if tcp.rtt > Duration::ZERO {
        add(format!(
            "rtt {} ± {}",
            micros(tcp.rtt),
            micros(tcp.rtt_variance)
        ));
    }
    add(format!(
        "cwnd {} × {} B",
        tcp.congestion_window, tcp.mss_sent
    ));
    match tcp.window_scale {
        Some((to, from)) => add(format!("window scale {to}/{from}")),
        None => add("no window scaling".into()),
    }
    let agreed = [
        (tcp.timestamps, "timestamps"),
        (tcp.selective_acks, "sack"),
        (tcp.ecn, "ecn"),
    ];
    for (_, name) in agreed.iter().filter(|(on, _)| *on) {
        add((*name).to_owned());
    }
    if let Some(name) = &tcp.congestion_control {
        add(escape::text(name));
    }
    match tcp.retransmitted {
        0 => add("nothing retransmitted".into()),
        1 => add("1 segment retransmitted".into()),
        n => add(format!("{n} segments retransmitted")),
    }
    line
}

/// The same as JSON: times in nanoseconds, sizes in bytes, the window in segments.
pub fn tcp_json(tcp: &TcpFacts) -> Json {
    let ns = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
    json!({
        "socket": tcp.socket,
        "state": tcp.state,
        "rtt_ns": ns(tcp.rtt),
        "rtt_variance_ns": ns(tcp.rtt_variance),
        "retransmit_timeout_ns": ns(tcp.retransmit_timeout),
        "congestion_window_segments": tcp.congestion_window,
        "mss_sent_bytes": tcp.mss_sent,
        "mss_received_bytes": tcp.mss_received,
        "mss_advertised_bytes": tcp.mss_advertised,
        "path_mtu_bytes": tcp.path_mtu,
        "window_scale": tcp.window_scale.map(|(to, from)| json!({"to_peer": to, "from_peer": from})),
        "timestamps": tcp.timestamps,
        "selective_acks": tcp.selective_acks,
        "ecn": tcp.ecn,
        "congestion_control": tcp.congestion_control,
        "retransmitted_segments": tcp.retransmitted,
    })
}

/// The kernel counts in microseconds.
fn micros(time: Duration) -> String {
    match time.as_micros() {
        us if us < 10_000 => format!("{us} µs"),
        us => format!("{} ms", us / 1000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_in_one_line() {
        let mut tcp = TcpFacts {
            socket: "client",
            state: "ESTABLISHED".into(),
            rtt: Duration::from_micros(21),
            rtt_variance: Duration::from_micros(5),
            retransmit_timeout: Duration::from_millis(200),
            congestion_window: 10,
            mss_sent: 32768,
            mss_received: 536,
            mss_advertised: 65483,
            path_mtu: 65535,
            window_scale: Some((7, 7)),
            timestamps: true,
            selective_acks: true,
            ecn: false,
            congestion_control: Some("cubic".into()),
            retransmitted: 0,
        };
        assert_eq!(
            tcp_line(&tcp),
            "ESTABLISHED, rtt 21 µs ± 5 µs, cwnd 10 × 32768 B, window scale 7/7, timestamps, sack, cubic, \
             nothing retransmitted"
        );
        tcp.window_scale = None;
        tcp.retransmitted = 1;
        tcp.rtt = Duration::from_millis(44);
        let line = tcp_line(&tcp);
        assert!(
            line.contains("rtt 44 ms") && line.contains("no window scaling"),
            "{line}"
        );
        assert!(line.ends_with("1 segment retransmitted"));
        assert_eq!(tcp_json(&tcp)["rtt_ns"], 44_000_000);
    }
}
