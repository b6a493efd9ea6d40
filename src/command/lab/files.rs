//! The files of experiments: listed, shown, copied.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::{read, shown, wrong};
use crate::command::output;
use crate::error::Error;
use crate::escape;
use crate::lab::file::{NAME_RULE, is_name};
use crate::lab::report::Listed;
use crate::lab::shipped::{self, shipped};
use crate::render::lab as render;
use crate::render::probe::Bars;
use crate::sys::errno;

pub(super) fn list(json: bool) -> Result<(), Error> {
    let read = |s| read(shipped::Found::from(s)).map(|ready| Listed::from(&ready.experiment));
    let all: Vec<Listed> = shipped().iter().map(read).collect::<Result<_, Error>>()?;
    match json {
        true => output::json(&render::list_json(&all)),
        false => output::text(&render::list(&all, output::screen(Bars::Hidden))),
    }
}

pub(super) fn show(name: &str) -> Result<(), Error> {
    let found = shipped::find(name).map_err(|e| wrong(&e))?;
    output::text(&escape::lines(&found.text))
}

pub(super) fn new(name: &str, from: &str) -> Result<(), Error> {
    let found = shipped::find(from).map_err(|e| wrong(&e))?;
    let path = target(name)?;
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&path)
        .map_err(|e| {
            let error = Error::from(errno::failure("open", shown(&path), &e));
            match e.kind() {
                std::io::ErrorKind::AlreadyExists => {
                    error.with_help("choose another name, or remove that file first")
                }
                _ => error,
            }
        })?;
    file.write_all(found.text.as_bytes())
        .map_err(|e| Error::from(errno::failure("write", shown(&path), &e)))?;
    let path = shown(&path);
    output::text(&format!(
        "{path} is a copy of {}. Edit it, then: sockplay lab {path}\n",
        found.source
    ))
}

fn target(name: &str) -> Result<PathBuf, Error> {
    let path = Path::new(name);
    if path.extension().is_some_and(|e| e == "toml") {
        return Ok(path.to_owned());
    }
    if is_name(name) {
        return Ok(PathBuf::from(format!("./{name}.toml")));
    }
    Err(Error::Usage(format!(
        "`{}` is no name for an experiment: {NAME_RULE}, or a path that ends in .toml",
        escape::text(name)
    )))
}
