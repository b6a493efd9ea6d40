//! `sockplay profile`: what there is, what it says, and whether it is right.

use std::fmt::Write as _;

use crate::cli::ProfileAction;
use crate::error::Error;
use crate::escape;
use crate::profile::{self, Overlay, Profile};
use crate::socket::Role;

use super::{output, setup};

pub(super) fn run(action: &ProfileAction) -> Result<(), Error> {
    match action {
        ProfileAction::List => list(),
        ProfileAction::Show { name, set, origin } => {
            let overlays: Vec<_> = set.iter().map(Overlay::set).collect();
            let profile = profile::load(name.as_deref(), &overlays)
                .map_err(|invalid| setup::rejected(&invalid))?;
            output::text(&profile::show(&profile, *origin))
        }
        ProfileAction::Check { files } => check(files),
    }
}

fn list() -> Result<(), Error> {
    let width = profile::builtins()
        .iter()
        .map(|b| b.name.len())
        .max()
        .unwrap_or(0);
    let mut out = String::new();
    for builtin in profile::builtins() {
        let read = profile::parse(builtin.name, builtin.text, &[]);
        let title = read
            .ok()
            .and_then(|p| p.title)
            .map_or_else(String::new, |t| t.value);
        let _ = writeln!(out, "  {:<width$}  {title}", builtin.name);
    }
    out += "\nsockplay serve -c NAME uses one; sockplay profile show NAME prints it.\n";
    output::text(&out)
}

/// A profile is right if it can be planned for at least one end.
fn check(files: &[String]) -> Result<(), Error> {
    let mut wrong = 0;
    for file in files {
        let outcome = profile::load(Some(file), &[])
            .map_err(|invalid| setup::rejected(&invalid))
            .and_then(|profile| plans(&profile));
        match outcome {
            Ok(warnings) => {
                output::text(&format!("{}: ok\n", escape::text(file)))?;
                for warning in warnings {
                    output::problem(&format!("warning: {warning}"));
                }
            }
            Err(error) => {
                wrong += 1;
                super::report(&error);
            }
        }
    }
    if wrong == 0 {
        Ok(())
    } else {
        Err(Error::Profile(format!(
            "{wrong} of {} profiles cannot be used",
            files.len()
        )))
    }
}

fn plans(profile: &Profile) -> Result<Vec<String>, Error> {
    let serve = setup::plan(profile, Role::Serve, None);
    let connect = setup::plan(profile, Role::Connect, None);
    match (serve, connect) {
        (Ok(plan), _) | (Err(_), Ok(plan)) => Ok(plan.warnings),
        (Err(error), Err(_)) => Err(error),
    }
}
