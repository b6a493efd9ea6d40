//! The closed loop: send one message, wait for its echo, verify it, go on.
//!
//! One connection, blocking calls, one clock reading per message and side. A server that closes after some requests is
//! connected to again; connect time and round trip are kept apart.

use std::io;
use std::os::fd::AsFd as _;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use nix::sys::socket::MsgFlags;

use super::message::Messages;
use crate::error::Error;
use crate::event::Observer;
use crate::socket::Type;
use crate::sys::packet::Codec;
use crate::sys::{Client, Linger, Sys, Timeout, errno};

/// What is sent.
#[derive(Clone, Debug)]
pub struct Load {
    /// Messages.
    pub count: u64,
    /// Writes that one message is cut into; more than one shows Nagle's algorithm.
    pub writes: u32,
    /// How long a stream may be silent before the run is given up.
    pub patience: Duration,
    /// Requests that the server answers per connection, where that is known; learned otherwise.
    pub per_connection: Option<u64>,
}

/// How long a datagram's echo may take before it counts as lost.
const LOST_AFTER: Duration = Duration::from_millis(500);

/// Longer round trips are recorded as this one: ten minutes.
const LONGEST_RTT_NS: u64 = 600_000_000_000;

/// What came of it. Times in nanoseconds.
#[derive(Clone, Debug)]
pub struct Echo {
    /// Messages sent.
    pub sent: u64,
    /// Messages whose echo came back right.
    pub received: u64,
    /// Messages without an echo.
    pub lost: u64,
    /// Messages whose echo was wrong.
    pub corrupt: u64,
    /// Calls that failed.
    pub errors: u64,
    /// Bytes of right echoes.
    pub bytes: u64,
    /// Connections that were opened.
    pub connections: u64,
    /// Round trip of each right echo.
    pub rtt: Histogram<u64>,
    /// From the first send to the last echo, connecting included.
    pub elapsed: Duration,
    /// Why the run ended early, if it did.
    pub ended: Option<String>,
}

impl Echo {
    fn new() -> Echo {
        let rtt =
            Histogram::new_with_bounds(1, LONGEST_RTT_NS, 3).expect("the bounds are in order");
        Echo {
            sent: 0,
            received: 0,
            lost: 0,
            corrupt: 0,
            errors: 0,
            bytes: 0,
            connections: 1,
            rtt,
            elapsed: Duration::ZERO,
            ended: None,
        }
    }

    /// Right echoes per second.
    pub fn messages_per_s(&self) -> u64 {
        per_second(self.received, self.elapsed)
    }

    /// Echoed bytes per second.
    pub fn bytes_per_s(&self) -> u64 {
        per_second(self.bytes, self.elapsed)
    }
}

fn per_second(n: u64, time: Duration) -> u64 {
    (u128::from(n) * 1_000_000_000)
        .checked_div(time.as_nanos())
        .map_or(0, |rate| rate as u64)
}

/// What one exchange came to.
enum Outcome {
    Echoed(Duration),
    Corrupt,
    Lost,
    /// The peer closed before it answered.
    Closed,
    Failed(&'static str, io::Error),
}

/// Runs the load over `client`, and over what `reopen` gives when the server has closed.
pub fn run<O: Observer>(
    sys: Sys<'_, O>,
    client: Client,
    ty: Type,
    codec: &Codec,
    messages: &Messages,
    load: &Load,
    mut reopen: impl FnMut() -> Result<Client, Error>,
) -> Result<Echo, Error> {
    let mut echo = Echo::new();
    let mut per_connection = load.per_connection;
    let mut on_this = 0;
    let mut exchange = Exchange::new(sys, client, ty, codec, messages, load)?;
    let start = Instant::now();
    let mut n = 0;
    while n < load.count {
        if per_connection.is_some_and(|most| on_this >= most) {
            exchange.replace(reopen()?)?;
            echo.connections += 1;
            on_this = 0;
        }
        match exchange.one(n) {
            // It answered before and has closed since: so many requests are its rule.
            Outcome::Closed if on_this > 0 && per_connection.is_none_or(|most| on_this < most) => {
                per_connection = Some(on_this);
                continue;
            }
            Outcome::Failed(_, error)
                if on_this > 0 && is_closed(&error) && per_connection.is_none() =>
            {
                per_connection = Some(on_this);
                continue;
            }
            outcome => {
                echo.sent += 1;
                if let Some(why) = enter(&mut echo, outcome, messages.size()) {
                    echo.ended = Some(why);
                    break;
                }
            }
        }
        n += 1;
        on_this += 1;
    }
    echo.elapsed = start.elapsed();
    sys.close(exchange.client.fd, Linger::AsSet);
    Ok(echo)
}

/// Enters an outcome; the sentence with which the run ends, if nothing can follow.
fn enter(echo: &mut Echo, outcome: Outcome, size: usize) -> Option<String> {
    match outcome {
        Outcome::Echoed(rtt) => {
            echo.received += 1;
            echo.bytes += size as u64;
            echo.rtt
                .saturating_record(u64::try_from(rtt.as_nanos()).unwrap_or(u64::MAX));
            None
        }
        Outcome::Corrupt => {
            echo.corrupt += 1;
            Some("an echo differs from what was sent".into())
        }
        Outcome::Lost => {
            echo.lost += 1;
            (echo.received == 0 && echo.lost >= 3).then(|| "nothing comes back".into())
        }
        Outcome::Closed => {
            echo.lost += 1;
            Some("the peer closed without an echo".into())
        }
        Outcome::Failed(call, error) => {
            echo.errors += 1;
            let errno = errno::of(&error);
            Some(match errno.name.as_str() {
                "EAGAIN" => format!("{call}: nothing came back in time"),
                _ => format!("{call}: {} ({})", errno.says.to_lowercase(), errno.name),
            })
        }
    }
}

fn is_closed(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EPIPE | libc::ECONNRESET))
}

/// One connection and its buffers.
struct Exchange<'a, O: Observer> {
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
    fn new(
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

    fn replace(&mut self, client: Client) -> Result<(), Error> {
        let old = std::mem::replace(&mut self.client, client);
        self.sys.close(old.fd, Linger::AsSet);
        self.prepare()
    }

    fn one(&mut self, n: u64) -> Outcome {
        self.messages.write(n, &mut self.message);
        let sent_at = Instant::now();
        if let Err(outcome) = self.send(n) {
            return outcome;
        }
        if self.ty.has_boundaries() {
            self.hear_message(sent_at)
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
                Ok(0) => return Outcome::Corrupt,
                Ok(n) => heard += n,
                Err(e) if errno::interrupted(&e) => {}
                Err(e) => return Outcome::Failed("recv", e),
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
    fn hear_message(&mut self, sent_at: Instant) -> Outcome {
        let fd = self.client.fd.as_fd();
        while sent_at.elapsed() < self.load.patience {
            let n = match self.sys.recv(fd, &mut self.reply, MsgFlags::MSG_TRUNC) {
                Ok(0) if self.ty.has_connections() && !self.message.is_empty() => {
                    return Outcome::Closed;
                }
                Ok(n) => n.min(self.reply.len()),
                Err(e) if errno::interrupted(&e) => continue,
                Err(e) if errno::would_block(&e) => return Outcome::Lost,
                Err(e) => return Outcome::Failed("recv", e),
            };
            let rtt = sent_at.elapsed();
            match self.codec.unwrap(&self.reply[..n]) {
                Some(range) if self.reply[range.clone()] == self.message[..] => {
                    return Outcome::Echoed(rtt);
                }
                Some(range) if self.is_earlier(&self.reply[range.clone()]) => {}
                Some(_) => return Outcome::Corrupt,
                None => {}
            }
        }
        Outcome::Lost
    }

    fn is_earlier(&self, reply: &[u8]) -> bool {
        !self.ty.has_connections()
            && reply.len() == self.message.len()
            && reply.get(..8) < self.message.get(..8)
    }
}
