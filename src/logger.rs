//! The logger: the article's line, by fern.
//!
//! `17-09-2025 17:55:14 - INFO - server - Accepted connection from: ('127.0.0.1', 45534)`. Messages are escaped before
//! they get here; a log that cannot be written is dropped, because nothing may stop the sockets.

use std::fs::File;
use std::io::Write as _;
use std::sync::Mutex;

use jiff::Zoned;
use log::{LevelFilter, Record};

use crate::error::Error;

/// How a line looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `date - LEVEL - name - message`
    Article,
    /// One JSON object.
    Json,
}

/// What is logged, how, and where else than on stderr.
#[derive(Debug)]
pub struct Settings {
    /// The least level.
    pub level: LevelFilter,
    /// How a line looks.
    pub form: Form,
    /// A file that gets every line too.
    pub file: Option<File>,
}

/// Installs the logger, once per process.
pub fn start(settings: Settings) -> Result<(), Error> {
    let form = settings.form;
    let file = settings.file.map(Mutex::new);
    let output = fern::Output::call(move |record| {
        // One reading of the clock, so that both places say the same of one record.
        let now = Zoned::now();
        let _ = writeln!(
            anstream::stderr().lock(),
            "{}",
            line(record, &now, form, Look::Terminal)
        );
        if let Some(Ok(mut file)) = file.as_ref().map(Mutex::lock) {
            let _ = writeln!(file, "{}", line(record, &now, form, Look::Plain));
        }
    });
    fern::Dispatch::new()
        .level(settings.level)
        .chain(output)
        .apply()
        .map_err(|_| Error::failed("a logger is already running in this process"))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Look {
    Plain,
    Terminal,
}

fn line(record: &Record<'_>, now: &Zoned, form: Form, look: Look) -> String {
    match form {
        Form::Article => {
            let style = match (look, record.level()) {
                (Look::Terminal, log::Level::Error) => anstyle::AnsiColor::Red.on_default(),
                (Look::Terminal, log::Level::Warn) => anstyle::AnsiColor::Yellow.on_default(),
                _ => anstyle::Style::new(),
            };
            let time = now.strftime("%d-%m-%Y %H:%M:%S");
            let (level, name) = (record.level(), record.target());
            format!(
                "{time} - {style}{level}{style:#} - {name} - {}",
                record.args()
            )
        }
        Form::Json => crate::escape::json(&serde_json::json!({
            "time": now.timestamp().to_string(),
            "level": record.level().as_str(),
            "name": record.target(),
            "message": record.args().to_string(),
        })),
    }
}
