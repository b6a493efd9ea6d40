//! An event as the article's server words it.

use log::Level;

use super::verdict;
use crate::escape;
use crate::event::{Accounts, Backlog, Event, Tally};
use crate::option::Verdict;
use crate::socket::{SocketName, Type};

/// So much of a payload is shown.
const SHOWN: usize = 1024;

/// Level and message of an event.
pub fn message(event: &Event<'_>) -> (Level, String) {
    match event {
        Event::Starting { .. } => (Level::Info, "Starting server...".into()),
        Event::Option(report) => {
            let level = if report.ruling.verdict == Verdict::Refused {
                Level::Warn
            } else {
                Level::Info
            };
            (level, verdict::line(report))
        }
        Event::Listening {
            name,
            triple,
            backlog,
        } => (Level::Info, listening(name, triple.ty, *backlog)),
        Event::Connected { local, peer } => (
            Level::Info,
            format!("Connected to {} from {}", peer.python(), local.python()),
        ),
        Event::Accepted { peer } => (
            Level::Info,
            format!("Accepted connection from: {}", peer.python()),
        ),
        Event::Received { payload, .. } => {
            (Level::Info, format!("Received: {}", payload_text(payload)))
        }
        Event::Sent { peer, payload } => (
            Level::Info,
            format!("Sending to {}: {}", peer.python(), payload_text(payload)),
        ),
        Event::Closed { peer, why } => (
            Level::Info,
            format!("Closed connection to {}: {why}", peer.python()),
        ),
        Event::Unanswered { peer, why } => (
            Level::Warn,
            format!("Not answered {}: {why}", peer.python()),
        ),
        Event::Trouble(text) => (
            Level::Error,
            format!("Server error: {}", text.replace('\n', "; ")),
        ),
        Event::Note(text) => (Level::Info, (*text).to_owned()),
        Event::Calls(tally) => (Level::Info, calls(tally)),
        Event::Counters(accounts) | Event::Stopped(accounts) => (Level::Info, summary(accounts)),
    }
}

/// `System calls per answer (500 answers): recv 1.00, send 1.00; besides: accept4 1, …`
fn calls(tally: &Tally) -> String {
    let (with, beside) = tally.per_answer();
    let answers = match tally.answers {
        1 => "1 answer".to_owned(),
        n => format!("{n} answers"),
    };
    let list = |calls: Vec<String>| {
        if calls.is_empty() {
            "none".to_owned()
        } else {
            calls.join(", ")
        }
    };
    let with = with
        .iter()
        .map(|(name, h)| format!("{name} {}.{:02}", h / 100, h % 100));
    let beside = beside.iter().map(|(name, n)| format!("{name} {n}"));
    format!(
        "System calls per answer ({answers}): {}; besides: {}",
        list(with.collect()),
        list(beside.collect())
    )
}

fn listening(name: &SocketName, ty: Type, backlog: Option<Backlog>) -> String {
    let place = match name {
        SocketName::Inet(_) if ty == Type::Raw => {
            format!("Listening on address: {}", name.ready(ty))
        }
        SocketName::Inet(address) => format!("Listening on port: {}", address.port()),
        SocketName::Unix(unix) => format!("Listening on path: {unix}"),
    };
    match backlog {
        Some(Backlog {
            asked,
            effective: Some(effective),
        }) if effective != asked => {
            format!("{place} (backlog {asked}, the kernel keeps {effective})")
        }
        Some(Backlog { asked, .. }) => format!("{place} (backlog {asked})"),
        None => place,
    }
}

fn payload_text(payload: &[u8]) -> String {
    let (text, cut) = escape::clipped(payload, SHOWN);
    if cut {
        format!("{text}... ({} bytes)", payload.len())
    } else {
        text
    }
}

/// The accounts on one line; what is zero and unusual is left out.
pub fn summary(a: &Accounts) -> String {
    let d = &a.datagrams;
    let mut parts = Vec::new();
    if a.accepted > 0 || d.received == 0 {
        parts.push(format!(
            "{}: {} closed by peer, {} by rule, {} failed, {} reset",
            counted(a.accepted, "connection"),
            a.closed_by_peer,
            a.closed_by_rule,
            a.failed,
            a.reset
        ));
    }
    if d.received > 0 {
        parts.push(format!(
            "{}: {} echoed, {} refused, {} dropped, {} truncated",
            counted(d.received, "datagram"),
            d.echoed,
            d.refused,
            d.dropped,
            d.truncated
        ));
    }
    if d.kernel_drops > 0 {
        parts.push(format!("{} dropped by the kernel", d.kernel_drops));
    }
    parts.push(format!(
        "{} bytes received, {} sent",
        a.bytes_received, a.bytes_sent
    ));
    if a.bytes_discarded > 0 {
        parts.push(format!("{} discarded", a.bytes_discarded));
    }
    if a.accept_errors > 0 {
        parts.push(format!("{} of accept", counted(a.accept_errors, "error")));
    }
    format!("Served {}", parts.join("; "))
}

/// `1 connection`, `2 connections`
fn counted(n: u64, what: &str) -> String {
    let s = if n == 1 { "" } else { "s" };
    format!("{n} {what}{s}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payload_cannot_forge_a_line() {
        let peer = SocketName::Inet("127.0.0.1:1".parse().unwrap());
        let event = Event::Received {
            peer: &peer,
            payload: b"Ciao!\r\n17-09-2025 - INFO - server - forged \xff\x1b[31m",
        };
        let (_, text) = message(&event);
        assert_eq!(
            text,
            "Received: Ciao!\\r\\n17-09-2025 - INFO - server - forged \\xff\\x1b[31m"
        );
    }

    #[test]
    fn the_words_are_the_articles() {
        let peer = SocketName::Inet("127.0.0.1:45534".parse().unwrap());
        assert_eq!(
            message(&Event::Accepted { peer: &peer }).1,
            "Accepted connection from: ('127.0.0.1', 45534)"
        );
        assert_eq!(
            message(&Event::Sent {
                peer: &peer,
                payload: b"Ciao!"
            })
            .1,
            "Sending to ('127.0.0.1', 45534): Ciao!"
        );
    }
}
