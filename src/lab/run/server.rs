//! A `sockplay serve` in a process of its own: its ready line, its log, its end.

use std::ffi::OsString;
use std::io::{BufRead as _, BufReader, Read};
use std::path::Path;
use std::process::Stdio;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Instant;

use crate::escape;
use crate::profile::{self, Overlay};
use crate::socket::{Family, UnixName};
use crate::sys::process::{Ended, Spawned, spawn_self};

/// A server that runs. When it is dropped, it is killed.
#[derive(Debug)]
pub(super) struct Served {
    child: Spawned,
    address: String,
    log: Receiver<String>,
    /// Lines that were read already.
    heard: Vec<String>,
}

impl Served {
    /// Starts it and waits until clients can connect.
    pub(super) fn start(
        profile: &str,
        set: &[String],
        directory: &Path,
        deadline: Instant,
    ) -> Result<Served, String> {
        let mut args: Vec<OsString> = ["serve", "--config", profile].map(OsString::from).into();
        for setting in private(profile, set, directory)?.iter().chain(set) {
            args.extend(["--set".into(), OsString::from(setting)]);
        }
        let piped = |command: &mut std::process::Command| {
            command.stdin(Stdio::null());
            command.stdout(Stdio::piped()).stderr(Stdio::piped());
        };
        let mut child = spawn_self(&args, piped).map_err(|e| format!("sockplay serve: {e}"))?;
        let out = lines(child.child.stdout.take());
        let log = lines(child.child.stderr.take());
        let wait = deadline.saturating_duration_since(Instant::now());
        let Ok(ready) = out.recv_timeout(wait) else {
            let said: Vec<String> = log.try_iter().collect();
            return Err(format!(
                "sockplay serve -c {profile} was not ready: {}",
                said.join("; ").replace('\n', "; ")
            ));
        };
        let address = ready
            .strip_prefix("listening on ")
            .unwrap_or(&ready)
            .to_owned();
        Ok(Served {
            child,
            address,
            log,
            heard: Vec::new(),
        })
    }

    /// Where clients find it.
    pub(super) fn address(&self) -> &str {
        &self.address
    }

    /// Waits for a line of the log that contains the text; else gives the last line there was.
    pub(super) fn said(&mut self, text: &str, deadline: Instant) -> Result<String, String> {
        loop {
            if let Some(line) = self.heard.iter().find(|line| line.contains(text)) {
                return Ok(line.clone());
            }
            let wait = deadline.saturating_duration_since(Instant::now());
            match self.log.recv_timeout(wait) {
                Ok(line) => self.heard.push(line),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    return Err(self.heard.last().cloned().unwrap_or_default());
                }
            }
        }
    }

    /// SIGTERM, and how it ended.
    pub(super) fn stop(mut self, deadline: Instant) -> Result<i32, String> {
        let wait = deadline.saturating_duration_since(Instant::now());
        let ended = self
            .child
            .terminate()
            .and_then(|()| self.child.wait_for(wait));
        match ended {
            Ok(Some(Ended::Code(code))) => Ok(code),
            Ok(Some(Ended::Signal(signal))) => Err(format!("the server died of {signal}")),
            Ok(None) => Err("the server does not stop".into()),
            Err(error) => Err(format!("the server could not be stopped: {error}")),
        }
    }
}

/// Where nobody else is: the kernel's port, a path below the directory of the run. What the step sets stays as it is.
fn private(profile: &str, set: &[String], directory: &Path) -> Result<Vec<String>, String> {
    let overlays: Vec<Overlay> = set.iter().map(Overlay::set).collect();
    let read =
        profile::load(Some(profile), &overlays).map_err(|e| e.to_string().replace('\n', "; "))?;
    let given = |key: &str| set.iter().any(|s| s.starts_with(key));
    let mut own = Vec::new();
    if !given("serve.drain_timeout") {
        // Who stops a server in a script does not want to wait for its clients.
        own.push("serve.drain_timeout=\"0s\"".to_owned());
    }
    let abstract_name = matches!(
        read.address.path.as_ref().map(|p| &p.value),
        Some(UnixName::Abstract(_))
    );
    own.extend(match read.socket.family.value {
        Family::Unix if given("address.path") || abstract_name => Vec::new(),
        Family::Unix => {
            let path = directory.join(format!("{profile}.sock"));
            vec![format!("address.path={}", path.display())]
        }
        _ if given("address.port") => Vec::new(),
        _ => vec!["address.port=0".into()],
    });
    Ok(own)
}

/// The lines of a pipe, escaped: a server logs what its peers sent.
fn lines(pipe: Option<impl Read + Send + 'static>) -> Receiver<String> {
    let (tell, heard) = mpsc::channel();
    if let Some(pipe) = pipe {
        let read = move || {
            for line in BufReader::new(pipe).split(b'\n').map_while(Result::ok) {
                // Nobody listens any more: the run is over.
                if tell.send(escape::stream(&line)).is_err() {
                    return;
                }
            }
        };
        // Without the thread nothing is heard, and the step says so.
        let _ = thread::Builder::new().name("lines".into()).spawn(read);
    }
    heard
}
