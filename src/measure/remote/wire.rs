//! One connection of an examination: say something, hear what comes until it is enough, ends, or falls silent.
//!
//! Every wait is bounded, and a peer that talks without end is cut off.

use std::cell::Cell;
use std::io;
use std::os::fd::{AsFd as _, BorrowedFd};
use std::time::{Duration, Instant};

use nix::sys::socket::MsgFlags;

use super::limit::Limit;
use crate::error::Errno;
use crate::event::Observer;
use crate::option::{self, OptionName, Row};
use crate::socket::{SocketName, Type};
use crate::sys::packet::Codec;
use crate::sys::{Client, Half, Linger, Readiness, Sys, Timeout, errno};

/// More than the largest datagram.
const ROOM: usize = 1 << 20;

/// A stream that is still talking after that, or after so many bytes, talks on and on.
const TALK: Duration = Duration::from_secs(1);
const TALK_BYTES: usize = 1 << 16;

/// How long a peer may take no bytes.
const SEND_PATIENCE: Duration = Duration::from_millis(500);

/// Why hearing has stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// As many bytes, or the message, that were waited for; or it talks on and on.
    Enough,
    /// The end of the stream: FIN.
    Fin,
    /// An error: ECONNRESET for RST, ECONNREFUSED for ICMP.
    Failed(Errno),
    /// Nothing (more) came in time.
    Silence,
}

impl Stop {
    /// Whether the peer has reset the connection.
    pub(super) fn is_reset(&self) -> bool {
        matches!(self, Stop::Failed(errno) if matches!(errno.name.as_str(), "ECONNRESET" | "EPIPE"))
    }

    /// Whether nothing can come any more.
    pub(super) fn is_end(&self) -> bool {
        matches!(self, Stop::Fin | Stop::Failed(_))
    }
}

/// What was heard.
#[derive(Clone, Debug)]
pub(super) struct Heard {
    pub(super) bytes: Vec<u8>,
    /// Length of each receive.
    pub(super) reads: Vec<usize>,
    /// When the last byte came, since the last message was sent.
    pub(super) last: Duration,
    pub(super) stop: Stop,
}

/// How long to wait.
#[derive(Clone, Copy, Debug)]
pub(super) struct Waits {
    /// For the first byte.
    pub(super) first: Duration,
    /// For each further one.
    pub(super) more: Duration,
}

impl Waits {
    /// The same for both.
    pub(super) const fn of(wait: Duration) -> Waits {
        Waits {
            first: wait,
            more: wait,
        }
    }
}

/// An open connection.
pub(super) struct Wire<'a, O: Observer> {
    sys: Sys<'a, O>,
    pub(super) client: Client,
    ty: Type,
    codec: Codec,
    /// When the last message was sent: on this machine the answer may be there before send(2) returns.
    said_at: Cell<Instant>,
    /// SO_SNDTIMEO as the profile has it.
    before: Option<Vec<u8>>,
    pub(super) until: Limit<'a>,
}

impl<'a, O: Observer> Wire<'a, O> {
    /// Takes a connection over; nothing is waited for after `until`.
    pub(super) fn new(
        sys: Sys<'a, O>,
        client: Client,
        ty: Type,
        codec: Codec,
        until: Limit<'a>,
    ) -> Wire<'a, O> {
        let send_timeout = OptionName::of(send_timeout());
        let before = sys.getsockopt(client.fd.as_fd(), &send_timeout).ok();
        // If it is refused, a peer that reads nothing is waited for longer; every receive has its own bound anyway.
        let _ = sys.set_timeout(client.fd.as_fd(), Timeout::Send, SEND_PATIENCE);
        Wire {
            sys,
            client,
            ty,
            codec,
            said_at: Cell::new(Instant::now()),
            before,
            until,
        }
    }

    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.client.fd.as_fd()
    }

    pub(super) fn peer(&self) -> &SocketName {
        &self.client.peer
    }

    /// Sends message number `n`.
    pub(super) fn say(&self, n: u64, message: &[u8]) -> Result<(), Errno> {
        let wrapped = self.codec.wrap(n as u16, message);
        let mut rest = &wrapped[..];
        self.said_at.set(Instant::now());
        while !rest.is_empty() {
            match self.sys.send(self.fd(), rest) {
                Ok(n) => rest = &rest[n..],
                Err(e) if errno::interrupted(&e) => {}
                Err(e) => return Err(errno::of(&e)),
            }
        }
        Ok(())
    }

    /// shutdown(SHUT_WR)
    pub(super) fn done(&self) -> io::Result<()> {
        self.sys.shutdown(self.fd(), Half::Write)
    }

    /// Receives until there are `want` bytes of a stream, or one message.
    pub(super) fn hear(&self, want: usize, waits: Waits) -> Heard {
        let begin = Instant::now();
        let mut buffer = vec![
            0;
            if self.ty.has_boundaries() {
                ROOM
            } else {
                1 << 16
            }
        ];
        let mut heard = Heard {
            bytes: Vec::new(),
            reads: Vec::new(),
            last: Duration::ZERO,
            stop: Stop::Enough,
        };
        while heard.bytes.len() < want {
            let left = match self.ty.has_boundaries() {
                // A peer that sends empty datagrams for ever must not be heard for ever.
                true => waits.first.saturating_sub(begin.elapsed()),
                false if begin.elapsed() > waits.first + TALK => break,
                false if heard.reads.is_empty() => waits.first,
                false => waits.more,
            };
            if self.until.is_reached() || (left.is_zero() && !heard.reads.is_empty()) {
                heard.stop = Stop::Silence;
                break;
            }
            match self.receive(&mut buffer, left) {
                Ok(n) => {
                    heard.last = self.said_at.get().elapsed();
                    heard.reads.push(n);
                    heard.bytes.extend_from_slice(&buffer[..n]);
                }
                Err(stop) => {
                    heard.stop = stop;
                    break;
                }
            }
            if !self.ty.has_boundaries() && heard.bytes.len() >= want.min(TALK_BYTES) {
                break;
            }
            if self.ty.has_boundaries() {
                self.unwrap(&mut heard);
                if !heard.bytes.is_empty() {
                    break;
                }
            }
        }
        heard
    }

    /// Takes off what is around a message; what is no answer to us is forgotten.
    fn unwrap(&self, heard: &mut Heard) {
        heard.bytes = match self.codec.unwrap(&heard.bytes) {
            Some(range) => heard.bytes[range].to_vec(),
            None => Vec::new(),
        };
    }

    fn receive(&self, buffer: &mut [u8], wait: Duration) -> Result<usize, Stop> {
        let failed = |e: &io::Error| Stop::Failed(errno::of(e));
        let until = self.until.within(wait);
        loop {
            match self.sys.recv(self.fd(), buffer, MsgFlags::MSG_DONTWAIT) {
                Ok(0) if self.ty.has_connections() => return Err(Stop::Fin),
                Ok(n) => return Ok(n),
                Err(e) if errno::interrupted(&e) => {}
                Err(e) if errno::would_block(&e) => {
                    if until.is_reached() {
                        return Err(Stop::Silence);
                    }
                    let ready = self
                        .sys
                        .poll(&[(self.fd(), Readiness::Readable)], until.poll_ms());
                    match ready {
                        Err(e) if !errno::interrupted(&e) => return Err(failed(&e)),
                        _ => {}
                    }
                }
                Err(e) => return Err(failed(&e)),
            }
        }
    }

    /// Gives the connection back as it was.
    pub(super) fn release(self) -> Client {
        if let Some(bytes) = self.before {
            let timeout = OptionName::of(send_timeout());
            // The kernel takes back what it gave; and if not, a load sets a timeout of its own.
            let _ = self
                .sys
                .setsockopt(self.client.fd.as_fd(), &timeout, &bytes.into());
        }
        self.client
    }

    /// Closes it.
    pub(super) fn close(self) {
        self.sys.close(self.client.fd, Linger::AsSet);
    }
}

fn send_timeout() -> &'static Row {
    option::find("SO_SNDTIMEO").expect("SO_SNDTIMEO is a row of the registry")
}
