//! A process of ours: its output is captured as it comes, it can be asked to stop, and it never outlives its test.
//!
//! The one place with a clock: every wait ends after [`PATIENCE`], with a panic that shows all that was captured.

use std::io::{Read, Write as _};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{Id, WaitPidFlag, waitid};
use nix::unistd::Pid;

/// No wait is longer. Nothing that passes comes near it.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// What one of the two output streams said so far.
#[derive(Clone, Debug, Default)]
struct Capture(Arc<(Mutex<Said>, Condvar)>);

#[derive(Debug, Default)]
struct Said {
    bytes: Vec<u8>,
    ended: bool,
}

impl Capture {
    fn of(mut stream: impl Read + Send + 'static) -> Capture {
        let capture = Capture::default();
        let writer = capture.clone();
        thread::spawn(move || {
            let mut buffer = [0; 8192];
            loop {
                let n = stream.read(&mut buffer).unwrap_or(0);
                let (said, more) = &*writer.0;
                let mut said = said.lock().unwrap();
                said.bytes.extend_from_slice(&buffer[..n]);
                said.ended = n == 0;
                more.notify_all();
                if n == 0 {
                    return;
                }
            }
        });
        capture
    }

    fn now(&self) -> Vec<u8> {
        self.0.0.lock().unwrap().bytes.clone()
    }

    /// Waits until `found` finds something. `None`: the stream ended, or patience did, without it.
    fn wait<T>(&self, mut found: impl FnMut(&[u8]) -> Option<T>) -> Option<T> {
        let until = Instant::now() + PATIENCE;
        let (said, more) = &*self.0;
        let mut said = said.lock().unwrap();
        loop {
            if let Some(found) = found(&said.bytes) {
                return Some(found);
            }
            let left = until.saturating_duration_since(Instant::now());
            if said.ended || left.is_zero() {
                return None;
            }
            said = more.wait_timeout(said, left).unwrap().0;
        }
    }

    fn wait_for_the_end(&self) -> Vec<u8> {
        let until = Instant::now() + PATIENCE;
        let (said, more) = &*self.0;
        let mut said = said.lock().unwrap();
        while !said.ended && Instant::now() < until {
            said = more.wait_timeout(said, PATIENCE).unwrap().0;
        }
        said.bytes.clone()
    }
}

/// A running process. Dropping it kills it.
#[derive(Debug)]
pub struct Process {
    child: Child,
    input: Option<ChildStdin>,
    out: Capture,
    err: Capture,
    name: String,
}

/// A process that has ended.
#[derive(Debug)]
pub struct Finished {
    /// The exit code; 128 + N for signal N, as a shell says it.
    pub code: i32,
    /// Standard output.
    pub out: Vec<u8>,
    /// Standard error.
    pub err: String,
}

impl Process {
    /// Starts `command` with all three standard streams as pipes.
    pub fn spawn(command: &mut Command) -> Process {
        let name = command.get_program().to_string_lossy().into_owned();
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|e| panic!("start {name}: {e}"));
        Process {
            input: child.stdin.take(),
            out: Capture::of(child.stdout.take().expect("it is piped")),
            err: Capture::of(child.stderr.take().expect("it is piped")),
            child,
            name,
        }
    }

    /// Starts a program that is found in PATH.
    pub fn program(program: &str, args: &[&str]) -> Process {
        Process::spawn(Command::new(program).args(args))
    }

    pub fn pid(&self) -> i32 {
        self.child.id() as i32
    }

    /// Writes to its standard input, which stays open.
    pub fn types(&mut self, bytes: &[u8]) -> &mut Process {
        let input = self.input.as_mut().expect("standard input is still open");
        let written = input.write_all(bytes).and_then(|()| input.flush());
        written.unwrap_or_else(|e| self.blame(&format!("does not read its input: {e}")));
        self
    }

    /// Ends its standard input.
    pub fn ends_input(&mut self) -> &mut Process {
        self.input = None;
        self
    }

    /// Writes all of `bytes` to its standard input while its output is being read, and ends the input.
    pub fn pours(&mut self, bytes: Vec<u8>) -> &mut Process {
        let mut input = self.input.take().expect("standard input is still open");
        thread::spawn(move || {
            let _ = input.write_all(&bytes);
        });
        self
    }

    /// Waits until `found` finds something in its standard output.
    pub fn waits_out<T>(&self, what: &str, found: impl FnMut(&[u8]) -> Option<T>) -> T {
        let found = self.out.wait(found);
        found.unwrap_or_else(|| self.blame(&format!("did not say {what} on standard output")))
    }

    /// Waits until it says this on standard output, or can no longer: whether it did.
    pub fn waits_out_or_ends(&self, text: &str) -> bool {
        let found = self.out.wait(|said| contains(said, text.as_bytes()));
        found.is_some()
    }

    /// Waits until `found` finds something in its standard error.
    pub fn waits_err<T>(&self, what: &str, found: impl FnMut(&[u8]) -> Option<T>) -> T {
        let found = self.err.wait(found);
        found.unwrap_or_else(|| self.blame(&format!("did not say {what} on standard error")))
    }

    /// Waits for a text on either stream: programs differ in where they say what.
    pub fn says(&self, text: &str) -> &Process {
        self.waits_out(text, |said| contains(said, text.as_bytes()));
        self
    }

    /// The first line of standard output.
    pub fn first_line(&self) -> String {
        self.waits_out("a line", |said| {
            let end = said.iter().position(|b| *b == b'\n')?;
            Some(String::from_utf8_lossy(&said[..end]).into_owned())
        })
    }

    pub fn out_now(&self) -> Vec<u8> {
        self.out.now()
    }

    pub fn err_now(&self) -> String {
        String::from_utf8_lossy(&self.err.now()).into_owned()
    }

    /// Sends a signal to this process and no other.
    pub fn signal(&self, signal: Signal) {
        // Nobody has reaped it, so the number is still its own, be it alive or dead.
        kill(Pid::from_raw(self.pid()), signal).expect("our own child can be signalled");
    }

    /// Waits for its end.
    pub fn finishes(self) -> Finished {
        self.finishes_within(PATIENCE)
    }

    /// Waits for its end, for a program that has more to do than others.
    pub fn finishes_within(mut self, patience: Duration) -> Finished {
        let (ended, end) = mpsc::channel();
        let pid = Pid::from_raw(self.pid());
        thread::spawn(move || {
            // WNOWAIT leaves it a zombie, so that the number cannot become another's before wait() below.
            let _ = waitid(Id::Pid(pid), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT);
            let _ = ended.send(());
        });
        if end.recv_timeout(patience).is_err() {
            self.blame("does not end");
        }
        let status = self.child.wait().expect("it has ended");
        Finished {
            code: code(status),
            out: self.out.wait_for_the_end(),
            err: String::from_utf8_lossy(&self.err.wait_for_the_end()).into_owned(),
        }
    }

    /// Panics with all that is known.
    pub fn blame(&self, what: &str) -> ! {
        panic!(
            "{} {what}\n--- standard output\n{}\n--- standard error\n{}\n---",
            self.name,
            String::from_utf8_lossy(&self.out.now()),
            self.err_now()
        )
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both do nothing to a child that was waited for.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Finished {
    /// Standard output as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.out).into_owned()
    }
}

/// Whether `bytes` contain `text`.
pub fn contains(bytes: &[u8], text: &[u8]) -> Option<()> {
    bytes.windows(text.len()).any(|w| w == text).then_some(())
}

fn code(status: ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt as _;
    status
        .code()
        .unwrap_or_else(|| 128 + status.signal().unwrap_or(0))
}
