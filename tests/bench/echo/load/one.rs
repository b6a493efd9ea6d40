//! Ping-pong over one connection: send 64 bytes, wait for them, again. Each echo is timed.
//!
//! The client sleeps in recv, as most do; or it asks without sleeping, so that its own waking up is not in the number and
//! what the server needs stands alone.

use std::io::{self, ErrorKind, Read as _};
use std::os::fd::AsRawFd as _;
use std::time::{Duration, Instant};

use nix::sys::socket::{MsgFlags, recv};
use socket2::Socket;

use super::message::{Message, SIZE};
use super::{LOST_AFTER, Load, PATIENCE, Tally, corrupt, ended, open, silent};
use crate::contender::Transport;
use crate::server::At;

/// How the client waits for an echo.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Client {
    Sleeps,
    Asks,
}

/// One connection.
pub struct One {
    socket: Socket,
    transport: Transport,
    client: Client,
    message: Message,
    /// Nanoseconds of each echo; kept between runs, so that no run pays for its growth.
    times: Vec<u32>,
}

impl One {
    pub fn open(at: &At, transport: Transport, client: Client) -> io::Result<One> {
        Ok(One {
            socket: open(at, transport)?,
            transport,
            client,
            message: Message::of(1),
            times: Vec::new(),
        })
    }

    /// One piece of the echo; `None` when a datagram did not come.
    fn receive(&mut self, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        let result = match self.client {
            Client::Sleeps => self.socket.read(buffer),
            Client::Asks => {
                let patience = if self.transport.loses() {
                    LOST_AFTER
                } else {
                    PATIENCE
                };
                let until = Instant::now() + patience;
                loop {
                    let asked = recv(self.socket.as_raw_fd(), buffer, MsgFlags::MSG_DONTWAIT);
                    let asked = asked.map_err(io::Error::from);
                    let empty = asked
                        .as_ref()
                        .is_err_and(|e| e.kind() == ErrorKind::WouldBlock);
                    if !empty || Instant::now() > until {
                        break asked;
                    }
                }
            }
        };
        match result {
            Ok(0) => Err(ended()),
            Ok(bytes) => Ok(Some(bytes)),
            Err(e) if e.kind() == ErrorKind::WouldBlock && self.transport.loses() => Ok(None),
            Err(e) if e.kind() == ErrorKind::WouldBlock => Err(silent()),
            Err(e) => Err(e),
        }
    }

    /// Sends a message and compares what comes back; false when it was lost.
    pub fn exchange(&mut self) -> io::Result<bool> {
        self.message.advance();
        if self.socket.send(&self.message.bytes)? != SIZE {
            return Err(corrupt("64 bytes were not taken whole"));
        }
        let mut buffer = [0; SIZE + 1];
        let mut got = 0;
        while got < SIZE {
            let Some(bytes) = self.receive(&mut buffer[got..])? else {
                return Ok(false);
            };
            if self.transport.loses() && self.message.is_late(&buffer[..bytes]) {
                continue;
            }
            got += bytes;
            if self.transport.keeps_boundaries() && got != SIZE {
                return Err(corrupt("another length"));
            }
        }
        if buffer[..got] == self.message.bytes {
            Ok(true)
        } else {
            Err(corrupt("other bytes"))
        }
    }
}

impl Load for One {
    fn run(&mut self, time: Duration) -> io::Result<Tally> {
        self.times.clear();
        self.times.reserve(1 << 20);
        let mut lost = 0;
        let start = Instant::now();
        let mut now = start;
        while now - start < time {
            let answered = self.exchange()?;
            let then = std::mem::replace(&mut now, Instant::now());
            if answered {
                self.times
                    .push((now - then).as_nanos().try_into().unwrap_or(u32::MAX));
            } else {
                lost += 1;
            }
        }
        let units = self.times.len() as u64;
        let middle = self.times.len() / 2;
        let p50 = (units > 0).then(|| *self.times.select_nth_unstable(middle).1);
        Ok(Tally {
            units,
            lost,
            p50: p50.map(|ns| Duration::from_nanos(ns.into())),
            elapsed: now - start,
        })
    }
}
