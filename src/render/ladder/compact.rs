//! A call as a ladder shows it: what strace prints, without what says nothing here.
//!
//! Left out are the length after an address or an option, flags that every call of ours has, the level of an option that
//! has a name, pointers to nothing. An errno stands in the place of −1. `message` does the same for a msghdr.

use std::borrow::Cow;

use super::message;
use super::span::{NBSP, Span, Tone, shortened};
use crate::escape;
use crate::event::{Arg, Record};

/// Payload beyond so many columns is shortened, whatever the width.
const SHOWN: usize = 24;

/// Bytes of a struct of an option.
const STRUCT: usize = 40;

/// Flags that every call of ours has: they tell two calls apart nowhere.
const USUAL: &[&str] = &[
    "SOCK_CLOEXEC",
    "EPOLL_CLOEXEC",
    "MSG_NOSIGNAL",
    "MSG_CMSG_CLOEXEC",
];

/// `bind(3, 127.0.0.1:80) = EADDRINUSE`
pub(super) fn call(record: &Record) -> Vec<Span> {
    let mut spans = head(&record.name, &record.args);
    spans.push(Span::new(Tone::Plain, ") "));
    spans.push(match &record.errno {
        // A word instead of a result.
        Some(end) if end.contains(' ') => Span::whole(Tone::Error, end),
        Some(errno) => Span::whole(Tone::Error, &format!("= {errno}")),
        None => Span::whole(Tone::Plain, &format!("= {}", record.result)),
    });
    spans
}

/// `recv(4) …`
pub(super) fn begun(name: &str, args: &[Arg]) -> Vec<Span> {
    let mut spans = head(name, args);
    spans.push(Span::whole(Tone::Plain, ") "));
    spans.push(Span::new(Tone::Wait, "…"));
    spans
}

/// `bind(3, 127.0.0.1:80`
fn head(name: &str, args: &[Arg]) -> Vec<Span> {
    let mut spans = vec![Span::new(Tone::Name, name), Span::new(Tone::Plain, "(")];
    for (i, arg) in shown(name, args).into_iter().enumerate() {
        if i > 0 {
            spans.push(Span::new(Tone::Plain, ", "));
        }
        spans.extend(arg);
    }
    spans
}

/// The arguments that say something, each as spans.
fn shown(name: &str, args: &[Arg]) -> Vec<Vec<Span>> {
    let mut all = Vec::new();
    for (at, arg) in args.iter().enumerate() {
        if is_silent(name, args, at) {
            continue;
        }
        match arg {
            Arg::Data { head, len } if moves_bytes(name) => all.push(vec![data(head, *len)]),
            // The path of a file: no part of it is unimportant.
            Arg::Data { .. } => all.push(vec![Span::whole(Tone::Plain, &arg.to_string())]),
            Arg::Address { brief, .. } => all.push(vec![address(brief)]),
            Arg::Symbol(text) => all.extend(symbol(name, text)),
            Arg::Fd(_) | Arg::Int(_) => all.push(vec![Span::new(Tone::Plain, &arg.to_string())]),
        }
    }
    all
}

/// Whether an argument is a length that another one already tells, or nothing at all.
fn is_silent(name: &str, args: &[Arg], at: usize) -> bool {
    let after_address = at > 0 && matches!(args[at - 1], Arg::Address { .. });
    let option = matches!(name, "setsockopt" | "getsockopt");
    let message = moves_bytes(name);
    match &args[at] {
        // The length of a buffer, unless it is the flags of a msghdr.
        Arg::Int(0) if message && at == 2 => name.ends_with("msg"),
        Arg::Int(0) if message && at > 2 => true,
        Arg::Int(_) => after_address || (option && at == 4) || (name == "poll" && at == 1),
        Arg::Symbol(text) if option && at == 1 => names_an_option(args.get(2)) && !text.is_empty(),
        Arg::Symbol(text) if option && at == 4 => text.starts_with('['),
        Arg::Symbol(text) if text == "0" => message && at >= 2,
        Arg::Symbol(text) => text == "NULL" || (after_address && is_length(text)),
        Arg::Address { brief, .. } => brief.is_empty() && name != "bind" && name != "connect",
        Arg::Fd(_) | Arg::Data { .. } => false,
    }
}

fn moves_bytes(name: &str) -> bool {
    ["send", "recv", "write", "read"]
        .iter()
        .any(|n| name.starts_with(n))
}

fn names_an_option(arg: Option<&Arg>) -> bool {
    matches!(arg, Some(Arg::Symbol(name)) if name.starts_with(|c: char| c.is_ascii_alphabetic()))
}

/// `[16]`
fn is_length(text: &str) -> bool {
    let inner = text.strip_prefix('[').and_then(|t| t.strip_suffix(']'));
    inner.is_some_and(|t| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit()))
}

/// `"Ciao!"`, shortened.
pub(super) fn quoted(head: &[u8], len: usize, room: usize) -> String {
    let text = escape::bytes(head).replace('"', "\\\"");
    let shown = shortened(&text, room, "…");
    let more = if head.len() < len && !shown.ends_with('…') {
        "…"
    } else {
        ""
    };
    format!("\"{shown}{more}\"")
}

fn data(head: &[u8], len: usize) -> Span {
    Span {
        text: quoted(head, len, SHOWN).replace(' ', &NBSP.to_string()),
        tone: Tone::Payload,
    }
}

fn address(brief: &str) -> Span {
    let text = if brief.is_empty() { "\"\"" } else { brief };
    Span::whole(Tone::Plain, text)
}

/// A constant or a struct; `None` if nothing is left of it.
fn symbol(name: &str, text: &str) -> Option<Vec<Span>> {
    let plain = |text: &str| Some(vec![Span::new(Tone::Plain, text)]);
    match name {
        "socket" | "socketpair" if text == "IPPROTO_IP" => return plain("0"),
        "setsockopt" | "getsockopt" | "ioctl" => return plain(&brief(unbracketed(text))),
        "poll" | "epoll_wait" => return plain(&polled(text)),
        _ => {}
    }
    if text.starts_with("msg_control=") {
        return plain(&message::ancillary(text));
    }
    if text.starts_with(['{', '[']) {
        return Some(message::short(text));
    }
    // What the kernel answered is told apart from what it was asked.
    let (whose, text) = match text.strip_prefix("msg_flags=") {
        Some(found) => ("msg_flags=", found),
        None => ("", text),
    };
    let kept: Vec<&str> = text.split('|').filter(|w| !USUAL.contains(w)).collect();
    (!kept.is_empty()).then(|| {
        vec![Span::new(
            Tone::Plain,
            &format!("{whose}{}", kept.join("|")),
        )]
    })
}

/// `[1]` is a pointer to 1: in a picture the value is enough.
fn unbracketed(text: &str) -> &str {
    let inner = text.strip_prefix('[').and_then(|t| t.strip_suffix(']'));
    inner.filter(|t| !t.contains(['[', ','])).unwrap_or(text)
}

/// Of a struct with many fields the first ones: `{state=10, ca_state=0, …}`.
fn brief(text: &str) -> Cow<'_, str> {
    if !text.starts_with('{') || text.len() <= STRUCT {
        return text.into();
    }
    let fits = text.match_indices(", ").map(|(at, _)| at);
    let Some(at) = fits.take_while(|at| *at + 4 <= STRUCT).last() else {
        return text.into();
    };
    format!("{}, …}}", &text[..at]).into()
}

/// `[{fd=4, events=POLLIN, revents=POLLIN}]` as `[4 POLLIN: POLLIN]`.
fn polled(text: &str) -> Cow<'_, str> {
    if !text.contains("{fd=") {
        return text.into();
    }
    text.replace("{fd=", "")
        .replace(", events=", "\u{a0}")
        .replace(", revents=", ":\u{a0}")
        .replace('}', "")
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown_as(name: &str, args: Vec<Arg>, result: i64, errno: Option<&str>) -> String {
        let record = Record {
            t_ns: 0,
            task: "server".into(),
            name: name.into(),
            args,
            result,
            errno: errno.map(str::to_owned),
            elapsed_ns: 0,
        };
        let text: String = call(&record).into_iter().map(|s| s.text).collect();
        text.replace(NBSP, " ")
    }

    fn address(brief: &str) -> Arg {
        Arg::Address {
            brief: brief.into(),
            full: "{sa_family=…}".into(),
        }
    }

    #[test]
    fn what_says_nothing_is_left_out() {
        let socket = ["AF_INET", "SOCK_STREAM|SOCK_CLOEXEC", "IPPROTO_IP"];
        let socket = socket.map(Arg::symbol).to_vec();
        assert_eq!(
            shown_as("socket", socket, 3, None),
            "socket(AF_INET, SOCK_STREAM, 0) = 3"
        );
        let option = vec![
            Arg::Fd(3),
            Arg::symbol("SOL_SOCKET"),
            Arg::symbol("SO_REUSEADDR"),
            Arg::symbol("[1]"),
            Arg::Int(4),
        ];
        assert_eq!(
            shown_as("setsockopt", option, 0, None),
            "setsockopt(3, SO_REUSEADDR, 1) = 0"
        );
        let accept = vec![
            Arg::Fd(3),
            address("127.0.0.1:5"),
            Arg::symbol("[16]"),
            Arg::symbol("SOCK_CLOEXEC"),
        ];
        assert_eq!(
            shown_as("accept4", accept, 4, None),
            "accept4(3, 127.0.0.1:5) = 4"
        );
        let failed = ["NULL", "NULL", "SOCK_CLOEXEC|SOCK_NONBLOCK"].map(Arg::symbol);
        let failed = [&[Arg::Fd(3)], failed.as_slice()].concat();
        assert_eq!(
            shown_as("accept4", failed, -1, Some("EAGAIN")),
            "accept4(3, SOCK_NONBLOCK) = EAGAIN"
        );
    }

    #[test]
    fn messages_keep_their_bytes_and_their_telling_flags() {
        let send = |flags: &str| {
            vec![
                Arg::Fd(4),
                Arg::data(b"Ciao a tutti!"),
                Arg::Int(13),
                Arg::symbol(flags.to_owned()),
            ]
        };
        assert_eq!(
            shown_as("send", send("MSG_NOSIGNAL"), 13, None),
            "send(4, \"Ciao a tutti!\", 13) = 13"
        );
        assert_eq!(
            shown_as("send", send("MSG_NOSIGNAL|MSG_OOB"), 13, None),
            "send(4, \"Ciao a tutti!\", 13, MSG_OOB) = 13"
        );
        let to = [&send("MSG_NOSIGNAL")[..], &[address("@x"), Arg::Int(4)]].concat();
        assert_eq!(
            shown_as("sendto", to, -1, Some("EPERM")),
            "sendto(4, \"Ciao a tutti!\", 13, @x) = EPERM"
        );
        let long = vec![Arg::Fd(4), Arg::data(&[b'x'; 100]), Arg::Int(100)];
        let long = shown_as("send", long, 100, None);
        assert!(long.ends_with("xxx…\", 100) = 100"), "{long}");
    }

    #[test]
    fn addresses_and_polls_are_brief() {
        let nothing = vec![Arg::Fd(5), Arg::data(b""), Arg::Int(0), Arg::Int(0)];
        assert_eq!(shown_as("recv", nothing, 0, None), "recv(5, \"\", 0) = 0");
        let end = vec![Arg::Fd(3), Arg::data(b"x"), Arg::Int(1)];
        assert_eq!(
            shown_as("send", end, -1, Some("killed by SIGPIPE")),
            "send(3, \"x\", 1) killed by SIGPIPE"
        );
        let bind = vec![Arg::Fd(3), address(""), Arg::Int(2)];
        assert_eq!(shown_as("bind", bind, 0, None), "bind(3, \"\") = 0");
        let poll = vec![
            Arg::symbol("[{fd=4, events=POLLIN}]"),
            Arg::Int(1),
            Arg::Int(50),
        ];
        assert_eq!(shown_as("poll", poll, 1, None), "poll([4 POLLIN], 50) = 1");
    }
}
