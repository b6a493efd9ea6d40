//! The reader's terminals: a shell that finds `sockplay`, and two of them in one network namespace.
//!
//! The namespace is for port 35555: the page says it, the machine that runs the tests may use it for something else.

use std::path::Path;
use std::process::Command;

use nix::sys::signal::Signal;

use crate::common::{Process, needs_program};

/// A shell that finds `sockplay` in PATH and knows nothing of whoever runs the tests, behind `before`.
pub(super) fn shell(before: &[&str], line: &str) -> Process {
    let built = Path::new(env!("CARGO_BIN_EXE_sockplay")).parent();
    let mut path = vec![built.expect("it is in a folder").to_owned()];
    let others = std::env::var_os("PATH").unwrap_or_default();
    path.extend(std::env::split_paths(&others));
    let words: Vec<&str> = before.iter().copied().chain(["sh", "-c", line]).collect();
    let mut command = Command::new(words[0]);
    command
        .args(&words[1..])
        .env("PATH", std::env::join_paths(path).expect("folders of PATH"))
        .env("XDG_CONFIG_HOME", "/nonexistent")
        .env_remove("LISTEN_FDS")
        .current_dir(env!("CARGO_MANIFEST_DIR"));
    Process::spawn(&mut command)
}

/// A server of the page in a network namespace of its own.
#[derive(Debug)]
pub(super) struct Session {
    server: Process,
    /// What brings a client there.
    inside: Vec<String>,
}

/// `unshare` and `nsenter` as this machine allows them: as root, or with a user namespace around.
fn namespaces() -> Option<(Vec<&'static str>, Vec<&'static str>)> {
    let ways = [
        (vec!["unshare", "-n"], vec!["nsenter", "-n"]),
        (
            vec!["unshare", "-rn"],
            vec!["nsenter", "-U", "--preserve-credentials", "-n"],
        ),
    ];
    let allowed = |way: &Vec<&str>| shell(way, "ip link set lo up").finishes().code == 0;
    let found = ways
        .into_iter()
        .find(|(unshare, _)| needs_program(unshare[0]) && allowed(unshare));
    if found.is_none() {
        let on_ci = std::env::var_os("CI").is_some_and(|v| v == "true");
        assert!(
            !on_ci,
            "needs a network namespace, and nothing may be missing on CI"
        );
        eprintln!("skipped: needs a network namespace");
    }
    found
}

impl Session {
    /// Starts a server and waits until it listens.
    pub(super) fn of(line: &str) -> Option<Session> {
        let (unshare, nsenter) = namespaces()?;
        // exec: the process that is signalled is the server, not the shell.
        let server = shell(&unshare, &format!("ip link set lo up && exec {line}"));
        assert_eq!(
            server.first_line(),
            "listening on 127.0.0.1:35555",
            "{line}"
        );
        let target = format!("--target={}", server.pid());
        let inside = nsenter
            .into_iter()
            .map(str::to_owned)
            .chain([target])
            .collect();
        Some(Session { server, inside })
    }

    /// A client of it.
    pub(super) fn client(&self, line: &str) -> Process {
        let before: Vec<&str> = self.inside.iter().map(String::as_str).collect();
        shell(&before, line)
    }

    /// Ctrl-C, and everything that was said on standard error.
    pub(super) fn stops(self) -> String {
        self.server.signal(Signal::SIGINT);
        let finished = self.server.finishes();
        assert_eq!(finished.code, 0, "{}", finished.err);
        finished.err
    }
}
