//! The real binary: a builder for its arguments, and a server that is ready when [`Sockplay::start`] returns.

use std::path::Path;
use std::process::Command;

use nix::sys::signal::Signal;
use serde_json::Value;

use super::client::{Client, Where};
use super::process::{Finished, Process};

/// Arguments for the binary.
#[derive(Clone, Debug)]
pub struct Sockplay {
    through: Vec<String>,
    verb: &'static str,
    args: Vec<String>,
    form: Form,
}

/// What a server prints on standard output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// Events; a test can wait for them.
    Json,
    /// The ready line.
    Plain,
}

/// `sockplay serve` with a built-in profile or a file.
///
/// SOCKPLAY_ENGINE=epoll cargo test … runs the same tests under another engine.
pub fn serve(profile: &str) -> Sockplay {
    let serve = Sockplay::new("serve").arg("-c").arg(profile);
    match std::env::var("SOCKPLAY_ENGINE") {
        Ok(engine) => serve.arg("--engine").arg(&engine),
        Err(_) => serve,
    }
}

/// A client of whatever has said this ready line.
pub fn client_at(ready_line: &str) -> Client {
    Client::to(&Where::from_ready_line(ready_line))
}

/// `sockplay connect`, arguments to come.
pub fn connect() -> Sockplay {
    Sockplay::new("connect")
}

/// `sockplay ARGS…` until its end, with nothing on standard input.
pub fn run(args: &[&str]) -> Finished {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sockplay"));
    let mut process = Process::spawn(clean(&mut command).args(args));
    process.ends_input();
    process.finishes()
}

/// Nothing from the environment of whoever runs the tests.
fn clean(command: &mut Command) -> &mut Command {
    for name in [
        "LISTEN_FDS",
        "LISTEN_PID",
        "LISTEN_FDNAMES",
        "NOTIFY_SOCKET",
    ] {
        command.env_remove(name);
    }
    command.env("XDG_CONFIG_HOME", "/nonexistent")
}

impl Sockplay {
    /// `sockplay VERB` without a profile.
    pub fn new(verb: &'static str) -> Sockplay {
        Sockplay {
            through: Vec::new(),
            verb,
            args: Vec::new(),
            form: Form::Json,
        }
    }

    /// One more argument.
    #[must_use]
    pub fn arg(mut self, arg: impl AsRef<Path>) -> Sockplay {
        let arg = arg.as_ref().to_str().expect("test arguments are UTF-8");
        self.args.push(arg.to_owned());
        self
    }

    /// `--set KEY=VALUE`
    #[must_use]
    pub fn set(self, assignment: impl AsRef<str>) -> Sockplay {
        self.arg("--set").arg(assignment.as_ref())
    }

    /// On 127.0.0.1 or ::1 as the profile says, at a port that the kernel picks.
    #[must_use]
    pub fn any_port(self) -> Sockplay {
        self.set("address.port=0")
    }

    /// At a unix path.
    #[must_use]
    pub fn at(self, path: impl AsRef<Path>) -> Sockplay {
        let path = path.as_ref().to_str().expect("test paths are UTF-8");
        self.set(format!("address.path=\"{path}\""))
    }

    /// The ready line instead of events.
    #[must_use]
    pub fn plain(mut self) -> Sockplay {
        self.form = Form::Plain;
        self
    }

    /// `PROGRAM ARGS… sockplay …`: whatever prepares the process and then executes the rest of its arguments.
    #[must_use]
    pub fn through(mut self, program: &[&str]) -> Sockplay {
        self.through = program.iter().map(|s| (*s).to_owned()).collect();
        self
    }

    /// The command line, the binary first.
    pub fn line(&self) -> Vec<String> {
        let mut line = self.through.clone();
        line.push(env!("CARGO_BIN_EXE_sockplay").to_owned());
        line.push(self.verb.to_owned());
        line.extend(self.args.iter().cloned());
        if self.verb == "serve" && self.form == Form::Json {
            line.push("--json".to_owned());
        }
        line
    }

    /// Starts it, whatever comes of it.
    pub fn spawn(&self) -> Process {
        let line = self.line();
        let mut command = Command::new(&line[0]);
        Process::spawn(clean(&mut command).args(&line[1..]))
    }

    /// Starts it and waits until it is ready.
    pub fn start(&self) -> Running {
        let process = self.spawn();
        let place = match self.form {
            Form::Json => Where::from_events(&process),
            Form::Plain => Where::from_ready_line(&process.first_line()),
        };
        Running { process, place }
    }

    /// Starts it without input and waits for its end.
    pub fn finishes(&self) -> Finished {
        let mut process = self.spawn();
        process.ends_input();
        process.finishes()
    }

    /// Lets `input` flow through it and waits for its end.
    pub fn pipes(&self, input: impl Into<Vec<u8>>) -> Finished {
        let mut process = self.spawn();
        process.pours(input.into());
        process.finishes()
    }
}

/// A server that clients can connect to.
#[derive(Debug)]
pub struct Running {
    /// Its process.
    pub process: Process,
    place: Where,
}

impl Running {
    /// As the ready line has it: `127.0.0.1:35555`, `[::1]:35555`, `/path`, `@name`.
    pub fn address(&self) -> &str {
        &self.place.address
    }

    /// The port of an internet address.
    pub fn port(&self) -> u16 {
        let (_, port) = self.address().rsplit_once(':').expect("it has a port");
        port.parse().expect("a port is a number")
    }

    /// A client that is connected; without connections, one whose messages go there.
    pub fn client(&self) -> Client {
        Client::to(&self.place)
    }

    /// A client that has said this.
    pub fn say(&self, bytes: &[u8]) -> Client {
        let client = self.client();
        client.say(bytes);
        client
    }

    /// Every event so far.
    pub fn events(&self) -> Vec<Value> {
        events_in(&self.process.out_now())
    }

    /// Waits for the `n`th event of a kind, 1 being the first.
    pub fn event(&self, kind: &str, n: usize) -> Value {
        self.process
            .waits_out(&format!("event {kind} number {n}"), |said| {
                let of_kind = |e: &Value| e["event"] == kind;
                events_in(said).into_iter().filter(of_kind).nth(n - 1)
            })
    }

    /// Waits for a text in the log.
    pub fn logs(&self, text: &str) -> &Running {
        self.process
            .waits_err(text, |said| super::process::contains(said, text.as_bytes()));
        self
    }

    pub fn pid(&self) -> i32 {
        self.process.pid()
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) -> &Running {
        self.process.signal(signal);
        self
    }

    /// Waits for its end.
    pub fn finishes(self) -> Stopped {
        let finished = self.process.finishes();
        assert_ne!(finished.code, 101, "it panicked:\n{}", finished.err);
        Stopped {
            events: events_in(&finished.out),
            code: finished.code,
            out: finished.text(),
            log: finished.err,
        }
    }

    /// Stops it as an operator would: TERM, once.
    pub fn stop(self) -> Stopped {
        self.signal(Signal::SIGTERM);
        self.finishes()
    }

    /// Stops it and holds it to its accounts (invariant I2): everything that came in is somewhere.
    pub fn stop_in_order(self) -> Stopped {
        let stopped = self.stop();
        assert_eq!(stopped.code, 0, "{}", stopped.log);
        stopped.adds_up();
        stopped
    }
}

/// A server that has ended.
#[derive(Debug)]
pub struct Stopped {
    /// The exit code.
    pub code: i32,
    /// Every event.
    pub events: Vec<Value>,
    /// Standard output as it was.
    pub out: String,
    /// Standard error.
    pub log: String,
}

impl Stopped {
    /// A number of the `stopped` event: `bytes_sent`, or `datagrams.echoed`.
    pub fn count(&self, key: &str) -> u64 {
        number(self.accounts(), key)
    }

    /// The `stopped` event.
    pub fn accounts(&self) -> &Value {
        let stopped = self.events.iter().find(|e| e["event"] == "stopped");
        stopped.unwrap_or_else(|| panic!("no event `stopped`\n{}", self.log))
    }

    /// How many events of a kind there were.
    pub fn how_many(&self, kind: &str) -> usize {
        self.events.iter().filter(|e| e["event"] == kind).count()
    }

    /// Why connections were closed or messages not answered, in order.
    pub fn reasons(&self, kind: &str) -> Vec<&str> {
        let of_kind = self.events.iter().filter(|e| e["event"] == kind);
        of_kind.filter_map(|e| e["why"].as_str()).collect()
    }

    /// Invariant I2.
    pub fn adds_up(&self) -> &Stopped {
        let n = |key| self.count(key);
        assert_eq!(
            n("accepted"),
            n("closed_by_peer") + n("closed_by_rule") + n("failed") + n("reset"),
            "connections: {}",
            self.accounts()
        );
        assert_eq!(
            n("bytes_received") + n("bytes_generated"),
            n("bytes_sent") + n("bytes_discarded"),
            "bytes: {}",
            self.accounts()
        );
        assert_eq!(
            n("datagrams.received"),
            n("datagrams.echoed")
                + n("datagrams.refused")
                + n("datagrams.dropped")
                + n("datagrams.truncated"),
            "datagrams: {}",
            self.accounts()
        );
        self
    }
}

/// A number somewhere in an event, the way there dotted.
pub fn number(event: &Value, key: &str) -> u64 {
    let found = key.split('.').fold(event, |value, part| &value[part]);
    found
        .as_u64()
        .unwrap_or_else(|| panic!("no number {key} in {event}"))
}

/// Every whole line of `said` as JSON.
pub fn events_in(said: &[u8]) -> Vec<Value> {
    let whole = said.iter().rposition(|b| *b == b'\n').map_or(0, |i| i + 1);
    said[..whole]
        .split(|b| *b == b'\n')
        .filter(|line| !line.is_empty())
        .filter_map(|line| serde_json::from_slice(line).ok())
        .collect()
}
