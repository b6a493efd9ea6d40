//! What the kernel keeps of each socket beside its options: the queue of a listener, and the buffers.

use std::fmt::Write as _;

use anstyle::{Effects, Style};

use crate::measure::Run;
use crate::measure::report::{BacklogFacts, BufferFacts};

/// The backlog as it was counted, and the buffers with who may change them; nothing where there is neither.
pub fn socket_lines(run: &Run) -> String {
    let mut out = String::new();
    if let Some(backlog) = &run.backlog {
        let _ = writeln!(out, "  backlog     {}", self::backlog(backlog));
    }
    side("receive", &run.buffers, Side::receive, &mut out);
    side("send", &run.buffers, Side::send, &mut out);
    out
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
    // Below what was asked and kept where one line would be too long.
    let gap = if kept < facts.asked {
        "\n              "
    } else {
        "; "
    };
    let _ = write!(out, "{gap}{n} clients were let in before anybody accepted");
    if facts.more {
        out.push_str(", and more would be");
    } else if Some(n) == kept.checked_add(1) {
        out.push_str(" (Linux takes one more)");
    }
    out
}

/// One direction of one socket.
struct Side<'a> {
    socket: &'a str,
    bytes: i64,
    after: Option<i64>,
    rule: &'a str,
}

impl Side<'_> {
    fn receive(facts: &BufferFacts) -> Side<'_> {
        Side {
            socket: facts.socket,
            bytes: facts.receive,
            after: facts.receive_after,
            rule: &facts.receive_rule,
        }
    }

    fn send(facts: &BufferFacts) -> Side<'_> {
        Side {
            socket: facts.socket,
            bytes: facts.send,
            after: facts.send_after,
            rule: &facts.send_rule,
        }
    }

    fn size(&self) -> String {
        match self.after {
            Some(after) if after != self.bytes => {
                format!("{} B, after the load {after} B", self.bytes)
            }
            _ => format!("{} B", self.bytes),
        }
    }
}

/// A line for all sockets that have the same size for the same reason.
fn side<'a>(
    word: &str,
    buffers: &'a [BufferFacts],
    pick: fn(&'a BufferFacts) -> Side<'a>,
    out: &mut String,
) {
    let mut groups: Vec<(String, &str, Vec<&str>)> = Vec::new();
    for side in buffers.iter().map(pick) {
        let size = side.size();
        let known = groups
            .iter_mut()
            .find(|g| (&g.0, g.1) == (&size, side.rule));
        match known {
            Some((.., sockets)) => sockets.push(side.socket),
            None => groups.push((size, side.rule, vec![side.socket])),
        }
    }
    let widest = groups.iter().map(|g| g.0.len()).max().unwrap_or(0);
    let dim = Style::new().effects(Effects::DIMMED);
    for (i, (size, rule, sockets)) in groups.into_iter().enumerate() {
        let word = if i == 0 { word } else { "" };
        let sockets = sockets.join(", ");
        let _ = writeln!(
            out,
            "  {word:<11} {size:<widest$}  {sockets}: {dim}{rule}{dim:#}"
        );
    }
}

#[cfg(test)]
mod tests {
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
        assert!(facts(128, 128, Some(129), false).ends_with("(Linux takes one more)"));
        assert!(facts(5000, 4096, None, false).ends_with("4096 kept (net.core.somaxconn)"));
        assert!(facts(9000, 9000, Some(5000), true).ends_with("more would be"));
        let widest = |text: String| text.lines().map(str::len).max();
        assert!(widest(facts(4_294_967_295, 65535, Some(65536), false)) <= Some(100 - 14));
        assert!(widest(facts(65535, 65535, Some(5000), true)) <= Some(100 - 14));
    }
}
