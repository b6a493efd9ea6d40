//! The closed loop: send one message, wait for its echo, verify it, go on.
//!
//! One connection, blocking calls, one clock reading per message and side. A server that closes after some requests is
//! connected to again; connect time and round trip are kept apart.

use std::io;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

use super::exchange::{Exchange, Outcome};
use super::message::Messages;
use crate::error::Error;
use crate::event::Observer;
use crate::socket::Type;
use crate::sys::packet::Codec;
use crate::sys::{Client, Sys, errno};

/// What is sent.
#[derive(Clone, Debug)]
pub struct Load {
    /// Messages.
    pub count: u64,
    /// Writes that one message is cut into; more than one shows Nagle's algorithm.
    pub writes: u32,
    /// How long the peer may go without a whole echo before the run is given up.
    pub patience: Duration,
    /// Requests that the server answers per connection, where that is known; learned otherwise.
    pub per_connection: Option<u64>,
}

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
    let mut progress = start;
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
                match outcome {
                    Outcome::Lost => {}
                    _ => progress = Instant::now(),
                }
                let why = enter(&mut echo, outcome, messages.size());
                echo.ended = why.or_else(|| {
                    (progress.elapsed() >= load.patience)
                        .then(|| "nothing comes back any more".into())
                });
                if echo.ended.is_some() {
                    break;
                }
            }
        }
        n += 1;
        on_this += 1;
    }
    echo.elapsed = start.elapsed();
    exchange.over();
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
            (echo.received == 0 && echo.lost >= 3).then(|| silence(echo).into())
        }
        Outcome::Closed => {
            echo.lost += 1;
            Some("the peer closed without an echo".into())
        }
        Outcome::Cut { heard } => {
            echo.lost += 1;
            Some(format!(
                "the peer closed after {heard} of {size} bytes of an echo"
            ))
        }
        Outcome::Failed(call, error) => {
            echo.errors += 1;
            let errno = errno::of(&error);
            Some(match errno.name.as_str() {
                "EAGAIN" if call == "send" => "send: the peer takes no more bytes".into(),
                "EAGAIN" => format!("{call}: nothing came back in time"),
                _ => format!("{call}: {} ({})", errno.says.to_lowercase(), errno.name),
            })
        }
    }
}

fn silence(echo: &Echo) -> &'static str {
    match echo.received {
        0 => "nothing comes back",
        _ => "nothing comes back any more",
    }
}

fn is_closed(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EPIPE | libc::ECONNRESET))
}
