//! As much as one connection carries: sending and receiving 64 KiB at a time, at once, every byte compared.
//!
//! What is on its way is bounded: with the whole of the socket buffers in flight, the measure would be how far the data
//! has left the caches by the time it returns.

use std::io;
use std::os::fd::{AsFd as _, AsRawFd as _};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{MsgFlags, recv, send};
use socket2::Socket;

use super::message::pattern;
use super::{Load, PATIENCE, Tally, corrupt, ended, open, silent};
use crate::contender::Transport;
use crate::server::At;

/// The unit that is counted.
pub const BLOCK: usize = 64 * 1024;

/// Bytes on their way at most.
const WINDOW: u64 = 8 * BLOCK as u64;

/// A prime: a block that is lost, doubled or shifted does not fit any more.
const PERIOD: usize = 65_521;

/// One period and a block, so that a block from anywhere is one piece.
static STREAM: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let period: Box<[u8; PERIOD]> = Box::new(pattern());
    period.iter().chain(&period[..]).copied().collect()
});

/// One connection.
pub struct Bulk {
    socket: Socket,
    sent: u64,
    received: u64,
    buffer: Vec<u8>,
}

impl Bulk {
    pub fn open(at: &At, transport: Transport) -> io::Result<Bulk> {
        Ok(Bulk {
            socket: open(at, transport)?,
            sent: 0,
            received: 0,
            buffer: vec![0; BLOCK],
        })
    }

    /// Sends what the window and the socket take; whether it was anything.
    fn push(&mut self) -> io::Result<bool> {
        let room = (WINDOW - (self.sent - self.received)).min(BLOCK as u64) as usize;
        if room == 0 {
            return Ok(false);
        }
        let from = (self.sent % PERIOD as u64) as usize;
        let piece = &STREAM[from..(from + room).min(STREAM.len())];
        match send(self.socket.as_raw_fd(), piece, MsgFlags::MSG_DONTWAIT) {
            Ok(bytes) => {
                self.sent += bytes as u64;
                Ok(true)
            }
            Err(nix::Error::EAGAIN) => Ok(false),
            Err(e) => Err(e.into()),
        }
    }

    /// Receives and compares; whether it was anything.
    fn pull(&mut self) -> io::Result<bool> {
        let bytes = match recv(
            self.socket.as_raw_fd(),
            &mut self.buffer,
            MsgFlags::MSG_DONTWAIT,
        ) {
            Ok(0) => return Err(ended()),
            Ok(bytes) => bytes,
            Err(nix::Error::EAGAIN) => return Ok(false),
            Err(e) => return Err(e.into()),
        };
        let mut rest = &self.buffer[..bytes];
        while !rest.is_empty() {
            let from = (self.received % PERIOD as u64) as usize;
            let piece = rest.len().min(STREAM.len() - from);
            if rest[..piece] != STREAM[from..from + piece] {
                return Err(corrupt(&format!("after {} bytes", self.received)));
            }
            self.received += piece as u64;
            rest = &rest[piece..];
        }
        if self.received > self.sent {
            return Err(corrupt("more than was sent"));
        }
        Ok(true)
    }

    fn wait(&self, events: PollFlags) -> io::Result<()> {
        let patience = PollTimeout::try_from(PATIENCE).unwrap_or(PollTimeout::MAX);
        match poll(&mut [PollFd::new(self.socket.as_fd(), events)], patience)? {
            0 => Err(silent()),
            _ => Ok(()),
        }
    }
}

impl Load for Bulk {
    fn run(&mut self, time: Duration) -> io::Result<Tally> {
        let (start, before) = (Instant::now(), self.received);
        let mut goes_on = true;
        while goes_on || self.received < self.sent {
            goes_on = start.elapsed() < time;
            let pushed = goes_on && self.push()?;
            let pulled = self.pull()?;
            if !pushed && !pulled && (goes_on || self.received < self.sent) {
                // Room to send is of no interest when nothing more is sent.
                let room = goes_on && self.sent - self.received < WINDOW;
                let events = if room {
                    PollFlags::POLLOUT
                } else {
                    PollFlags::empty()
                };
                self.wait(PollFlags::POLLIN | events)?;
            }
        }
        Ok(Tally {
            units: (self.received - before) / BLOCK as u64,
            elapsed: start.elapsed(),
            ..Tally::default()
        })
    }
}
