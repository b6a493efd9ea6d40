//! The byte pipe of `connect`: standard input to the socket, the socket to standard output, both at once.
//!
//! A connection ends when the peer ends it. Datagrams have no end: after the end of input the pipe waits until every
//! message was answered, or nothing came for a while, and then says how many were not.

use std::io::{self, PipeReader, Read, Write as _};
use std::os::fd::{AsFd as _, BorrowedFd};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::socket::MsgFlags;

use crate::error::Error;
use crate::escape;
use crate::event::{Event, Observer};
use crate::plan::Plan;
use crate::socket::SocketName;
use crate::sys::packet::Codec;
use crate::sys::{Client, Half, Readiness, Sys, Timeout, errno};

/// The longest datagram there can be, so that no reply is cut off.
const LONGEST_MESSAGE: usize = 1 << 16;
/// The most payload that one UDP datagram over IPv4 carries.
const LONGEST_DATAGRAM: usize = 65_507;
/// How long the last replies may take, unless `io.read_timeout` says otherwise.
const PATIENCE: Duration = Duration::from_secs(1);

/// At the end, how long a send that is under way may take until it has been told of.
const LAST_WORD: Duration = Duration::from_millis(100);

/// What standard output gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Output {
    /// What the peer sends, byte for byte.
    Payload,
    /// The same for a terminal: lines stay lines, what could move the cursor or change colours is escaped.
    Escaped,
    /// Events as JSON, which the observer writes.
    Events,
}

/// How a conversation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The peer ended its stream.
    ByPeer,
    /// So many messages were sent, so many answered.
    Messages { sent: u64, answered: u64 },
    /// Nobody reads standard output any more.
    NoReader,
}

impl End {
    pub(super) fn sentence(self) -> &'static str {
        match self {
            End::ByPeer => "Connection closed by the peer.",
            End::Messages { .. } => "No more replies are expected.",
            End::NoReader => "Nobody reads the output any more.",
        }
    }

    /// A missing reply is a failure that is said.
    pub(super) fn outcome(self) -> Result<(), Error> {
        match self {
            End::Messages { sent, answered } if answered < sent => Err(Error::failed(format!(
                "{} of {sent} messages were not answered",
                sent - answered
            ))),
            _ => Ok(()),
        }
    }
}

/// Runs the pipe until the conversation is over.
pub(super) fn run<O: Observer>(
    sys: Sys<'_, O>,
    client: &Client,
    plan: &Plan,
    output: Output,
) -> Result<End, Error> {
    let input: Box<dyn Read + Send> = match &plan.connect.message {
        Some(message) => Box::new(io::Cursor::new(message.clone().into_bytes())),
        None => Box::new(io::stdin()),
    };
    let (input_is_open, input_ends) =
        io::pipe().map_err(|e| errno::failure("pipe", "standard input", &e))?;
    let codec = Codec::new(plan.triple);
    let (sent, sending) = (AtomicU64::new(0), AtomicBool::new(false));
    let (fd, peer) = (client.fd.as_fd(), &client.peer);
    let pipe = Pipe {
        sys,
        fd,
        peer,
        plan,
        codec,
        sent: &sent,
        sending: &sending,
        output,
    };
    thread::scope(|scope| {
        let up = scope.spawn(move || {
            let outcome = pipe.upward(input);
            drop(input_ends);
            outcome
        });
        let end = if plan.triple.ty.has_connections() {
            pipe.stream()
        } else {
            pipe.messages(&input_is_open)
        };
        if let Ok(end) = &end {
            sys.observer().event(&Event::Note(end.sentence()));
        }
        // The other thread may wait for standard input for ever, and nothing it reads can be sent any more: the scope
        // must not wait for it.
        if end.is_err() || !up.is_finished() {
            pipe.last_word();
            leave(end.and_then(End::outcome));
        }
        let sent = up
            .join()
            .unwrap_or_else(|_| Err(Error::failed("the sending thread ended early")));
        sent.and(end)
    })
}

/// Ends the process with what the conversation came to.
fn leave(outcome: Result<(), Error>) -> ! {
    let code = outcome.map_or_else(
        |error| {
            super::report(&error);
            error.exit()
        },
        |()| 0,
    );
    std::process::exit(code.into())
}

/// Both directions of one conversation.
struct Pipe<'a, O: Observer> {
    sys: Sys<'a, O>,
    fd: BorrowedFd<'a>,
    peer: &'a SocketName,
    plan: &'a Plan,
    codec: Codec,
    /// Messages sent so far.
    sent: &'a AtomicU64,
    /// Whether a send is under way that nobody was told of yet.
    sending: &'a AtomicBool,
    output: Output,
}

impl<O: Observer> Clone for Pipe<'_, O> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<O: Observer> Copy for Pipe<'_, O> {}

impl<O: Observer> Pipe<'_, O> {
    /// Standard input to the socket; each read is one message where the socket keeps boundaries.
    fn upward(&self, mut input: Box<dyn Read + Send>) -> Result<(), Error> {
        let mut buffer = vec![0; self.plan.buffer_size.min(LONGEST_DATAGRAM)];
        loop {
            let n = match input.read(&mut buffer) {
                Ok(0) => break,
                Ok(n) => n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(e) => return Err(errno::failure("read", "standard input", &e).into()),
            };
            let count = self.sent.fetch_add(1, Ordering::SeqCst);
            let message = self.codec.wrap(count as u16, &buffer[..n]);
            self.sending.store(true, Ordering::SeqCst);
            let taken = self.send_all(&message);
            self.sending.store(false, Ordering::SeqCst);
            if !taken? {
                return Ok(());
            }
        }
        if self.plan.triple.ty.has_connections() {
            // ENOTCONN: the peer has already ended it, which is no failure of ours.
            let _ = self.sys.shutdown(self.fd, Half::Write);
        }
        Ok(())
    }

    /// The answer may be here before the sending thread has told what it sent: a trace and the events must have that too.
    /// A send that a deaf peer holds up is not waited for.
    fn last_word(&self) {
        let until = Instant::now() + LAST_WORD;
        while self.sending.load(Ordering::SeqCst) && Instant::now() < until {
            thread::yield_now();
        }
    }

    /// `false`: the peer takes no more. What it said last is still to be read, so that is not an error here.
    fn send_all(&self, mut bytes: &[u8]) -> Result<bool, Error> {
        while !bytes.is_empty() {
            match self.sys.send(self.fd, bytes) {
                Ok(n) => {
                    if self.output == Output::Events {
                        let payload = &bytes[..n];
                        self.sys.observer().event(&Event::Sent {
                            peer: self.peer,
                            payload,
                        });
                    }
                    bytes = &bytes[n..];
                }
                Err(e) if errno::interrupted(&e) => {}
                Err(e) if matches!(e.raw_os_error(), Some(libc::EPIPE | libc::ECONNRESET)) => {
                    return Ok(false);
                }
                // An earlier datagram was refused (ICMP): the reader reports it.
                Err(e) if e.raw_os_error() == Some(libc::ECONNREFUSED) => return Ok(true),
                Err(e) => {
                    return Err(errno::failure("send", self.plan.address.to_string(), &e).into());
                }
            }
        }
        Ok(true)
    }

    /// The socket to standard output until the peer's end.
    fn stream(&self) -> Result<End, Error> {
        if let Some(timeout) = self.plan.read_timeout {
            self.sys
                .set_timeout(self.fd, Timeout::Receive, timeout)
                .map_err(|e| errno::failure("setsockopt", "SO_RCVTIMEO", &e))?;
        }
        let mut buffer = vec![0; self.plan.buffer_size];
        loop {
            match self.sys.recv(self.fd, &mut buffer, MsgFlags::empty()) {
                Ok(0) => return Ok(End::ByPeer),
                Ok(n) if !self.show(&buffer[..n])? => return Ok(End::NoReader),
                Ok(_) => {}
                Err(e) if errno::interrupted(&e) => {}
                Err(e) => return Err(self.receive_failure(&e)),
            }
        }
    }

    /// Replies to standard output until all have come, or none came for a while after the end of input.
    fn messages(&self, input: &PipeReader) -> Result<End, Error> {
        let patience = self.plan.read_timeout.unwrap_or(PATIENCE);
        let patience_ms = i32::try_from(patience.as_millis()).unwrap_or(i32::MAX);
        let mut buffer = vec![0; LONGEST_MESSAGE];
        let mut answered = 0;
        let mut input_is_open = true;
        loop {
            let sent = self.sent.load(Ordering::SeqCst);
            if !input_is_open && answered >= sent {
                return Ok(End::Messages { sent, answered });
            }
            let ready = if input_is_open {
                let both = [
                    (self.fd, Readiness::Readable),
                    (input.as_fd(), Readiness::Readable),
                ];
                self.sys.poll(&both, -1)
            } else {
                self.sys
                    .poll(&[(self.fd, Readiness::Readable)], patience_ms)
            };
            let ready = match ready {
                Ok(ready) => ready,
                Err(e) if errno::interrupted(&e) => continue,
                Err(e) => {
                    return Err(errno::failure("poll", self.plan.address.to_string(), &e).into());
                }
            };
            if !ready[0] && !input_is_open {
                return Ok(End::Messages { sent, answered });
            }
            if ready[0] {
                match self.sys.recv(self.fd, &mut buffer, MsgFlags::MSG_DONTWAIT) {
                    Ok(n) => {
                        let Some(range) = self.codec.unwrap(&buffer[..n]) else {
                            continue;
                        };
                        answered += 1;
                        if !self.show(&buffer[range])? {
                            return Ok(End::NoReader);
                        }
                    }
                    Err(e) if errno::interrupted(&e) || errno::would_block(&e) => {}
                    Err(e) => return Err(self.receive_failure(&e)),
                }
            }
            input_is_open = input_is_open && !ready.get(1).copied().unwrap_or(false);
        }
    }

    /// `false`: nobody reads standard output any more.
    fn show(&self, bytes: &[u8]) -> Result<bool, Error> {
        match self.output {
            Output::Payload => write_out(bytes),
            Output::Escaped => write_out(escape::stream(bytes).as_bytes()),
            Output::Events => {
                self.sys.observer().event(&Event::Received {
                    peer: self.peer,
                    payload: bytes,
                });
                Ok(true)
            }
        }
    }

    fn receive_failure(&self, error: &io::Error) -> Error {
        let mut failure = errno::failure("recv", self.plan.address.to_string(), error);
        match failure.errno.name.as_str() {
            "ECONNRESET" => {
                failure.cause = Some(
                    "the peer gave the connection up: it closed with bytes unread, or was reset"
                        .into(),
                );
            }
            "ECONNREFUSED" => {
                failure.cause = Some(
                    "the machine at that address answered that nothing listens there (ICMP)".into(),
                );
            }
            "EAGAIN" => failure.cause = Some("nothing came within io.read_timeout".into()),
            _ => {}
        }
        failure.into()
    }
}

/// Writes to standard output; `false`: nobody reads it any more.
fn write_out(bytes: &[u8]) -> Result<bool, Error> {
    let mut out = io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Ok(()) => Ok(true),
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(e) => Err(errno::failure("write", "standard output", &e).into()),
    }
}
