//! A msghdr in few words: `{from 127.0.0.1:5, "Ciao!", TTL=64}` instead of its fields.
//!
//! The gate shows a message as strace does, as text. What is not found in that text is left as it stands.

use std::borrow::Cow;

use super::compact;
use super::span::{Span, Tone, safe};

/// A list of more than this is shortened.
const MOST: usize = 8;

/// Columns of payload beside an arrow.
pub(super) const LABEL: usize = 10;

/// A struct, or a list of them, shortened where it holds messages.
pub(super) fn short(text: &str) -> Vec<Span> {
    let Some(message) = Message::read(text) else {
        return vec![Span::new(Tone::Plain, &addresses(text))];
    };
    let mut spans = vec![Span::new(Tone::Plain, "{")];
    let mut parts = Vec::new();
    if !message.name.is_empty() {
        parts.push(Span::whole(Tone::Plain, &message.name));
    }
    parts.push(Span::whole(Tone::Payload, message.bytes));
    // The gate asks for close-on-exec in every recvmsg(2).
    let flags = message.flags.replace("MSG_CMSG_CLOEXEC|", "");
    let flags = flags
        .trim_end_matches("MSG_CMSG_CLOEXEC")
        .trim_end_matches('|');
    for extra in [message.control, flags] {
        if !matches!(extra, "" | "0") {
            parts.push(Span::new(Tone::Plain, extra));
        }
    }
    for (i, part) in parts.into_iter().enumerate() {
        if i > 0 {
            spans.push(Span::new(Tone::Plain, ", "));
        }
        spans.push(part);
    }
    spans.push(Span::new(Tone::Plain, "}"));
    spans
}

/// What one msghdr holds.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Message<'a> {
    /// The peer's address, as people write it; empty without one.
    pub(super) name: String,
    /// Its bytes as they are shown, with their quotes.
    pub(super) bytes: &'a str,
    /// The ancillary data, without its brackets.
    pub(super) control: &'a str,
    /// `MSG_TRUNC`, or 0.
    pub(super) flags: &'a str,
}

impl<'a> Message<'a> {
    /// Reads `{msg_name={…}, msg_iov=[{iov_base="…", iov_len=5}], msg_control=[…], msg_flags=0}`; not of a list.
    pub(super) fn read(text: &'a str) -> Option<Message<'a>> {
        let inner = text.strip_prefix("{msg_name=")?;
        let (name, rest) = inner.split_once(", msg_iov=[{iov_base=")?;
        let (bytes, rest) = rest.rsplit_once(", iov_len=")?;
        let (_, rest) = rest.split_once("], msg_control=")?;
        let (control, flags) = rest.rsplit_once(", msg_flags=")?;
        let control = control.strip_prefix('[').unwrap_or(control);
        Some(Message {
            name: addresses(name).replace("NULL", ""),
            bytes,
            control: control.strip_suffix(']').unwrap_or(control),
            flags: flags.strip_suffix('}').unwrap_or(flags),
        })
    }

    /// The bytes beside an arrow.
    pub(super) fn label(&self) -> String {
        let inner = self.bytes.trim_end_matches("...").trim_matches('"');
        let shown = super::span::shortened(&safe(inner), LABEL, "…");
        format!("\"{shown}\"")
    }
}

/// `text` with each address in strace's notation as people write it.
pub(super) fn addresses(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("{sa_family=") {
        let Some(end) = rest[at..].find('}') else {
            break;
        };
        let (address, after) = rest[at..].split_at(end + 1);
        out.push_str(&rest[..at]);
        out.push_str(&brief(address).unwrap_or_else(|| address.to_owned()));
        rest = after;
    }
    out + rest
}

fn brief(address: &str) -> Option<String> {
    let between = |from: &str, to: &str| {
        let start = address.find(from)? + from.len();
        let len = address[start..].find(to)?;
        Some(&address[start..start + len])
    };
    if let Some(ip) = between("inet_addr(\"", "\"") {
        return Some(format!("{ip}:{}", between("sin_port=htons(", ")")?));
    }
    if let Some(ip) = between("inet_pton(AF_INET6, \"", "\"") {
        return Some(format!("[{ip}]:{}", between("sin6_port=htons(", ")")?));
    }
    if let Some(name) = between("sun_path=@\"", "\"") {
        return Some(format!("@{name}"));
    }
    if let Some(path) = between("sun_path=\"", "\"") {
        return Some(path.to_owned());
    }
    (address == "{sa_family=AF_UNIX}").then(String::new)
}

/// `msg_control=[{cmsg_len=20, cmsg_level=SOL_IP, cmsg_type=IP_TTL, cmsg_data=[64]}]` as `[IP_TTL=64]`.
pub(super) fn ancillary(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text.strip_prefix("msg_control=").unwrap_or(text);
    while let Some((before, after)) = rest.split_once("{cmsg_len=") {
        out.push_str(before);
        let kind = after.split_once("cmsg_type=").map(|(_, kind)| kind);
        let close = if after.contains("cmsg_data={") && !after.contains("cmsg_data=[") {
            "}}"
        } else {
            "]}"
        };
        let (Some(kind), Some(end)) = (kind, after.find(close)) else {
            rest = after;
            continue;
        };
        let kind = kind.split([',', '}']).next().unwrap_or(kind);
        let data = after[..end].split_once("cmsg_data=");
        let data = data.map_or("", |(_, data)| data.trim_start_matches('['));
        out.push_str(kind);
        out.push('=');
        out.push_str(&few(data));
        if close == "}}" {
            out.push('}');
        }
        rest = &after[end + 2..];
    }
    out + rest
}

/// Of a long list the ends: `5, 5, 5, … 5 (253)`.
fn few(list: &str) -> Cow<'_, str> {
    let all: Vec<&str> = list.split(", ").collect();
    match all.as_slice() {
        [a, b, c, .., end] if all.len() > MOST => {
            format!("{a}, {b}, {c}, … {end} ({})", all.len()).into()
        }
        _ => list.into(),
    }
}

/// The descriptors in `SCM_RIGHTS=[5, 6]` of ancillary data, in their order.
pub(super) fn passed(text: &str) -> Vec<i32> {
    let Some((_, rest)) = text.split_once("SCM_RIGHTS") else {
        return Vec::new();
    };
    let list = rest.split_once('[').map_or("", |(_, list)| list);
    let list = list.split_once(']').map_or(list, |(list, _)| list);
    list.split(',')
        .filter_map(|n| n.trim().parse().ok())
        .collect()
}

/// `5 B`, `64 KiB`
pub(super) fn size(len: u64) -> String {
    if len >= 1024 && len.is_multiple_of(1024) {
        format!("{} KiB", len / 1024)
    } else {
        format!("{len} B")
    }
}

/// `"Ciao!" 5 B`
pub(super) fn payload_label(head: &[u8], len: usize) -> String {
    format!("{} {}", compact::quoted(head, len, LABEL), size(len as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECEIVED: &str = "{msg_name={sa_family=AF_INET, sin_port=htons(5), sin_addr=inet_addr(\"127.0.0.1\")}, \
         msg_iov=[{iov_base=\"a, b\\\"}]\"..., iov_len=64}], msg_control=[TTL=64], msg_flags=MSG_TRUNC}";

    #[test]
    fn a_message_is_told_in_few_words() {
        let text: String = short(RECEIVED).into_iter().map(|s| s.text).collect();
        assert_eq!(
            text.replace('\u{a0}', " "),
            "{127.0.0.1:5, \"a, b\\\"}]\"..., TTL=64, MSG_TRUNC}"
        );
        let other: String = short("[{fd=3}]").into_iter().map(|s| s.text).collect();
        assert_eq!(other, "[{fd=3}]");
    }

    #[test]
    fn addresses_of_every_family_are_brief() {
        let v6 = "{sa_family=AF_INET6, sin6_port=htons(80), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, \"::1\", &sin6_addr), sin6_scope_id=0}";
        assert_eq!(addresses(v6), "[::1]:80");
        assert_eq!(addresses("<{sa_family=AF_UNIX, sun_path=@\"x\"}>"), "<@x>");
        assert_eq!(addresses("{sa_family=AF_UNIX}"), "");
        assert_eq!(addresses("{sa_family=AF_UNIX"), "{sa_family=AF_UNIX");
    }

    #[test]
    fn ancillary_data_is_told_by_its_type() {
        let one = "{cmsg_len=20, cmsg_level=SOL_IP, cmsg_type=IP_TTL, cmsg_data=[64]}";
        assert_eq!(ancillary(&format!("msg_control=[{one}]")), "[IP_TTL=64]");
        assert_eq!(
            ancillary(&format!("msg_control=[{one}, {one}]")),
            "[IP_TTL=64, IP_TTL=64]"
        );
        let who = "{cmsg_len=28, cmsg_level=SOL_SOCKET, cmsg_type=SCM_CREDENTIALS, cmsg_data={pid=1, uid=0}}";
        assert_eq!(
            ancillary(&format!("msg_control=[{who}]")),
            "[SCM_CREDENTIALS={pid=1, uid=0}]"
        );
        let many = vec!["5"; 20].join(", ");
        let many = format!("[{{cmsg_len=4, cmsg_type=SCM_RIGHTS, cmsg_data=[{many}]}}]");
        assert_eq!(ancillary(&many), "[SCM_RIGHTS=5, 5, 5, … 5 (20)]");
        assert_eq!(ancillary("msg_control=[{cmsg_len=4"), "[4");
        assert_eq!(
            passed("msg_control=[{cmsg_type=SCM_RIGHTS, cmsg_data=[5]}]"),
            [5]
        );
    }

    #[test]
    fn passed_descriptors_are_found() {
        assert_eq!(passed("SCM_RIGHTS=[5, 6], TTL=1"), [5, 6]);
        assert_eq!(passed("TTL=64"), [0; 0]);
    }
}
