//! The shipped set: `configs/lab/*.toml`, embedded, and how an experiment is found by name or path.

use std::path::Path;

use super::file::{self, step::Experiment};
use crate::profile::document::{Sort, near, quoted};
use crate::profile::{Invalid, Origin, Problem, document};

/// An experiment in the binary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shipped {
    /// What `sockplay lab` takes.
    pub name: &'static str,
    /// The file as it stands in `configs/lab/`.
    pub text: &'static str,
}

macro_rules! shipped {
    ($($name:literal),* $(,)?) => {
        &[$(Shipped {
            name: $name,
            text: include_str!(concat!("../../configs/lab/", $name, ".toml")),
        }),*]
    };
}

/// Every experiment, in the order of the lists.
pub fn shipped() -> &'static [Shipped] {
    SHIPPED
}

static SHIPPED: &[Shipped] = shipped![
    "defaults",
    "families",
    "stream-no-boundaries",
    "datagram-truncation",
    "datagrams-dropped",
    "unix-datagrams-wait",
    "raw-needs-privilege",
    "raw-headers",
    "raw-header-included",
    "protocol-zero",
    "fileno",
    "option-accepted-anyway",
    "time-wait",
    "reuseaddr",
    "reuseaddr-too-late",
    "reuseaddr-udp",
    "sol-socket",
    "ttl",
    "ttl-on-tcp",
    "bind-any",
    "loopback-only",
    "privileged-ports",
    "port-in-use",
    "port-35555",
    "autobind",
    "backlog",
    "backlog-plus-one",
    "backlog-default",
    "backlog-timeout",
    "backlog-unix",
    "accepted-socket",
    "inherited-options",
    "ephemeral-ports",
    "accept-later",
    "accept-after-reset",
    "first-server",
    "bufsize",
    "zero-bytes",
    "pieces",
    "recv-blocks",
    "recv-first-bytes",
    "send-takes-part",
    "sendall-blocks",
    "close-unread",
    "empty-client",
    "reset-client",
    "bad-utf8",
    "forged-log-line",
    "peer-in-log",
    "framing",
    "framing-kinds",
    "concurrency",
    "ipc",
    "peercred",
    "nagle",
    "nagle-wrong-side",
    "quickack-once",
    "cork-ceiling",
    "window-scale",
    "buffer-doubled",
    "linger-zero-loses-data",
    "broken-pipe",
    "sigpipe",
    "connect-timeout",
    "defer-accept-silent",
    "self-connect",
    "fastopen-fallback",
    "mptcp-fallback",
    "reuseport-close",
    "peek-offset",
    "urgent-byte",
    "urgent-unix",
    "multicast-all",
    "multicast-loop",
    "echo-loop",
    "pass-too-many",
    "abstract-names",
    "quickack-each-recv",
    "nagle-cures",
    "cork",
    "half-close",
    "linger-zero",
    "accept-timeout",
    "defer-accept",
    "keepalive",
    "user-timeout",
    "dual-stack",
    "fastopen",
    "mptcp",
    "reuseport-listeners",
    "reuseport-udp",
    "peek",
    "urgent-poll",
    "broadcast",
    "multicast",
    "pass-listener",
];

const EXPERIMENT: Sort = Sort {
    noun: "experiment",
    list: "sockplay lab",
};

/// The text of an experiment and what messages call it.
#[derive(Clone, Debug)]
pub struct Found {
    /// What the report calls it.
    pub name: String,
    /// What messages call it.
    pub source: String,
    /// The file.
    pub text: String,
}

impl Found {
    /// Reads it.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn read(&self) -> Result<Experiment, Invalid> {
        file::parse(&self.name, &self.source, &self.text)
    }
}

impl From<&Shipped> for Found {
    fn from(shipped: &Shipped) -> Found {
        Found {
            name: shipped.name.to_owned(),
            source: format!("built-in {}", shipped.name),
            text: shipped.text.to_owned(),
        }
    }
}

/// Finds an experiment: a shipped name, `-` for standard input, or a path (anything with `/` or ending in `.toml`).
///
/// # Errors
/// That there is none, with the nearest names.
pub fn find(name: &str) -> Result<Found, Invalid> {
    if name == "-" {
        let read = document::input(EXPERIMENT)?;
        return Ok(Found {
            name: "own".to_owned(),
            source: read.name,
            text: read.text,
        });
    }
    let path = Path::new(name);
    if name.contains('/') || path.extension().is_some_and(|e| e == "toml") {
        let read = document::file(path, EXPERIMENT)?;
        let stem = path.file_stem().map(|s| s.to_string_lossy().into_owned());
        return Ok(Found {
            name: stem.unwrap_or_default(),
            source: read.name,
            text: read.text,
        });
    }
    match shipped().iter().find(|s| s.name == name) {
        Some(shipped) => Ok(shipped.into()),
        None => Err(unknown(name)),
    }
}

fn unknown(name: &str) -> Invalid {
    let near = near(name, shipped().iter().map(|s| s.name));
    let message = format!("no experiment is called `{}`", quoted(name));
    let problem = Problem::error(Origin::Default, message);
    Invalid::without_text(match near.as_slice() {
        [] => problem.help("`sockplay lab` lists them all"),
        near => problem.helps(near.iter().map(|n| format!("did you mean `{n}`?"))),
    })
}
