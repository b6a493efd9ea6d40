//! What there is to say of the sockets beside their options: both ends, the queue of a listener, buffers, TCP_INFO.

use std::fmt::Write as _;
use std::time::Duration;

use super::page::{Fact, fact, lines};
use super::words::{count, many, time};
use crate::escape;
use crate::measure::Run;
use crate::measure::report::{BacklogFacts, BufferFacts, TcpFacts, Topic};

/// Our server, its queue, the connection, and what the kernel calls them; what there was not is left out.
pub(super) fn ends(run: &Run) -> Vec<Fact<'_>> {
    let mut all = Vec::new();
    if let Some(listener) = &run.listener {
        let engine = run.engine;
        let engine = engine.map_or_else(String::new, |e| format!(", engine {e}"));
        all.push(fact(
            "server",
            format!("{}{engine}", escape::text(listener)),
        ));
    }
    all.extend(run.backlog.as_ref().map(|b| fact("backlog", backlog(b))));
    if !run.peer.is_empty() {
        let (local, peer) = (escape::text(&run.local), escape::text(&run.peer));
        let took = time(run.connect);
        let local = if local.is_empty() { "unnamed" } else { &local };
        all.push(fact(
            "client",
            format!("{local} -> {peer}, connect took {took}"),
        ));
    }
    if !run.kernel.is_empty() {
        all.push(fact("kernel says", escape::text(&run.kernel)));
    }
    if run.listener.is_some() && run.options.is_empty() {
        let none =
            "none was requested; try --set options.SO_SNDBUF=65536 (`sockplay options` lists all)";
        all.push(fact("options", none));
    }
    all
}

fn backlog(facts: &BacklogFacts) -> String {
    let mut out = format!("{} asked", facts.asked);
    match facts.effective {
        Some(kept) if kept < facts.asked => {
            let _ = write!(out, ", {kept} kept (net.core.somaxconn)");
        }
        Some(kept) if kept != facts.asked => {
            let _ = write!(out, ", {kept} kept");
        }
        _ => {}
    }
    let kept = facts.effective.unwrap_or(facts.asked);
    let Some(n) = facts.admitted else {
        return out;
    };
    let were = if n == 1 { "was" } else { "were" };
    let _ = write!(
        out,
        "; {} {were} let in before anybody accepted",
        many(n.into(), "client")
    );
    if facts.more {
        out.push_str(", and more would be");
    } else if Some(n) == kept.checked_add(1) {
        out.push_str(" (Linux takes one more)");
    }
    out
}

/// How a listener's buffers are told that nobody set.
const LENT: &str = "accepted sockets start with it";

/// What each direction has, in a line where all connected sockets have the same.
pub(super) fn buffers(all: &[BufferFacts]) -> Vec<Fact<'_>> {
    let receive = |b: &BufferFacts| {
        (
            size(b.receive, b.receive_after),
            b.receive_rule.clone(),
            b.socket,
        )
    };
    let send = |b: &BufferFacts| (size(b.send, b.send_after), b.send_rule.clone(), b.socket);
    vec![
        lines("receive", direction(all.iter().map(receive))),
        lines("send", direction(all.iter().map(send))),
    ]
}

fn size(before: i64, after: Option<i64>) -> String {
    match after {
        Some(after) if after != before => format!("{before} B, after the load {after} B"),
        _ => format!("{before} B"),
    }
}

/// Sockets that have the same size for the same reason share a line; what a listener only lends stands behind.
fn direction(all: impl Iterator<Item = (String, String, &'static str)>) -> Vec<String> {
    let mut lent = None;
    let mut groups: Vec<(String, String, Vec<&str>)> = Vec::new();
    for (size, rule, socket) in all {
        if rule.starts_with(LENT) {
            lent = Some((socket, size));
            continue;
        }
        match groups.iter_mut().find(|g| g.0 == size && g.1 == rule) {
            Some((.., sockets)) => sockets.push(socket),
            None => groups.push((size, rule, vec![socket])),
        }
    }
    let mut lines: Vec<String> = match groups.as_slice() {
        [(size, rule, _)] => vec![format!("{size}, {rule}")],
        several => several
            .iter()
            .map(|(size, rule, sockets)| format!("{} {size}, {rule}", sockets.join(", ")))
            .collect(),
    };
    if let Some((socket, size)) = lent.filter(|(_, size)| groups.iter().all(|g| g.0 != *size)) {
        match lines.first_mut() {
            Some(first) => {
                let _ = write!(first, "; {socket} {size}");
            }
            None => lines.push(format!("{size} on the {socket}: {LENT}")),
        }
    }
    lines
}

/// How the connection is, and what both ends have agreed on. A server that is not ours has its path among its findings.
pub(super) fn tcp<'a>(facts: &'a TcpFacts, run: &Run) -> Vec<Fact<'a>> {
    let mut state = format!("{} on the {}", escape::text(&facts.state), facts.socket);
    if facts.rtt > Duration::ZERO {
        let (rtt, variance) = (time(facts.rtt), time(facts.rtt_variance));
        let _ = write!(state, ", rtt {rtt} ± {variance}");
    }
    let timeout = time(facts.retransmit_timeout);
    let again = match facts.retransmitted {
        0 => "nothing".to_owned(),
        n => many(n.into(), "segment"),
    };
    let _ = write!(state, ", {again} sent again (timeout {timeout})");
    let control = facts.congestion_control.as_deref().unwrap_or("unknown");
    let mut parts = vec![format!(
        "cwnd {} × {} B ({})",
        count(facts.congestion_window.into()),
        facts.mss_sent,
        escape::text(control)
    )];
    parts.push(match facts.window_scale {
        Some((to, from)) => format!("window scale {to} out, {from} in"),
        None => "no window scaling".to_owned(),
    });
    let agreed = [
        (facts.timestamps, "timestamps"),
        (facts.selective_acks, "SACK"),
        (facts.ecn, "ECN"),
    ];
    let agreed = agreed.into_iter().filter(|(is, _)| *is);
    parts.extend(agreed.map(|(_, what)| what.to_owned()));
    let findings = run.remote.iter().flat_map(|r| &r.findings);
    if !findings.into_iter().any(|f| f.topic == Topic::Path) {
        parts.push(format!("PMTU {} B", facts.path_mtu));
    }
    vec![fact("state", state), fact("segments", parts.join(", "))]
}

#[cfg(test)]
mod tests {
    use super::super::page::Says;
    use super::super::tests::sample;
    use super::*;

    #[test]
    fn a_backlog_tells_what_was_counted() {
        let facts = |asked, kept, admitted, more| {
            backlog(&BacklogFacts {
                asked,
                effective: Some(kept),
                admitted,
                more,
            })
        };
        assert_eq!(
            facts(128, 128, Some(129), false),
            "128 asked; 129 clients were let in before anybody accepted (Linux takes one more)"
        );
        assert_eq!(
            facts(4096, 128, None, false),
            "4096 asked, 128 kept (net.core.somaxconn)"
        );
        assert!(facts(65535, 65535, Some(5000), true).ends_with("accepted, and more would be"));
        assert!(facts(0, 0, Some(1), false).contains("; one client was let in"));
    }

    fn said(all: &[BufferFacts]) -> Vec<Vec<String>> {
        let lines = |f: Fact<'_>| match f.says {
            Says::Lines(lines) => lines,
            _ => panic!("buffers are lines"),
        };
        buffers(all).into_iter().map(lines).collect()
    }

    #[test]
    fn equal_buffers_share_a_line() {
        let one = |socket, receive, rule: &str| BufferFacts {
            socket,
            receive,
            receive_after: None,
            send: 16_384,
            send_after: None,
            receive_rule: rule.into(),
            send_rule: "tuned".into(),
        };
        let lent = one("listener", 7, "accepted sockets start with it (x)");
        let all = [lent, one("accepted", 9, "tuned"), one("client", 9, "tuned")];
        assert_eq!(said(&all)[0], ["9 B, tuned; listener 7 B"]);
        assert_eq!(said(&all)[1], ["16384 B, tuned"]);
        let fixed = [one("accepted", 9, "fixed"), one("client", 9, "tuned")];
        assert_eq!(
            said(&fixed)[0],
            ["accepted 9 B, fixed", "client 9 B, tuned"]
        );
    }

    #[test]
    fn tcp_is_two_lines_that_fit() {
        let mut run = sample::single().runs.remove(0);
        let says = |run: &Run| -> Vec<String> {
            let text = |f: Fact<'_>| match f.says {
                Says::Text(text) => text,
                _ => panic!("facts in words"),
            };
            let facts = run.tcp.as_ref().unwrap();
            tcp(facts, run).into_iter().map(text).collect()
        };
        let lines = says(&run);
        assert_eq!(
            lines,
            [
                "ESTABLISHED on the client, rtt 31.0 µs ± 12.0 µs, nothing sent again (timeout 201 ms)",
                "cwnd 10 × 32741 B (cubic), window scale 7 out, 7 in, timestamps, SACK, PMTU 65535 B"
            ]
        );
        let tcp = run.tcp.as_mut().unwrap();
        (tcp.window_scale, tcp.retransmitted) = (None, 1);
        let lines = says(&run);
        assert!(lines[0].contains("one segment sent again"), "{lines:?}");
        assert!(lines[1].contains("no window scaling"), "{lines:?}");
    }
}
