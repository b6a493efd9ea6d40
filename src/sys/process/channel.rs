//! Messages between an actor and its parent: text of any length over a pair of stream sockets, each with its length
//! before it (eight bytes, our own order: both ends are one program).
//!
//! Nothing here is traced, and nothing here ends anybody: a peer that died is an answer, not a signal and no panic.

use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::sys::quick;

const PREFIX: usize = 8;
const CHUNK: usize = 16 * 1024;

/// One end. Several threads may use it: messages stay whole.
#[derive(Debug)]
pub struct Channel {
    fd: OwnedFd,
    /// What has arrived and was not taken yet.
    arrived: Mutex<Vec<u8>>,
    sending: Mutex<()>,
}

/// What was heard within a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// A message.
    Message(String),
    /// Not a whole one yet.
    Nothing,
    /// The peer is gone, and so is whatever it had not sent completely.
    Gone,
}

impl Channel {
    /// Both ends.
    pub fn pair() -> io::Result<(Channel, Channel)> {
        let (a, b) = std::os::unix::net::UnixStream::pair()?;
        Ok((Channel::new(a.into()), Channel::new(b.into())))
    }

    fn new(fd: OwnedFd) -> Channel {
        Channel {
            fd,
            arrived: Mutex::default(),
            sending: Mutex::default(),
        }
    }

    /// Sends a message; waits while the peer has too much unread. EPIPE or ECONNRESET: the peer is gone.
    pub fn send(&self, message: &str) -> io::Result<()> {
        let _whole = lock(&self.sending);
        let mut bytes = (message.len() as u64).to_ne_bytes().to_vec();
        bytes.extend_from_slice(message.as_bytes());
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            match quick::send(self.fd.as_fd(), rest, libc::MSG_NOSIGNAL) {
                Ok(sent) => rest = &rest[sent..],
                Err(e) if e.raw_os_error() == Some(libc::EINTR) => {}
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }

    /// Waits for the next message. `None`: the peer is gone.
    pub fn recv(&self) -> Option<String> {
        let mut arrived = lock(&self.arrived);
        loop {
            if let Some(message) = take(&mut arrived) {
                return Some(message);
            }
            if !self.more(&mut arrived) {
                return None;
            }
        }
    }

    /// Waits for the next message, but no longer than that.
    pub fn recv_for(&self, time: Duration) -> Heard {
        let until = Instant::now() + time;
        let mut arrived = lock(&self.arrived);
        loop {
            if let Some(message) = take(&mut arrived) {
                return Heard::Message(message);
            }
            match super::readable(self.fd.as_fd(), until) {
                Ok(true) if self.more(&mut arrived) => {}
                Ok(false) => return Heard::Nothing,
                _ => return Heard::Gone,
            }
        }
    }

    /// Reads once; `false` at the end.
    fn more(&self, arrived: &mut Vec<u8>) -> bool {
        let mut chunk = vec![0; CHUNK];
        match quick::recv(self.fd.as_fd(), &mut chunk, 0) {
            Ok(0) => false,
            Ok(n) => {
                arrived.extend_from_slice(&chunk[..n]);
                true
            }
            Err(e) => e.raw_os_error() == Some(libc::EINTR),
        }
    }
}

/// The first message, if it is there as a whole. What is not UTF-8 (nobody sends it) is replaced.
fn take(arrived: &mut Vec<u8>) -> Option<String> {
    let prefix = arrived.first_chunk::<PREFIX>()?;
    let len = usize::try_from(u64::from_ne_bytes(*prefix)).ok()?;
    let end = PREFIX.checked_add(len)?;
    let message = String::from_utf8_lossy(arrived.get(PREFIX..end)?).into_owned();
    arrived.drain(..end);
    Some(message)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
