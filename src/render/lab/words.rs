//! Words that every form of an experiment has in common.

use crate::escape;

/// The groups in their order, and what is in them.
pub(super) const GROUPS: &[(&str, &str)] = &[
    (
        "tutorial",
        "what an article that builds a TCP echo server in Python says, in its order",
    ),
    ("weird", "what surprises"),
    ("useful", "what helps"),
];

/// Text of a file on one line, without control bytes: line ends and runs of spaces are one space.
pub(super) fn folded(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    escape::lines(&words.join(" "))
}

/// Something to say where there is nothing.
pub(super) fn blank(text: &str) -> &str {
    match text {
        "" => "nothing",
        text => text,
    }
}

/// The characters that this module and the shipped texts use; a ladder has its own.
pub(super) fn ascii(text: &str) -> String {
    text.replace('\u{202f}', " ")
        .replace('µ', "u")
        .replace('…', "...")
        .replace('✓', "+")
        .replace('✗', "!")
        .replace(['–', '−', '·'], "-")
        .replace(['’', '‘'], "'")
        .replace(['“', '”'], "\"")
        .replace('×', "x")
        .replace('≥', ">=")
        .replace('≤', "<=")
        .replace('→', "->")
}
