//! Connections that have had their echo and wait: what one of them costs the server in memory.

use std::io;

use super::corrupt;
use super::one::{Client, One};
use crate::contender::Transport;
use crate::server::{Server, Trouble};

/// Anonymous memory per connection, in bytes. Each has been accepted for certain: it has been answered once.
pub fn bytes_per_connection(server: &mut Server, connections: usize) -> Result<f64, Trouble> {
    // The first pays for what is allocated once.
    let _first = answered(server)?;
    let before = server.anonymous_memory()?;
    let mut idle = Vec::with_capacity(connections);
    for _ in 0..connections {
        idle.push(answered(server)?);
    }
    let after = server.anonymous_memory()?;
    server.still_runs()?;
    Ok(after.saturating_sub(before) as f64 / connections as f64)
}

fn answered(server: &Server) -> io::Result<One> {
    let mut one = One::open(&server.at, Transport::Tcp, Client::Sleeps)?;
    if one.exchange()? {
        Ok(one)
    } else {
        Err(corrupt("lost"))
    }
}
