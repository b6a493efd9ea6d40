//! Where the report goes: standard output, and the files that were asked for.
//!
//! Files are opened before anything is measured, so that a wrong path costs nothing, and written whenever there is more
//! to tell, so that a later failure loses nothing.

use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::{Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::cli::Probe;
use crate::error::Error;
use crate::escape;
use crate::measure::Report;
use crate::measure::report::DifferingKey;
use crate::profile::{self, Profile};
use crate::render::probe::{self as render, Bars, Environment};
use crate::sys::errno;

use super::super::interrupt;
use super::super::{output, setup};
use super::candidates::Candidate;
use super::findings::Expected;
use super::progress::Shown;

/// Written no more often while it is measured.
const NOW_AND_THEN: Duration = Duration::from_secs(1);

/// The report as far as it is known, and where it goes.
pub(super) struct Exports {
    pub(super) report: Report,
    expected: Expected,
    profiles: Vec<Profile>,
    files: Vec<Export>,
    samples: Option<(PathBuf, File)>,
    form: Form,
    bars: Bars,
    shown: Shown,
    written: Instant,
}

/// What standard output gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Text,
    Json,
}

/// One file.
struct Export {
    path: PathBuf,
    file: File,
    what: What,
    /// A pipe or a device cannot be written twice.
    again: bool,
}

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Json,
    Markdown,
    Html,
}

impl Exports {
    /// Opens the files.
    pub(super) fn open(
        args: &Probe,
        expected: Expected,
        candidates: &[Candidate],
    ) -> Result<Exports, Error> {
        let asked = [
            (&args.export_json, What::Json, "--export-json"),
            (&args.export_markdown, What::Markdown, "--export-markdown"),
            (&args.export_html, What::Html, "--export-html"),
        ];
        let mut files = Vec::new();
        for (path, what, flag) in asked {
            if let Some(path) = path {
                let file = create(path, flag)?;
                let again = file.metadata().is_ok_and(|m| m.is_file());
                files.push(Export {
                    path: path.clone(),
                    file,
                    what,
                    again,
                });
            }
        }
        let samples = match &args.samples {
            Some(path) => Some((path.clone(), create(path, "--samples")?)),
            None => None,
        };
        let common = &args.common;
        Ok(Exports {
            report: Report::default(),
            expected,
            profiles: candidates.iter().map(|c| c.profile.clone()).collect(),
            files,
            samples,
            form: if common.json { Form::Json } else { Form::Text },
            bars: if args.histogram {
                Bars::Shown
            } else {
                Bars::Hidden
            },
            shown: if common.quiet { Shown::No } else { Shown::Yes },
            written: Instant::now(),
        })
    }

    /// Whether a bar may be drawn.
    pub(super) fn shown(&self) -> Shown {
        self.shown
    }

    /// The keys in which the profiles differ, as they were before a probe moved them aside.
    pub(super) fn differing(&self) -> Vec<DifferingKey> {
        let profiles: Vec<&Profile> = self.profiles.iter().collect();
        let differing = profile::differing(&profiles).into_iter();
        differing
            .map(|(key, values)| DifferingKey { key, values })
            .collect()
    }

    /// Writes every file that can be written again later.
    pub(super) fn write(&mut self) -> Result<(), Error> {
        self.written = Instant::now();
        let report = &self.report;
        self.files
            .iter_mut()
            .filter(|export| export.again)
            .try_for_each(|export| export.write(report))
    }

    /// The same, if it is some time since.
    pub(super) fn write_now_and_then(&mut self) -> Result<(), Error> {
        if self.written.elapsed() < NOW_AND_THEN {
            return Ok(());
        }
        self.write()
    }

    /// Judges, writes and prints what there is; the result of the command.
    pub(super) fn finish(mut self, outcome: Result<(), Error>) -> Result<(), Error> {
        if self.report.runs.is_empty() {
            return outcome;
        }
        self.expected.judge(&mut self.report);
        // A file that cannot be written must not take the report with it.
        let mut written = self.write_samples();
        for export in &mut self.files {
            written = written.and(export.write(&self.report));
        }
        match self.form {
            Form::Json => output::json(&render::json(&self.report))?,
            Form::Text => output::text(&render::text(&self.report, output::screen(self.bars)))?,
        }
        if interrupt::came() {
            return Err(Error::Interrupted);
        }
        outcome?;
        written?;
        self.verdict()
    }

    fn verdict(&self) -> Result<(), Error> {
        let mut unmet = String::new();
        for judged in self.report.expectations.iter().filter(|judged| !judged.met) {
            let found = judged.found.as_deref().unwrap_or("nothing");
            let comma = if unmet.is_empty() { "" } else { "\n" };
            let _ = write!(
                unmet,
                "{comma}not met: {} (found {found}, {}, from {})",
                escape::text(&judged.expectation),
                judged.run,
                escape::text(&judged.origin),
            );
        }
        if !unmet.is_empty() {
            return Err(Error::Unmet(unmet));
        }
        let failed = |run: &crate::measure::Run| {
            let echo = run.echo.as_ref();
            echo.is_some_and(|echo| echo.received < echo.sent || echo.ended.is_some())
        };
        if self.report.runs.iter().any(failed) {
            return Err(Error::Said);
        }
        Ok(())
    }

    /// One line per round trip; of several runs, with its name behind a tab.
    fn write_samples(&mut self) -> Result<(), Error> {
        let Some((path, file)) = &mut self.samples else {
            return Ok(());
        };
        let several = self.report.runs.len() > 1;
        let mut out = std::io::BufWriter::new(file);
        let mut written = Ok(());
        for run in &self.report.runs {
            let samples = run.echo.iter().filter_map(|echo| echo.samples.as_ref());
            for sample in samples.flatten() {
                let label = if several { run.label.as_str() } else { "" };
                let tab = if several { "\t" } else { "" };
                written = written.and_then(|()| writeln!(out, "{sample}{tab}{label}"));
            }
        }
        written
            .and_then(|()| out.flush())
            .map_err(|e| refused(path, &e))
    }
}

impl Export {
    fn write(&mut self, report: &Report) -> Result<(), Error> {
        let text = match self.what {
            What::Json => escape::json(&render::json(report)) + "\n",
            What::Markdown => render::markdown(report, &environment()),
            What::Html => render::html(report, &environment()),
        };
        let mut write = || {
            if self.again {
                self.file.rewind()?;
                self.file.set_len(0)?;
            }
            self.file.write_all(text.as_bytes())?;
            self.file.flush()
        };
        write().map_err(|e| refused(&self.path, &e))
    }
}

fn create(path: &Path, flag: &'static str) -> Result<File, Error> {
    let mut how = OpenOptions::new();
    how.write(true).create(true).truncate(true);
    setup::opened(
        path,
        &how,
        &format!("{flag} names a file that can be written"),
    )
}

fn refused(path: &Path, error: &std::io::Error) -> Error {
    use std::os::unix::ffi::OsStrExt as _;
    let shown = escape::bytes(path.as_os_str().as_bytes());
    Error::from(errno::failure("write", shown, error))
        .with_help("the report was printed all the same; name a file with room for it")
}

fn environment() -> Environment {
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    Environment {
        kernel: escape::text(release.trim()),
        when: jiff::Zoned::now().strftime("%Y-%m-%d %H:%M %Z").to_string(),
        cores: std::thread::available_parallelism().map_or(1, usize::from),
    }
}
