//! The load: messages sent, their echoes awaited, every byte of them held against what was sent.
//!
//! [`Generator`] keeps connections open and runs the load in blocks, so that two of them can take turns. Over one
//! connection it is a blocking loop of send and recv (`one`), over many, or with several messages under way, one epoll loop
//! (`many`); what a message looks like is `wire`'s, how it leaves `say`'s, what comes back is judged in `hear`, what does not
//! in `patience`, and `wrong` has the sentences. With a rate a message has a time (`phase`), and its latency counts from
//! that, whatever kept it from leaving: a server that stands still is not hidden by a client that stands still with it.

mod generator;
mod hear;
mod many;
mod one;
mod patience;
mod peer;
mod phase;
mod renew;
mod say;
mod wire;
mod wrong;

use std::sync::atomic::AtomicBool;
use std::time::Duration;

use super::echo::Echo;
use super::message::Messages;
use crate::error::Error;
use crate::event::Observer;
use crate::socket::Type;
use crate::sys::packet::Codec;
use crate::sys::{Client, Sys};

pub use generator::Generator;

/// A datagram whose echo is not there by then is lost. If it comes later, it is counted as late, and remains lost.
pub const LOST_AFTER: Duration = Duration::from_millis(500);

/// How long a call may keep Ctrl-C waiting.
const GLANCE: Duration = Duration::from_millis(100);

/// How much is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Amount {
    /// So many messages.
    Count(u64),
    /// For so long; what is then under way is waited for.
    Time(Duration),
}

/// What is sent.
#[derive(Clone, Debug)]
pub struct Load {
    /// Measured messages, or how long they are sent.
    pub amount: Amount,
    /// Connections at a time.
    pub connections: usize,
    /// Messages under way on each, at most.
    pub pipeline: usize,
    /// Messages per second over all connections, each at its time; without it, each as soon as there is an echo.
    pub rate: Option<u64>,
    /// Writes that one message of a stream is cut into; more than one shows Nagle's algorithm.
    pub writes: u32,
    /// Messages before the measured ones.
    pub warmup: u64,
    /// How long the peer may go without a whole echo before the run is given up.
    pub patience: Duration,
    /// Requests that the server answers per connection, where that is known; learned otherwise.
    pub per_connection: Option<u64>,
    /// Whether each round trip is kept too, in the order of the echoes: eight bytes each.
    pub keep_samples: bool,
}

impl Default for Load {
    /// A thousand messages, one after the other.
    fn default() -> Load {
        Load {
            amount: Amount::Count(1000),
            connections: 1,
            pipeline: 1,
            rate: None,
            writes: 1,
            warmup: 0,
            patience: Duration::from_secs(30),
            per_connection: None,
            keep_samples: false,
        }
    }
}

/// What a message is, on this kind of socket.
#[derive(Clone, Copy, Debug)]
pub struct Form<'a> {
    /// Whether there are connections and boundaries.
    pub ty: Type,
    /// What stands around a message.
    pub codec: &'a Codec,
    /// The messages.
    pub messages: &'a Messages,
}

/// Runs a whole load over `first`, and over what `reopen` gives for more connections and when the server has closed.
/// `halt` ends it early.
pub fn run<O: Observer>(
    sys: Sys<'_, O>,
    form: Form<'_>,
    load: &Load,
    first: Client,
    reopen: impl FnMut() -> Result<Client, Error>,
    halt: &AtomicBool,
) -> Result<Echo, Error> {
    let mut echo = Echo::default();
    let mut generator = Generator::open(sys, form, load, Some(first), reopen, halt)?;
    generator.block(load.amount, &mut echo);
    generator.over(&mut echo);
    Ok(echo)
}
