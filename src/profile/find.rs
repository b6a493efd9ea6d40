//! Look-up: from what `--config` names to a text, and what to say when there is none.
//!
//! A file is refused before it is read when it is no plain file or too long: `--config /dev/zero` must end.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use super::builtin::builtins;
use super::problem::{Invalid, Problem};
use super::settings::{Origin, Source};
use super::suggest;
use super::tree::quoted;

/// The longest profile: the shipped ones have about 4 KiB.
const LONGEST: u64 = 1 << 20;

/// A text and what messages call it.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) name: String,
    pub(crate) text: String,
}

/// What a file is read as, in messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sort {
    /// `profile`
    pub(crate) noun: &'static str,
    /// Where the ones that need no file are listed.
    pub(crate) list: &'static str,
}

const PROFILE: Sort = Sort {
    noun: "profile",
    list: "sockplay profile list",
};

/// Finds the profile of a name, a path, or `-`.
pub(super) fn find(name: &str) -> Result<Found, Invalid> {
    if name == "-" {
        return input(PROFILE);
    }
    if name.contains('/') || Path::new(name).extension().is_some_and(|e| e == "toml") {
        return file(Path::new(name), PROFILE);
    }
    if let Some(path) =
        own(name, |variable| std::env::var_os(variable)).filter(|path| path.exists())
    {
        return file(&path, PROFILE);
    }
    match builtins().iter().find(|b| b.name == name) {
        Some(builtin) => Ok(Found {
            name: format!("{}{}", Source::BUILTIN, builtin.name),
            text: builtin.text.to_owned(),
        }),
        None => Err(unknown(name)),
    }
}

/// The user's own profile of that name: `$XDG_CONFIG_HOME/sockplay/NAME.toml`, which must be absolute to count, or
/// `~/.config/sockplay/NAME.toml`.
fn own(name: &str, environment: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let absolute = |variable: &str| {
        let path = PathBuf::from(environment(variable)?);
        path.is_absolute().then_some(path)
    };
    let home = || Some(absolute("HOME")?.join(".config"));
    let directory = absolute("XDG_CONFIG_HOME").or_else(home)?;
    (!name.is_empty()).then(|| directory.join("sockplay").join(format!("{name}.toml")))
}

fn unknown(name: &str) -> Invalid {
    let near = suggest::near(name, builtins().iter().map(|b| b.name));
    let mut problem = match name {
        "" => trouble("the name of the profile is empty".into()),
        _ => trouble(format!("no profile is called `{}`", quoted(name))),
    };
    problem = match near.as_slice() {
        [] => problem.help("`sockplay profile list` shows them all"),
        near => problem.helps(near.iter().map(|n| format!("did you mean `{n}`?"))),
    };
    if Path::new(name).exists() {
        problem = problem.help(format!(
            "for the file of that name, write ./{}",
            quoted(name)
        ));
    }
    Invalid::without_text(problem)
}

/// Reads standard input, as much as a file may hold.
pub(crate) fn input(sort: Sort) -> Result<Found, Invalid> {
    Ok(Found {
        name: "standard input".to_owned(),
        text: text_of(io::stdin().lock(), "standard input", sort)?,
    })
}

/// Reads a plain file of at most a mebibyte of UTF-8.
pub(crate) fn file(path: &Path, sort: Sort) -> Result<Found, Invalid> {
    let name = path.display().to_string();
    let file = open(path, sort).map_err(|problem| Invalid::without_text(*problem))?;
    let text = text_of(file, &name, sort)?;
    Ok(Found { name, text })
}

/// open(2) with O_NONBLOCK returns at once for a fifo that nobody writes.
fn open(path: &Path, sort: Sort) -> Result<File, Box<Problem>> {
    let name = path.display();
    let noun = sort.noun;
    let cannot = |error: io::Error| {
        let problem = trouble(format!("cannot read the {noun} {name}: {}", plain(&error)));
        Box::new(match error.kind() {
            io::ErrorKind::NotFound => problem.help(format!(
                "`{}` shows the built-in ones, which need no file",
                sort.list
            )),
            io::ErrorKind::PermissionDenied => {
                problem.help(format!("make it readable: chmod +r {name}"))
            }
            _ => problem,
        })
    };
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NONBLOCK)
        .open(path)
        .map_err(cannot)?;
    let kind = file.metadata().map_err(cannot)?.file_type();
    let (what, help) = if kind.is_dir() {
        (
            "a directory",
            format!("name a file in it: {}", path.join("NAME.toml").display()),
        )
    } else if kind.is_fifo() {
        (
            "a pipe",
            "to read a pipe, use `-` and standard input".to_owned(),
        )
    } else if kind.is_char_device() || kind.is_block_device() {
        ("a device", "name a file".to_owned())
    } else {
        return Ok(file);
    };
    Err(Box::new(
        trouble(format!("the {noun} {name} is {what}, not a file")).help(help),
    ))
}

/// The operating system's sentence without its number in brackets.
fn plain(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file".into(),
        io::ErrorKind::PermissionDenied => "permission denied (EACCES)".into(),
        _ => error.to_string(),
    }
}

fn text_of(from: impl io::Read, name: &str, sort: Sort) -> Result<String, Invalid> {
    let noun = sort.noun;
    let mut bytes = Vec::new();
    let refuse = |problem| Err(Invalid::without_text(problem));
    if let Err(error) = from.take(LONGEST + 1).read_to_end(&mut bytes) {
        return refuse(trouble(format!(
            "cannot read the {noun} {name}: {}",
            plain(&error)
        )));
    }
    if bytes.len() as u64 > LONGEST {
        let problem = trouble(format!("the {noun} {name} is longer than 1 MiB"));
        return refuse(problem.help("such a file has a few KiB; is this the right one?"));
    }
    String::from_utf8(bytes).or_else(|error| {
        let at = error.utf8_error().valid_up_to();
        let before = &error.as_bytes()[..at];
        let line = before.split(|&b| b == b'\n').count();
        let problem = trouble(format!(
            "the {noun} {name} is not UTF-8: byte {at}, in line {line}"
        ));
        refuse(problem.help(format!("convert it: iconv -t UTF-8 {name}")))
    })
}

fn trouble(message: String) -> Problem {
    Problem::error(Origin::Default, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(name: &str) -> String {
        find(name).expect_err(name).to_string()
    }

    #[test]
    fn what_was_used_is_said() {
        assert_eq!(find("tcp4").unwrap().name, "built-in tcp4");
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/configs/tcp4.toml");
        assert_eq!(find(path).unwrap().name, path);
        assert_eq!(find(path).unwrap().text, find("tcp4").unwrap().text);
    }

    #[test]
    fn a_users_own_profile_lies_in_the_configuration_directory() {
        let own = |xdg: &str, home: &str| {
            let environment = |name: &str| Some(if name == "HOME" { home } else { xdg }.into());
            own("a", environment).map(|path| path.to_str().unwrap().to_owned())
        };
        assert_eq!(own("/x", "/h").unwrap(), "/x/sockplay/a.toml");
        assert_eq!(own("", "/h").unwrap(), "/h/.config/sockplay/a.toml");
        assert_eq!(own("relative", "/h").unwrap(), "/h/.config/sockplay/a.toml");
        assert_eq!(own("", ""), None);
    }

    #[test]
    fn what_is_no_profile_has_a_message_of_its_own() {
        for (name, word) in [
            ("tpc4", "did you mean `tcp4`?"),
            ("", "empty"),
            ("q\x1b[2J", "`q\\x1b[2J`"),
            ("/nonexistent.toml", "no such file"),
            ("/", "a directory"),
            ("/dev/zero", "a device"),
            ("a\0/b.toml", "NUL byte"),
        ] {
            let error = error(name);
            assert!(error.contains(word), "{name:?}: {error}");
            assert!(!error.contains('\x1b'));
        }
    }

    #[test]
    fn files_that_cannot_be_a_profile_are_refused_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        std::fs::write(at("long.toml"), vec![b'#'; (1 << 20) + 1]).unwrap();
        std::fs::write(at("latin.toml"), b"a = 1\n# caf\xe9\n").unwrap();
        nix::unistd::mkfifo(at("fifo.toml").as_str(), nix::sys::stat::Mode::S_IRWXU).unwrap();
        assert!(error(&at("long.toml")).contains("longer than 1 MiB"));
        assert!(error(&at("latin.toml")).contains("not UTF-8: byte 11, in line 2"));
        assert!(error(&at("fifo.toml")).contains("is a pipe"));
        std::fs::write(at("full.toml"), vec![b'\n'; 1 << 20]).unwrap();
        assert!(find(&at("full.toml")).is_ok());
    }
}
