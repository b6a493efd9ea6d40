//! What came from outside, made safe to show.
//!
//! Bytes of a peer, a path, a profile or an environment variable may hold anything. Whatever reaches a terminal
//! or a log passes through here first, so that nothing can move the cursor, change colours or forge a line.
//! It is a module of its own because every layer shows such bytes and none of them may show them raw.

use std::fmt::Write as _;

/// Shows `bytes` as text on one line: valid, printable UTF-8 as it is, everything else escaped
/// (`\r`, `\n`, `\t`, `\\`, `\x1b`, `\u{202e}`, and `\xff` for what is not UTF-8).
pub fn bytes(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() + 8);
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            push(&mut out, c);
        }
        for byte in chunk.invalid() {
            let _ = write!(out, "\\x{byte:02x}");
        }
    }
    out
}

/// [`bytes`] for text: the same rules, one line.
pub fn text(text: &str) -> String {
    bytes(text.as_bytes())
}

/// At most `limit` bytes of payload, escaped; the second value tells whether something was cut off.
pub fn clipped(payload: &[u8], limit: usize) -> (String, bool) {
    let cut = payload.len().min(limit);
    (bytes(&payload[..cut]), cut < payload.len())
}

/// Bytes of a stream for a terminal: line feeds and tabs do what they say, all else that is not printable is escaped.
pub fn stream(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() + 8);
    for chunk in bytes.utf8_chunks() {
        out += &lines(chunk.valid());
        for byte in chunk.invalid() {
            let _ = write!(out, "\\x{byte:02x}");
        }
    }
    out
}

/// Several lines of text that may quote the outside: line feeds and tabs stay, all else is escaped.
pub fn lines(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\t' | '\\' => out.push(c),
            _ => push(&mut out, c),
        }
    }
    out
}

/// JSON for a terminal or a log: the same value, but what [`bytes`] would not show as it is stands as `\u202e`. Outside
/// its strings JSON has no such characters.
pub fn json(value: &impl std::fmt::Display) -> String {
    let plain = value.to_string();
    let mut out = String::with_capacity(plain.len());
    for c in plain.chars() {
        if c == '\x7f' || is_unsafe(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(c);
        }
    }
    out
}

fn push(out: &mut String, c: char) {
    match c {
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        '\\' => out.push_str("\\\\"),
        c if c.is_ascii_control() => {
            let _ = write!(out, "\\x{:02x}", u32::from(c));
        }
        c if is_unsafe(c) => {
            let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
        }
        c => out.push(c),
    }
}

/// C1 controls, line separators, bidirectional controls, zero-width characters, and the byte order mark:
/// valid characters that change how a line *looks*, and so could make one record pass for another.
fn is_unsafe(c: char) -> bool {
    matches!(c, '\u{80}'..='\u{9f}' | '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_moves_the_cursor() {
        assert_eq!(bytes(b"a\x1b[2Jb\r\n"), "a\\x1b[2Jb\\r\\n");
        assert_eq!(
            bytes("\u{9b}31m\u{202e}\u{2028}".as_bytes()),
            "\\u{9b}31m\\u{202e}\\u{2028}"
        );
        assert_eq!(bytes(b"\xff\x7f\0"), "\\xff\\x7f\\x00");
    }

    #[test]
    fn printable_text_stays() {
        assert_eq!(text("Ciao! caffè 猫"), "Ciao! caffè 猫");
    }

    #[test]
    fn a_backslash_cannot_pretend_to_be_an_escape() {
        assert_eq!(text("\\n"), "\\\\n");
    }

    #[test]
    fn a_stream_keeps_its_lines_and_nothing_else() {
        assert_eq!(stream(b"a\tb\n\xff\x1b[2J\r\n"), "a\tb\n\\xff\\x1b[2J\\r\n");
    }

    #[test]
    fn json_stays_the_same_value() {
        let value = serde_json::json!({"\u{202e}": "\x7f\u{9b}\u{e0001}\u{1b}\"\\ caffè"});
        let shown = json(&value);
        assert_eq!(shown, bytes(shown.as_bytes()).replace("\\\\", "\\"));
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&shown).unwrap(),
            value
        );
    }

    #[test]
    fn clipping_says_so() {
        assert_eq!(clipped(b"hello", 3), ("hel".into(), true));
        assert_eq!(clipped(b"hello", 5), ("hello".into(), false));
    }
}
