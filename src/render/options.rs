//! The reference of every option: the registry's rows beside this kernel's answers, as a table, a page, or JSON.

use std::fmt::Write as _;

use comfy_table::{ContentArrangement, Table, presets};
use serde_json::{Value as Json, json};

use super::json::envelope;
use super::verdict;
use crate::option::{Adjust, Row, Value};
use crate::socket::{Phase, Triple};

/// A row and what this kernel said about it.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The row.
    pub row: &'static Row,
    /// The value on a fresh socket.
    pub default: Option<Value>,
    /// Of which triple.
    pub asked: Option<Triple>,
    /// Whether it can be set: `None` if that was not tried.
    pub settable: Option<bool>,
    /// Why not, or why it was not tried.
    pub why: Option<String>,
}

/// Groups by level, one line per option. `width` is the terminal's, if there is one.
pub fn table(entries: &[Entry], width: Option<u16>) -> String {
    let mut out = String::new();
    let mut rest = entries;
    while let Some(first) = rest.first() {
        let level = first.row.level;
        let len = rest.iter().take_while(|e| e.row.level == level).count();
        let (group, after) = rest.split_at(len);
        rest = after;
        let _ = writeln!(
            out,
            "{} (level {}), {len} options",
            level.name, level.number
        );
        out += &group_table(group, width);
        out.push('\n');
    }
    let _ = writeln!(out, "{LEGEND}");
    out
}

const LEGEND: &str = "\
set: yes, no, or why not here; default: of a fresh socket on this kernel;
phase: when it is set; accept: inherited by accepted sockets.
`sockplay options NAME` is one option's page.";

fn group_table(group: &[Entry], width: Option<u16>) -> String {
    let mut table = Table::new();
    table
        .load_preset(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic);
    if let Some(width) = width {
        table.set_width(width.max(80));
    } else {
        table.set_content_arrangement(ContentArrangement::Disabled);
    }
    table.set_header([
        "name",
        "",
        "default",
        "set",
        "phase",
        "accept",
        "what it does",
    ]);
    for entry in group {
        let row = entry.row;
        table.add_row([
            row.name.to_owned(),
            row.access.name().to_owned(),
            entry
                .default
                .as_ref()
                .map_or_else(String::new, |v| verdict::clipped(&row.plain(v))),
            can_set(entry),
            row.phase.name().to_owned(),
            row.inherited.name().to_owned(),
            row.doc.to_owned(),
        ]);
    }
    let mut out = String::new();
    for line in table.lines() {
        let _ = writeln!(out, " {}", line.trim_end());
    }
    out
}

fn can_set(entry: &Entry) -> String {
    match (entry.settable, &entry.why) {
        (Some(true), _) => "yes".into(),
        (Some(false), Some(why)) => format!("no: {}", why.split(':').next().unwrap_or(why)),
        (Some(false), None) => "no".into(),
        (None, Some(why)) => format!("({why})"),
        (None, None) => String::new(),
    }
}

/// Everything that is known of one option.
pub fn page(entry: &Entry) -> String {
    let row = entry.row;
    let mut out = format!("{}: {}\n\n", row.name, row.doc);
    let mut line = |name: &str, text: String| {
        let _ = writeln!(out, "  {name:<11} {text}");
    };
    let number = if row.number < 0 {
        "none here".to_owned()
    } else {
        row.number.to_string()
    };
    line(
        "level",
        format!("{} ({})", row.level.name, row.level.number),
    );
    line("number", number);
    line("value", value_words(row));
    line("access", access_words(row).into());
    match (&entry.default, entry.asked) {
        (Some(default), Some(asked)) => line(
            "default",
            format!(
                "{} on a fresh {asked} socket of this kernel",
                verdict::first(&row.plain(default), 100)
            ),
        ),
        (None, Some(asked)) => line(
            "default",
            format!("cannot be read on a fresh {asked} socket"),
        ),
        (_, None) => {}
    }
    line("settable", settable_words(entry));
    line(
        "phase",
        format!("{}: {}", row.phase, phase_words(row.phase)),
    );
    line("accept", accept_words(row).into());
    if let Some(privilege) = row.privilege {
        line("privilege", privilege.to_owned());
    }
    if let Some(words) = adjust_words(row.adjust) {
        line("the kernel", words);
    }
    let triples: Vec<String> = row.triples().map(|t| t.to_string()).collect();
    if !triples.is_empty() {
        line("suits", triples.join(", "));
    }
    line("manual", row.man.to_owned());
    if row.available() && !matches!(row.access, crate::option::Access::ReadOnly) {
        let example = entry
            .default
            .as_ref()
            .map_or_else(|| "...".to_owned(), toml_words);
        let _ = write!(out, "\n  [options]\n  {} = {example}\n", row.name);
    }
    out
}

fn value_words(row: &Row) -> String {
    match row.range {
        Some((least, most)) => format!("{}, {least} to {most}", row.kind.name()),
        None => row.kind.name().to_owned(),
    }
}

fn access_words(row: &Row) -> &'static str {
    match row.access {
        crate::option::Access::ReadWrite => "can be read and set",
        crate::option::Access::ReadOnly => "read-only",
        crate::option::Access::WriteOnly => "write-only",
    }
}

fn settable_words(entry: &Entry) -> String {
    match (entry.settable, &entry.why) {
        (Some(true), _) => "yes, by this process".into(),
        (Some(false), Some(why)) => format!("no: {why}"),
        (Some(false), None) => "no".into(),
        (None, why) => format!("not tried: {}", why.as_deref().unwrap_or("no reason known")),
    }
}

const fn phase_words(phase: Phase) -> &'static str {
    match phase {
        Phase::PostSocket => "any time works",
        Phase::PreBind => "it decides whether or where bind succeeds",
        Phase::PreListen => {
            "fixed in the handshake, or a property of the listener; on a client: before connect"
        }
        Phase::PostAccept => "on each accepted socket; on a client: after connect",
    }
}

fn accept_words(row: &Row) -> &'static str {
    match row.inherited {
        crate::option::Inherited::Yes => "accepted sockets inherit it from the listener",
        crate::option::Inherited::No => "accepted sockets start with the default",
        crate::option::Inherited::Unknown => "there is nothing to inherit, or it cannot be told",
    }
}

fn adjust_words(adjust: Adjust) -> Option<String> {
    Some(match adjust {
        Adjust::Nothing => return None,
        Adjust::DoubledCapped { sysctl, floor } => {
            format!("caps it at {sysctl}, doubles it for bookkeeping, and keeps at least {floor}")
        }
        Adjust::Doubled { floor } => {
            format!("doubles it for bookkeeping, and keeps at least {floor}")
        }
        Adjust::Capped { sysctl } => format!("caps it at {sysctl}"),
        Adjust::RoundedToTick => "rounds it up to the clock's tick".into(),
        Adjust::RoundedToRetransmissions => {
            "turns it into a number of retransmissions, and back".into()
        }
        Adjust::AtLeast { floor } => format!("raises it to {floor} at least"),
        Adjust::Because(why) | Adjust::Ignored(why) => why.to_owned(),
    })
}

fn toml_words(value: &Value) -> String {
    match value {
        Value::Bool(flag) => flag.to_string(),
        Value::Int(n) => n.to_string(),
        Value::Text(text) => format!("\"{text}\""),
        _ => "...".into(),
    }
}

/// `sockplay options --json`
pub fn json(entries: &[Entry]) -> Json {
    let one = |entry: &Entry| {
        let row = entry.row;
        json!({
            "name": row.name,
            "level": row.level.name,
            "number": row.number,
            "kind": row.kind.name(),
            "access": row.access.name(),
            "phase": row.phase.name(),
            "inherited": row.inherited.name(),
            "available": row.available(),
            "default": entry.default,
            "settable": entry.settable,
            "why": entry.why,
            "privilege": row.privilege,
            "doc": row.doc,
            "man": row.man,
        })
    };
    envelope(
        "options",
        json!({ "options": entries.iter().map(one).collect::<Vec<_>>() }),
    )
}
