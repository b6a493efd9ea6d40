//! From exec to the first echo: how long a server takes until it is one.
//!
//! The port is known beforehand and connected to until that succeeds, for every program alike, whether it says when it
//! is ready or not. A refused attempt costs about 10 µs of the load's core, and that is the resolution.

use std::process::Command;
use std::time::{Duration, Instant};

use super::corrupt;
use super::one::{Client, One};
use crate::contender::Transport;
use crate::place::Cores;
use crate::server::{At, Server, Trouble};

const PATIENCE: Duration = Duration::from_secs(10);

/// The time of one start, and the CPU time that the server has used by then.
pub fn once(command: &mut Command, at: At, cores: Cores) -> Result<(Duration, Duration), Trouble> {
    let begin = Instant::now();
    let mut server = Server::spawn(command, at, cores)?;
    let mut one = loop {
        match One::open(&server.at, Transport::Tcp, Client::Sleeps) {
            Ok(one) => break one,
            Err(_) if begin.elapsed() < PATIENCE => server.still_runs()?,
            Err(e) => return Err(e.into()),
        }
    };
    if !one.exchange()? {
        return Err(corrupt("lost").into());
    }
    Ok((begin.elapsed(), server.cpu()?))
}
