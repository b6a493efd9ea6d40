//! One message and its echo: sent, waited for, held byte by byte against what was sent.
//!
//! What an exchange came to is all that leaves this file; [`super`] counts it and decides whether the load goes on.

use std::io;
use std::os::fd::AsFd as _;
use std::time::{Duration, Instant};

use nix::sys::socket::MsgFlags;

use super::Load;
use crate::error::Error;
use crate::event::Observer;
use crate::measure::message::Messages;
use crate::socket::Type;
use crate::sys::packet::Codec;
use crate::sys::{Client, Linger, Sys, Timeout, errno};

/// How long a datagram's echo may take before it counts as lost.
const LOST_AFTER: Duration = Duration::from_millis(500);

/// What one exchange came to.
pub(super) enum Outcome {
    Echoed(Duration),
    Corrupt,
    /// No echo came within the patience.
    Lost,
    /// The peer closed before it answered.
    Closed,
    /// The peer closed in the middle of its answer.
    Cut {
        heard: usize,
    },
    Failed(&'static str, io::Error),
}

/// One connection and its buffers.
pub(super) struct Exchange<'a, O: Observer> {
    sys: Sys<'a, O>,
    client: Client,
    ty: Type,
    codec: &'a Codec,
    messages: &'a Messages,
    load: &'a Load,
    message: Vec<u8>,
    reply: Vec<u8>,
}

impl<'a, O: Observer> Exchange<'a, O> {
    pub(super) fn new(
        sys: Sys<'a, O>,
        client: Client,
        ty: Type,
        codec: &'a Codec,
        messages: &'a Messages,
        load: &'a Load,
    ) -> Result<Exchange<'a, O>, Error> {
        // Room for an IPv4 and an ICMP header before the message, and for one byte too many.
        let reply = vec![0; messages.size() + 128];
        let exchange = Exchange {
            sys,
            client,
            ty,
            codec,
            messages,
            load,
            message: Vec::new(),
            reply,
        };
        exchange.prepare()?;
        Ok(exchange)
    }

    fn prepare(&self) -> Result<(), Error> {
        let patience = if self.ty.has_connections() {
            self.load.patience
        } else {
            LOST_AFTER
        };
        for timeout in [Timeout::Receive, Timeout::Send] {
            self.sys
                .set_timeout(self.client.fd.as_fd(), timeout, patience)
                .map_err(|e| errno::failure("setsockopt", "a timeout", &e))?;
        }
        Ok(())
    }

    pub(super) fn replace(&mut self, client: Client) -> Result<(), Error> {
        let old = std::mem::replace(&mut self.client, client);
        self.sys.close(old.fd, Linger::AsSet);
        self.prepare()
    }

    pub(super) fn one(&mut self, n: u64) -> Outcome {
        self.messages.write(n, &mut self.message);
        let sent_at = Instant::now();
        if let Err(outcome) = self.send(n) {
            return outcome;
        }
        if self.ty.has_boundaries() {
            self.hear_message(n, sent_at)
        } else {
            self.hear_stream(sent_at)
        }
    }

    /// Sends the message, in as many writes as asked for where there are no boundaries to break.
    fn send(&self, n: u64) -> Result<(), Outcome> {
        let fd = self.client.fd.as_fd();
        let wrapped = self.codec.wrap(n as u16, &self.message);
        let writes = if self.ty.has_boundaries() {
            1
        } else {
            self.load.writes.max(1) as usize
        };
        let piece = wrapped.len().div_ceil(writes).max(1);
        for mut part in wrapped.chunks(piece) {
            while !part.is_empty() {
                match self.sys.send(fd, part) {
                    Ok(n) => part = &part[n..],
                    Err(e) if errno::interrupted(&e) => {}
                    Err(e) => return Err(Outcome::Failed("send", e)),
                }
            }
        }
        Ok(())
    }

    fn hear_stream(&mut self, sent_at: Instant) -> Outcome {
        let fd = self.client.fd.as_fd();
        let mut heard = 0;
        while heard < self.message.len() {
            match self
                .sys
                .recv(fd, &mut self.reply[heard..], MsgFlags::empty())
            {
                Ok(0) if heard == 0 => return Outcome::Closed,
                Ok(0) => return Outcome::Cut { heard },
                Ok(n) => heard += n,
                Err(e) if errno::interrupted(&e) => {}
                Err(e) => return Outcome::Failed("recv", e),
            }
            // SO_RCVTIMEO bounds one receive: byte after byte, a peer could make it last for ever.
            if heard < self.message.len() && sent_at.elapsed() >= self.load.patience {
                return Outcome::Failed("recv", io::Error::from_raw_os_error(libc::EAGAIN));
            }
        }
        let rtt = sent_at.elapsed();
        if self.reply[..heard] == self.message[..] {
            Outcome::Echoed(rtt)
        } else {
            Outcome::Corrupt
        }
    }

    /// Waits for this message's echo; the late echo of an earlier one is passed over.
    fn hear_message(&mut self, n: u64, sent_at: Instant) -> Outcome {
        let fd = self.client.fd.as_fd();
        while sent_at.elapsed() < self.load.patience {
            let len = match self.sys.recv(fd, &mut self.reply, MsgFlags::MSG_TRUNC) {
                Ok(0) if self.ty.has_connections() && !self.message.is_empty() => {
                    return Outcome::Closed;
                }
                Ok(len) => len.min(self.reply.len()),
                Err(e) if errno::interrupted(&e) => continue,
                Err(e) if errno::would_block(&e) => return Outcome::Lost,
                Err(e) => return Outcome::Failed("recv", e),
            };
            let rtt = sent_at.elapsed();
            match self.codec.unwrap(&self.reply[..len]) {
                Some(range) if self.reply[range.clone()] == self.message[..] => {
                    return Outcome::Echoed(rtt);
                }
                Some(range) if self.is_earlier(n, &self.reply[range.clone()]) => {}
                Some(_) => return Outcome::Corrupt,
                None => {}
            }
        }
        Outcome::Lost
    }

    /// Closes the last connection.
    pub(super) fn over(self) {
        self.sys.close(self.client.fd, Linger::AsSet);
    }

    /// Only datagrams can be late.
    fn is_earlier(&self, n: u64, reply: &[u8]) -> bool {
        !self.ty.has_connections() && self.messages.is_earlier(n, reply)
    }
}
