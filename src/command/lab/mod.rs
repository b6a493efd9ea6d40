//! `sockplay lab`: list the experiments, run some or all, show or copy their files.
//!
//! [`crew`] runs many at a time, each in a process of its own that [`worker`] is; what came of them is drawn by
//! [`crate::render::lab`].

mod crew;
mod files;
mod worker;

use std::fs::File;
use std::io::{IsTerminal as _, Write as _};
use std::path::Path;
use std::time::Instant;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::environment::environment;
use super::{interrupt, output};
use crate::cli::{Lab, LabAction};
use crate::error::Error;
use crate::escape;
use crate::lab::report::Report;
use crate::lab::shipped::{self, Found};
use crate::render::lab as render;
use crate::render::probe::Bars;
use crate::sys::errno;

use crew::Ready;

pub(super) fn run(args: &Lab) -> Result<(), Error> {
    match &args.action {
        Some(LabAction::Show { name }) => files::show(name),
        Some(LabAction::New { name, from }) => files::new(name, from),
        Some(LabAction::Verbs) => files::verbs(),
        Some(LabAction::Worker) => worker::run(),
        None if args.names.is_empty() && !args.all => match args.export_html {
            None => files::list(args.json),
            Some(_) => Err(Error::Usage(
                "--export-html: of which experiments?\nhelp: name them, or all of them with --all"
                    .into(),
            )),
        },
        None => experiments(args),
    }
}

/// Waiting is most of what experiments do, so there may be more of them than cores.
fn jobs(args: &Lab) -> usize {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    args.jobs.map_or(2 * cores + 2, usize::from)
}

fn experiments(args: &Lab) -> Result<(), Error> {
    let ready = if args.all {
        shipped::shipped().iter().map(|s| read(s.into())).collect()
    } else {
        let named = args.names.iter().map(|name| {
            let found = shipped::find(name).map_err(|e| wrong(&e))?;
            read(found)
        });
        named.collect::<Result<Vec<Ready>, Error>>()
    }?;
    // A path that cannot be written costs nothing but the message.
    let html = args.export_html.as_deref().map(create).transpose()?;
    interrupt::watch()?;
    let begun = Instant::now();
    let bar = bar(&ready);
    let reports = crew::run(&ready, jobs(args), &|report| {
        bar.set_message(report.name.clone());
        bar.inc(1);
    });
    bar.finish_and_clear();
    let reports = reports?;
    let took = begun.elapsed();
    if args.json {
        output::json(&render::json(&reports))?;
    } else {
        let screen = output::screen(Bars::Hidden);
        let text = if args.all {
            render::summary(&reports, screen)
        } else {
            render::pages(&reports, screen)
        };
        output::text(&text)?;
    }
    if let Some((mut file, path)) = html {
        let page = render::html(&reports, took, &environment());
        file.write_all(page.as_bytes())
            .map_err(|e| Error::from(errno::failure("write", shown(path), &e)))?;
    }
    verdict(&reports)
}

/// How far they are, on a terminal, where there are several.
fn bar(ready: &[Ready]) -> ProgressBar {
    if ready.len() < 2 || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("  {pos} of {len} experiments  {wide_bar}  {msg}")
        .expect("the template has only known keys");
    let target = ProgressDrawTarget::stderr();
    ProgressBar::with_draw_target(Some(ready.len() as u64), target).with_style(style)
}

fn read(found: Found) -> Result<Ready, Error> {
    let experiment = found.read().map_err(|e| wrong(&e))?;
    Ok(Ready { found, experiment })
}

/// A mistake in a file, with carets, in colour where that is seen.
fn wrong(invalid: &crate::profile::Invalid) -> Error {
    Error::Profile(invalid.render(true))
}

fn shown(path: &Path) -> String {
    escape::text(&path.to_string_lossy())
}

fn create(path: &Path) -> Result<(File, &Path), Error> {
    let file = File::create(path).map_err(|e| {
        Error::from(errno::failure("open", shown(path), &e))
            .with_help("--export-html names a file that can be written")
    })?;
    Ok((file, path))
}

/// Exit 5 with one line for each that did not do what is expected.
fn verdict(reports: &[Report]) -> Result<(), Error> {
    let failed: Vec<String> = reports
        .iter()
        .filter(|r| r.passed() == Some(false))
        .map(render::failure)
        .collect();
    if failed.is_empty() {
        return Ok(());
    }
    Err(Error::Unmet(failed.join("\n")))
}
