//! Connect, one echo, close, again: what a connection costs from its handshake to its end.
//!
//! The client closes first and in order, so the server sees what it sees in life: the end of the stream, no reset.
//! `place` has taken away the TIME_WAIT that would remain here.

use std::io;
use std::time::{Duration, Instant};

use super::one::{Client, One};
use super::{Load, Tally, corrupt};
use crate::contender::Transport;
use crate::server::At;

/// Where to connect.
pub struct Connect {
    pub at: At,
    pub transport: Transport,
}

impl Load for Connect {
    fn run(&mut self, time: Duration) -> io::Result<Tally> {
        let mut tally = Tally::default();
        let start = Instant::now();
        while start.elapsed() < time {
            let mut one = One::open(&self.at, self.transport, Client::Sleeps)?;
            if !one.exchange()? {
                return Err(corrupt("lost"));
            }
            tally.units += 1;
        }
        tally.elapsed = start.elapsed();
        Ok(tally)
    }
}
