//! Standard output and standard error. A reader that has gone away is a quiet success.

use std::io::{self, Write as _};

use anstyle::{AnsiColor, Style};

use crate::error::Error;
use crate::escape;
use crate::render::probe::{Bars, Colours, Glyphs, Screen};
use crate::sys::errno;

/// For the word "error".
pub(super) const RED: Style = AnsiColor::Red.on_default().bold();

/// Writes a result to standard output, colours stripped where nobody would see them.
pub(super) fn text(text: &str) -> Result<(), Error> {
    let mut out = anstream::stdout().lock();
    settled(out.write_all(text.as_bytes()).and_then(|()| out.flush()))
}

/// Writes bytes as they are.
pub(super) fn bytes(bytes: &[u8]) -> Result<(), Error> {
    let mut out = io::stdout().lock();
    settled(out.write_all(bytes).and_then(|()| out.flush()))
}

/// Writes one line and flushes it: a script is waiting for it.
pub(super) fn line(line: &str) -> Result<(), Error> {
    let mut out = io::stdout().lock();
    settled(writeln!(out, "{line}").and_then(|()| out.flush()))
}

/// Writes one JSON object on a line.
pub(super) fn json(value: &serde_json::Value) -> Result<(), Error> {
    line(&escape::json(value))
}

/// Writes a problem to standard error; if even that is closed there is nobody to tell.
pub(super) fn problem(text: &str) {
    let _ = writeln!(anstream::stderr().lock(), "{}", text.trim_end());
}

fn settled(outcome: io::Result<()>) -> Result<(), Error> {
    match outcome {
        Ok(()) => Ok(()),
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Err(e) => Err(errno::failure("write", "standard output", &e).into()),
    }
}

/// Whether standard output is a terminal.
pub(super) fn is_terminal() -> bool {
    use std::io::IsTerminal as _;
    io::stdout().is_terminal()
}

/// Where a picture is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    /// On standard error.
    StandardError,
    /// In a file: whatever reads it later.
    File,
}

/// How wide a ladder is, and of what characters: those of the terminal, or 100 columns.
pub(super) fn screen_of(shown: Shown) -> (usize, Glyphs) {
    let width = match shown {
        Shown::StandardError => comfy_table::Table::new().use_stderr().width(),
        Shown::File => None,
    };
    let screen = Screen::default();
    (width.map_or(screen.width, usize::from), glyphs())
}

/// What a report is drawn on: the terminal, or 100 columns of a pipe.
pub(super) fn screen(bars: Bars) -> Screen {
    let width = comfy_table::Table::new().width();
    Screen {
        width: width.map_or(Screen::default().width, usize::from),
        glyphs: glyphs(),
        bars,
        colours: Colours::Ansi,
    }
}

/// The characters that the locale promises.
pub(super) fn glyphs() -> Glyphs {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
        .iter()
        .filter_map(|name| std::env::var(name).ok())
        .find(|value| !value.is_empty());
    Glyphs::of_locale(locale.as_deref())
}
