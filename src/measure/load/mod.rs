//! The closed loop: send one message, wait for its echo, verify it, go on.
//!
//! One connection, blocking calls, one clock reading per message and side. A server that closes after some requests is
//! connected to again; connect time and round trip are kept apart.

mod exchange;

use std::io;
use std::time::{Duration, Instant};

use super::echo::{Echo, Ending, How};
use super::message::Messages;
use crate::error::Error;
use crate::event::Observer;
use crate::socket::Type;
use crate::sys::packet::Codec;
use crate::sys::{Client, Sys, errno};
use exchange::{Exchange, Outcome};

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
    let mut echo = Echo {
        connections: 1,
        ..Echo::default()
    };
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
                        .then(|| ending(How::Silent, "nothing comes back any more"))
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

fn ending(how: How, says: impl Into<String>) -> Ending {
    Ending {
        how,
        says: says.into(),
    }
}

/// Enters an outcome; how the run ends, if nothing can follow.
fn enter(echo: &mut Echo, outcome: Outcome, size: usize) -> Option<Ending> {
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
            Some(ending(
                How::WrongBytes,
                "an echo differs from what was sent",
            ))
        }
        Outcome::Lost => {
            echo.lost += 1;
            (echo.received == 0 && echo.lost >= 3).then(|| ending(How::Silent, silence(echo)))
        }
        Outcome::Closed => {
            echo.lost += 1;
            Some(ending(How::ClosedEarly, "the peer closed without an echo"))
        }
        Outcome::Cut { heard } => {
            echo.lost += 1;
            Some(ending(
                How::CutShort,
                format!("the peer closed after {heard} of {size} bytes of an echo"),
            ))
        }
        Outcome::Failed(call, error) => {
            echo.errors += 1;
            let errno = errno::of(&error);
            Some(match errno.name.as_str() {
                "EAGAIN" if call == "send" => {
                    ending(How::NeverReads, "send: the peer takes no more bytes")
                }
                "EAGAIN" => ending(How::Silent, format!("{call}: nothing came back in time")),
                _ => ending(
                    How::Failed,
                    format!("{call}: {} ({})", errno.says.to_lowercase(), errno.name),
                ),
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
