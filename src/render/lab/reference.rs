//! The reference of the steps: each verb with what it takes, from the rows that read it.

use std::fmt::Write as _;

use anstyle::Style;

use crate::lab::file::TOP;
use crate::lab::file::verbs::{COMMON, Need, Param, Row, Verb};
use crate::render::probe::{Screen, wrap};

const BOLD: Style = Style::new().bold();
const INDENT: usize = 15;

/// Every verb and every key, for who writes an experiment.
pub fn reference(rows: &[Row], screen: Screen) -> String {
    let mut out = String::new();
    let width = screen.width.clamp(60, 110) - INDENT;
    heading(&mut out, "the file");
    for (name, doc) in TOP {
        line(&mut out, name, doc);
    }
    out.push('\n');
    out += "A step is one line: { ACTOR = \"VERB\", key = value, … }; { note = \"text\" } is a caption.\n\
            Steps run one after the other, whoever the actor. In brackets is what may be left out.\n\n";
    heading(&mut out, "the calls of the manual");
    for row in rows.iter().filter(|row| row.is_call()) {
        verb(&mut out, row, width);
    }
    out.push('\n');
    heading(&mut out, "what helps");
    let helps = |row: &&Row| !row.is_call() && row.verb != Verb::Note;
    for row in rows.iter().filter(helps) {
        verb(&mut out, row, width);
    }
    out.push('\n');
    heading(&mut out, "with each of them");
    for param in COMMON {
        line(&mut out, param.name, common(param.name));
    }
    out.push('\n');
    heading(&mut out, "what keys hold");
    for (name, doc) in KEYS {
        line(&mut out, name, doc);
    }
    super::text::drawn(out, screen)
}

/// What the keys of several verbs have in common.
const KEYS: &[(&str, &str)] = &[
    (
        "fd, as",
        "names of sockets, visible to every thread; a process has its own",
    ),
    (
        "address",
        "\"127.0.0.1:0\", \"[::1]:0\", \":0\", \"@name\", \"$tmp/path\" below the run's directory, \"$addr\" as saved",
    ),
    ("family", "ipv4, ipv6, unix"),
    ("type", "stream, datagram, seqpacket, raw"),
    ("protocol", "a number or a name: tcp, udp, mptcp, icmp …"),
    ("mode", "nonblocking"),
    (
        "option, value",
        "a name of `sockplay options` and what it takes; a number goes to the kernel whatever it is",
    ),
    (
        "data, hex",
        "text, or pairs of digits (\"45 00 ff\"); where it is received, * stands for anything and ?? for any byte",
    ),
    (
        "bytes",
        "so many bytes of a pattern; sizes also as \"64KiB\"",
    ),
    (
        "flags",
        "\"MSG_PEEK|MSG_DONTWAIT\"; events of poll likewise: \"POLLIN|POLLPRI\"",
    ),
    ("how", "read, write, both"),
    ("request", "SIOCINQ, SIOCOUTQ, SIOCOUTQNSD, SIOCATMARK"),
    (
        "value, until",
        "of what is read: 4608, \"> 65536\", true, \"ESTABLISHED\", of a struct { tcpi_unacked = 2 }",
    ),
    (
        "name, from",
        "an address that must come, such as \"127.0.0.1:*\"",
    ),
    (
        "pass",
        "sockets to pass; recvmsg names them with `as` and counts them with `passed`",
    ),
    (
        "set",
        "of serve: settings as `--set` takes them; of sysctl: a value for net.*",
    ),
];

fn line(out: &mut String, name: &str, doc: &str) {
    let _ = writeln!(out, "  {BOLD}{name:<13}{BOLD:#}{doc}");
}

fn heading(out: &mut String, text: &str) {
    let _ = writeln!(out, "{BOLD}{text}{BOLD:#}");
}

fn verb(out: &mut String, row: &Row, width: usize) {
    let keys: Vec<String> = row.params.iter().map(key).collect();
    let name = format!("{:<13}", row.name);
    let mut label = format!("  {BOLD}{name}{BOLD:#}");
    for line in wrap(&keys.join(" "), width)
        .iter()
        .chain(&wrap(row.doc, width))
    {
        if line.is_empty() {
            continue;
        }
        let _ = writeln!(out, "{label}{line}");
        label = " ".repeat(INDENT);
    }
}

fn key(param: &Param) -> String {
    match param.need {
        Need::Required => param.name.to_owned(),
        Need::Optional => format!("[{}]", param.name),
    }
}

fn common(name: &str) -> &'static str {
    match name {
        "expect" => {
            "the result: 0, 4, \"EADDRINUSE\", \"> 0\", \">= 1 and < 5\", \"$saved\"; without it the call must succeed"
        }
        "elapsed" => "how long it took: \">= 100ms and < 3s\"",
        "until" => "ask again until this holds: state that the kernel reaches a little later",
        "blocks" => {
            "\"150ms\": it still waits after that; the script goes on, and `returns` of the same actor ends it"
        }
        "within" => "how long the step may take; 5s",
        "save" => {
            "keep the result: \"$name\" in later steps and in the answer; its parts are \"$name.data\", \"$name.port\" …"
        }
        _ => "the signal that ends the actor's process: \"SIGPIPE\"",
    }
}
