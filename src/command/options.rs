//! `sockplay options`: the registry with this kernel's answers.

use crate::cli::Options;
use crate::error::Error;
use crate::escape;
use crate::event::Off;
use crate::option::{self, Row};
use crate::render::options::{Entry, json, page, table};
use crate::sys::Sys;
use crate::sys::examine::Settable;

use super::output;

pub(super) fn run(args: &Options) -> Result<(), Error> {
    let rows: Vec<&'static Row> = match &args.name {
        None => option::rows().collect(),
        Some(name) => named(name)?,
    };
    let sys = Sys::new(&Off, "options");
    let entries: Vec<Entry> = rows.into_iter().map(|row| entry(&sys, row)).collect();
    if args.json {
        return output::json(&json(&entries));
    }
    match entries.as_slice() {
        [one] => output::text(&page(one)),
        all => output::text(&table(all, terminal_width())),
    }
}

/// One option by its name, or all of a level.
fn named(name: &str) -> Result<Vec<&'static Row>, Error> {
    if let Some(row) = option::find(name) {
        return Ok(vec![row]);
    }
    let level: Vec<_> = option::rows()
        .filter(|row| row.level.name.eq_ignore_ascii_case(name))
        .collect();
    if !level.is_empty() {
        return Ok(level);
    }
    let near = option::suggest(name).join(", ");
    let hint = if near.is_empty() {
        "`sockplay options` lists them".to_owned()
    } else {
        format!("similar: {near}")
    };
    Err(Error::Usage(format!(
        "no option or level is called {}\nhelp: {hint}",
        escape::text(name)
    )))
}

fn entry(sys: &Sys<'_, Off>, row: &'static Row) -> Entry {
    let answer = sys.examine(row);
    let (settable, why) = match answer.settable {
        Settable::Yes => (Some(true), None),
        Settable::Untried(why) => (None, Some(why.to_owned())),
        Settable::No(why) => (Some(false), Some(why)),
    };
    Entry {
        row,
        default: answer.default,
        asked: answer.asked,
        settable,
        why,
    }
}

fn terminal_width() -> Option<u16> {
    output::is_terminal()
        .then(|| comfy_table::Table::new().width())
        .flatten()
}
