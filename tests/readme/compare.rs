//! What may differ between the page and a run: `[..]`, dates, times, ports, descriptors, and what was measured.
//!
//! Everything else is compared as it stands. Where a number is replaced, both sides are, by the same function.

use std::collections::HashMap;

/// Anything within a line; alone on a line, any number of lines.
const ANYTHING: &str = "[..]";

/// Whether the lines are those of the page, `[..]` standing for anything.
pub(super) fn equals(page: &[String], real: &[&str]) -> bool {
    match page.split_first() {
        None => real.is_empty(),
        Some((first, rest)) if first == ANYTHING => {
            (0..=real.len()).any(|n| equals(rest, &real[n..]))
        }
        Some((first, rest)) => match real.split_first() {
            Some((line, others)) => line_equals(first, line) && equals(rest, others),
            None => false,
        },
    }
}

fn line_equals(page: &str, real: &str) -> bool {
    let Some((before, after)) = page.split_once(ANYTHING) else {
        return page == real;
    };
    let Some(rest) = real.strip_prefix(before) else {
        return false;
    };
    let mut ends = rest.char_indices().map(|(i, _)| i).chain([rest.len()]);
    ends.any(|i| line_equals(after, &rest[i..]))
}

/// The first line of the page that does not come, the ones before it having come in this order.
pub(super) fn first_missing<'a>(page: &'a [String], real: &[String]) -> Option<&'a String> {
    let mut real = real.iter();
    page.iter()
        .find(|expected| !real.any(|line| line == *expected))
}

/// A table or report as lines without their breaks: what is indented deeper than any row goes on from the line before.
pub(super) fn unwrapped(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for line in text.lines() {
        let indent = line.len() - line.trim_start().len();
        match lines.last_mut() {
            Some(before) if indent >= 4 && !before.is_empty() => {
                before.push(' ');
                before.push_str(line.trim_start());
            }
            _ => lines.push(line.to_owned()),
        }
    }
    lines
}

/// A line of a ladder without the time on its left; `None`: it is none.
pub(super) fn rungs(line: &str) -> Option<&str> {
    line.find(['│', '┃']).map(|at| &line[at..])
}

/// A table or report with every number, unit and width taken out; so are the bars of a course, and the congestion
/// control, which is this kernel's.
pub(super) fn shape(line: &str) -> String {
    let is_bar = |c: char| ('▁'..='█').contains(&c);
    let line = match (line.find(is_bar), line.rfind(is_bar)) {
        (Some(first), Some(last)) => {
            format!("{}BARS{}", &line[..first], &line[last + '█'.len_utf8()..])
        }
        _ => line.to_owned(),
    };
    let line = line.replace(['.', '\u{202f}'], "");
    let line = ["bbr", "cubic", "reno"]
        .into_iter()
        .fold(line, |line, name| {
            line.replace(&format!("({name})"), "(NAME)")
        });
    let numbers = replace_numbers(&line, |_, _| "N".to_owned());
    let words = numbers.split_whitespace().map(|word| {
        let bare = word.trim_end_matches(',');
        let unit = match bare {
            "ns" | "µs" | "ms" | "s" => "TIME",
            "B/s" | "KiB/s" | "MiB/s" | "GiB/s" => "BYTES/s",
            other => other,
        };
        format!("{unit}{}", &word[bare.len()..])
    });
    words.collect::<Vec<_>>().join(" ")
}

/// Log and trace with what differs from run to run numbered in order of birth.
#[derive(Debug, Default)]
pub(super) struct Normal {
    descriptors: HashMap<String, String>,
    ports: HashMap<String, String>,
}

impl Normal {
    /// All lines of one run.
    pub(super) fn of<'a>(lines: impl IntoIterator<Item = &'a str>) -> Vec<String> {
        let mut normal = Normal::default();
        lines.into_iter().map(|line| normal.line(line)).collect()
    }

    fn line(&mut self, line: &str) -> String {
        let line = without_time(line);
        let line = without_date(&line);
        let opens = line.starts_with("socket(") || line.starts_with("accept4(");
        let result = line.rfind(" = ").map(|at| at + 3);
        let first = line.find('(').map(|at| at + 1);
        replace_numbers(&line, |number, at| {
            let before = &line[..at];
            let is_port = before.ends_with("htons(") || before.ends_with("', ");
            if is_port && number != "35555" {
                return birth(&mut self.ports, "PORT", number);
            }
            if (opens && Some(at) == result) || (is_call(&line) && Some(at) == first) {
                return birth(&mut self.descriptors, "FD", number);
            }
            number.to_owned()
        })
    }
}

/// A traced call rather than a line of the log.
fn is_call(line: &str) -> bool {
    let name = line.split('(').next().unwrap_or_default();
    line.contains('(') && name.chars().all(|c| c.is_ascii_alphanumeric())
}

fn birth(known: &mut HashMap<String, String>, what: &str, number: &str) -> String {
    let next = format!("{what}{}", known.len());
    known.entry(number.to_owned()).or_insert(next).clone()
}

/// ` <16µs>` at the end, ` <TIME>` instead.
fn without_time(line: &str) -> String {
    match line.rsplit_once(" <") {
        Some((call, time)) if time.ends_with("s>") => format!("{call} <TIME>"),
        _ => line.to_owned(),
    }
}

/// `22-11-2026 13:17:34 - ` in front, `DATE - ` instead.
fn without_date(line: &str) -> String {
    let shape = replace_numbers(line, |digits, _| "9".repeat(digits.len()));
    match shape.strip_prefix("99-99-9999 99:99:99 - ") {
        Some(rest) => format!("DATE - {}", &line[line.len() - rest.len()..]),
        None => line.to_owned(),
    }
}

/// Each run of digits through `instead`, which also hears where the run begins.
fn replace_numbers(line: &str, mut instead: impl FnMut(&str, usize) -> String) -> String {
    let mut out = String::new();
    let mut at = 0;
    while at < line.len() {
        let rest = &line[at..];
        let digits = rest.find(|c: char| !c.is_ascii_digit());
        let digits = digits.unwrap_or(rest.len());
        if digits > 0 {
            out += &instead(&rest[..digits], at);
            at += digits;
        } else {
            let c = rest.chars().next().expect("it is not at the end");
            out.push(c);
            at += c.len_utf8();
        }
    }
    out
}

#[test]
fn a_wildcard_stands_for_anything_and_nothing_else_does() {
    let page = |lines: &[&str]| lines.iter().map(|l| (*l).to_owned()).collect::<Vec<_>>();
    assert!(equals(
        &page(&["a[..]c", "[..]", "d"]),
        &["abc", "x", "y", "d"]
    ));
    assert!(equals(&page(&["[..]"]), &[]));
    assert!(!equals(&page(&["a[..]c", "d"]), &["abc", "x", "d"]));
    assert!(!equals(&page(&["a"]), &["a", "b"]));
    assert!(!equals(&page(&["a", "b"]), &["a"]));
}

#[test]
fn descriptors_and_ports_keep_who_is_who() {
    let lines = [
        "socket(AF_INET, SOCK_STREAM, IPPROTO_IP) = 4 <1µs>",
        "accept4(4, {sin_port=htons(77)}, [16], 0) = 9 <4s>",
        "close(9) = 0 <23µs>",
        "22-11-2026 13:17:38 - INFO - server - Sending to ('127.0.0.1', 77): 5",
    ];
    assert_eq!(
        Normal::of(lines),
        [
            "socket(AF_INET, SOCK_STREAM, IPPROTO_IP) = FD0 <TIME>",
            "accept4(FD0, {sin_port=htons(PORT0)}, [16], 0) = FD1 <TIME>",
            "close(FD1) = 0 <TIME>",
            "DATE - INFO - server - Sending to ('127.0.0.1', PORT0): 5",
        ]
    );
}

#[test]
fn a_shape_keeps_words_and_verdicts() {
    let one = "  ~  SO_RCVBUF  131072   took 77.1 µs, 3.3 MiB/s";
    assert_eq!(shape(one), shape("~ SO_RCVBUF 9 took 1 ms, 88 GiB/s"));
    assert_ne!(shape(one), shape("= SO_RCVBUF 9 took 1 ms, 88 GiB/s"));
    let course = shape("  over time  ▁▇ █  means of 4 parts: 1.5 µs");
    assert_eq!(
        course,
        shape("  over time  ▁▇▁▁▁█  means of 16 parts: 12 ms")
    );
    assert_ne!(course, shape("  over time  means of 16 parts: 12 ms"));
    assert_eq!(
        unwrapped("a\n  b\n      c\n\n  d"),
        ["a", "  b c", "", "  d"]
    );
}
