//! Words of a ladder: text with a tone, made safe, measured in columns, and broken into lines.
//!
//! What must stay together is joined by no-break spaces, which are drawn as spaces; so one rule breaks lines everywhere.

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use crate::escape;

/// Joins what must not be broken.
pub(super) const NBSP: char = '\u{a0}';

/// Text of one tone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// Without control characters; breaks at spaces, not at no-break spaces.
    pub text: String,
    /// How it looks.
    pub tone: Tone,
}

/// How text looks; each renderer has its own colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// As it is.
    Plain,
    /// The name of a call.
    Name,
    /// Bytes that were sent or received; may be shortened.
    Payload,
    /// What a call that failed returned.
    Error,
    /// A time in which an actor could not do anything else.
    Wait,
    /// Beside the point, or inferred.
    Dim,
    /// A caption.
    Caption,
    /// What was not expected.
    Unmet,
}

impl Span {
    /// Text that may hold anything, made safe.
    pub(super) fn new(tone: Tone, text: &str) -> Span {
        Span {
            text: safe(text),
            tone,
        }
    }

    /// The same, never broken.
    pub(super) fn whole(tone: Tone, text: &str) -> Span {
        Span {
            text: safe(text).replace(' ', &NBSP.to_string()),
            tone,
        }
    }
}

/// One line without anything that would move a cursor. What the gate already escaped stays as it is.
pub(super) fn safe(text: &str) -> String {
    escape::lines(text)
        .replace('\n', "\\n")
        .replace('\t', "\\t")
}

/// Columns of a terminal.
pub(super) fn columns(text: &str) -> usize {
    text.width()
}

/// The columns of all.
pub(super) fn columns_of(spans: &[Span]) -> usize {
    spans.iter().map(|s| columns(&s.text)).sum()
}

/// The columns of one character; none is negative and control characters have none.
pub(super) fn columns_of_char(c: char) -> usize {
    c.width().unwrap_or(0)
}

/// As much of `text` as fits, with `more` at its end where something is missing.
pub(super) fn shortened(text: &str, room: usize, more: &str) -> String {
    if columns(text) <= room {
        return text.to_owned();
    }
    let room = room.saturating_sub(columns(more));
    let mut out = fitting(text, room).to_owned();
    out.push_str(more);
    out
}

/// The longest beginning of `text` that fits.
fn fitting(text: &str, room: usize) -> &str {
    let mut used = 0;
    for (at, c) in text.char_indices() {
        used += columns_of_char(c);
        if used > room {
            return &text[..at];
        }
    }
    text
}

/// Lines of at most `room` columns, the second and later ones indented by `hang`. Only payload is ever shortened, with `more`
/// in the place of what is missing; a word that does not fit on a line of its own is cut into pieces.
pub(super) fn wrapped(spans: &[Span], room: usize, hang: usize, more: &str) -> Vec<Vec<Span>> {
    let room = room.max(1);
    let hang = if room > 2 * hang + 4 { hang } else { 0 };
    let mut lines = Lines {
        room,
        hang,
        more,
        done: Vec::new(),
        line: Vec::new(),
        used: 0,
    };
    for word in words(spans) {
        lines.word(word);
    }
    lines.finish()
}

/// Pieces between which a line may end: each a run of spans, and whether a space goes before it.
struct Word {
    spans: Vec<Span>,
    spaced: bool,
}

fn words(spans: &[Span]) -> Vec<Word> {
    let mut all: Vec<Word> = Vec::new();
    for span in spans {
        for (i, piece) in span.text.split(' ').enumerate() {
            if i > 0 || all.is_empty() {
                all.push(Word {
                    spans: Vec::new(),
                    spaced: i > 0,
                });
            }
            if !piece.is_empty()
                && let Some(word) = all.last_mut()
            {
                word.spans.push(Span {
                    text: piece.to_owned(),
                    tone: span.tone,
                });
            }
        }
    }
    all.retain(|word| !word.spans.is_empty());
    all
}

struct Lines<'a> {
    room: usize,
    hang: usize,
    more: &'a str,
    done: Vec<Vec<Span>>,
    line: Vec<Span>,
    used: usize,
}

impl Lines<'_> {
    fn word(&mut self, word: Word) {
        let mut word = word;
        let most = self.room - self.hang;
        fit_payload(&mut word.spans, most, self.more);
        let need = columns_of(&word.spans);
        let space = usize::from(word.spaced && self.used > self.indent());
        if self.used + space + need > self.room && self.used > self.indent() {
            self.turn();
        } else if space > 0 {
            self.push(Span {
                text: " ".into(),
                tone: Tone::Plain,
            });
        }
        for span in word.spans {
            self.piece(span);
        }
    }

    fn indent(&self) -> usize {
        if self.done.is_empty() { 0 } else { self.hang }
    }

    fn turn(&mut self) {
        self.done.push(std::mem::take(&mut self.line));
        self.used = 0;
        self.push(Span {
            text: " ".repeat(self.hang),
            tone: Tone::Plain,
        });
    }

    fn push(&mut self, span: Span) {
        self.used += columns(&span.text);
        self.line.push(span);
    }

    fn piece(&mut self, mut span: Span) {
        while self.used + columns(&span.text) > self.room {
            let left = self.room - self.used.min(self.room);
            let head = cut(fitting(&span.text, left)).len();
            if head == 0 && self.used <= self.indent() {
                // Not even one character has room: a line of its own is all that can be done.
                break;
            }
            let tail = span.text.split_off(head);
            if head > 0 {
                let text = std::mem::replace(&mut span.text, tail);
                self.push(Span {
                    text,
                    tone: span.tone,
                });
            } else {
                span.text = tail;
            }
            self.turn();
        }
        if !span.text.is_empty() {
            self.push(span);
        }
    }

    fn finish(mut self) -> Vec<Vec<Span>> {
        if self.used > self.indent() || self.done.is_empty() {
            self.done.push(self.line);
        }
        self.done
    }
}

/// Shortens the payload of a word that is longer than a line.
fn fit_payload(word: &mut [Span], room: usize, more: &str) {
    let need = columns_of(word);
    let Some(payload) = word.iter_mut().find(|s| s.tone == Tone::Payload) else {
        return;
    };
    let others = need - columns(&payload.text);
    // Two quotes, and at least one character beside what says that others are missing.
    if need > room && room >= others + columns(more) + 3 {
        let whole = payload.text.trim_end_matches('"').trim_end_matches(more);
        let kept = fitting(whole, room - others - 1 - columns(more));
        payload.text = format!("{kept}{more}\"");
    }
}

/// Where the beginning of a long word ends best: behind `|`, `/` or `_`.
fn cut(head: &str) -> &str {
    match head.rfind(['|', '/', '_']) {
        Some(at) if at > 0 => &head[..=at],
        _ => head,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> Span {
        Span::new(Tone::Plain, text)
    }

    fn lines(spans: &[Span], room: usize) -> Vec<String> {
        let text = |line: &Vec<Span>| line.iter().map(|s| s.text.as_str()).collect::<String>();
        wrapped(spans, room, 2, "…").iter().map(text).collect()
    }

    #[test]
    fn lines_break_at_spaces_and_hang() {
        let spans = [
            plain("connect(4, 127.0.0.1:80) "),
            Span::whole(Tone::Error, "= ECONNREFUSED"),
        ];
        assert_eq!(
            lines(&spans, 26),
            ["connect(4, 127.0.0.1:80)", "  =\u{a0}ECONNREFUSED"]
        );
        assert_eq!(lines(&spans, 80).len(), 1);
    }

    #[test]
    fn payload_is_shortened_and_all_else_is_kept() {
        let spans = [
            plain("send(4, "),
            Span::whole(Tone::Payload, "\"a long sentence of a peer\""),
            plain(", 25) = 25"),
        ];
        let shown = lines(&spans, 20);
        assert_eq!(
            shown,
            ["send(4,", "  \"a\u{a0}long\u{a0}sentenc…\",", "  25) = 25"]
        );
        let cut = lines(&[plain("EPROTONOSUPPORT")], 6).concat();
        assert_eq!(cut.replace(' ', ""), "EPROTONOSUPPORT");
    }

    #[test]
    fn wide_characters_count_twice() {
        assert_eq!(columns("猫"), 2);
        assert_eq!(shortened("猫猫猫", 5, "…"), "猫猫…");
        for line in lines(&[plain("猫猫猫猫猫 猫")], 4) {
            assert!(columns(&line) <= 4, "{line}");
        }
    }

    #[test]
    fn nothing_moves_the_cursor() {
        assert_eq!(safe("a\x1b[2J\n\tb\\"), "a\\x1b[2J\\n\\tb\\");
    }
}
