//! The profile: TOML as written, read into plain data in which every value remembers where it came from.
//!
//! `settings` is the result, `choices` its enums. `keys` is one row per key, and everything else follows from the
//! rows: reading (`walk`, `options`, `raw`), suggestions, [`show`](fn@show). `overrides` lays the `--set` texts over
//! the file before anything is read; `problem` and `report` tell all that is wrong at once. What needs knowledge of
//! sockets (a backlog on a datagram socket) is not decided here but in the plan.

mod builtin;
mod choices;
mod codec;
mod defaults;
mod differ;
mod draft;
mod expect;
mod find;
mod keys;
mod kind;
mod names;
mod options;
mod overrides;
mod problem;
mod raw;
mod report;
mod rules;
mod schema;
mod settings;
mod show;
mod suggest;
mod tree;
mod walk;
mod words;

pub use builtin::{Builtin, builtins};
pub use choices::*;
pub use differ::differing;
pub use expect::{Bound, Expectation, Relation, Unit};
pub use keys::{Key, keys};
pub use kind::Kind;
pub use overrides::{Overlay, allowed};
pub use problem::{Invalid, Problem, Severity};
pub use schema::schema;
pub use settings::*;
pub use show::show;
pub use words::Word;

use problem::Problems;

/// What reads a profile and can read other TOML files with the same carets and suggestions: [`crate::lab`]'s experiments.
pub(crate) mod document {
    pub(crate) use super::find::{Sort, file, input};
    pub(crate) use super::options::value;
    pub(crate) use super::problem::Problems;
    pub(crate) use super::suggest::{near, options};
    pub(crate) use super::tree::{Data, Entry, Node, Table, parse, quoted};
    pub(crate) use super::walk::refused;
}

/// Reads a profile: `None` is the built-in `tcp4`, a bare name the user's own or a built-in one, anything with `/` or
/// ending in `.toml` a path, `-` standard input. The overlays are laid over it, the last wins.
///
/// # Errors
/// Everything that is wrong with the file and with every overlay, at once.
pub fn load(name: Option<&str>, overlays: &[Overlay]) -> Result<Profile, Invalid> {
    let found = find::find(name.unwrap_or(builtin::DEFAULT))?;
    parse(&found.name, &found.text, overlays)
}

/// Reads a profile from its text; `name` is what messages call it. No file is touched.
///
/// # Errors
/// As [`load`].
pub fn parse(name: &str, text: &str, overlays: &[Overlay]) -> Result<Profile, Invalid> {
    let file = Source {
        name: name.to_owned(),
        text: text.to_owned(),
    };
    read(name, vec![file], overlays)
}

/// The defaults without any option, with the overlays laid over them: what `connect ADDRESS` starts from.
///
/// # Errors
/// Everything that is wrong with an overlay.
pub fn without_file(overlays: &[Overlay]) -> Result<Profile, Invalid> {
    read("defaults", Vec::new(), overlays)
}

fn read(name: &str, mut sources: Vec<Source>, overlays: &[Overlay]) -> Result<Profile, Invalid> {
    let mut problems = Problems::default();
    let mut tree = match sources.first() {
        Some(file) => tree::parse(&file.text, 0, &mut problems),
        None => tree::Table::default(),
    };
    for overlay in overlays {
        overrides::lay(&mut tree, &overlay.text, sources.len(), &mut problems);
        sources.push(Source {
            name: overlay.flag.into(),
            text: overlay.text.clone(),
        });
    }
    let draft = walk::read(&tree, &mut problems);
    let profile = rules::settle(draft, name, sources, &mut problems);
    problems.verdict(profile)
}
