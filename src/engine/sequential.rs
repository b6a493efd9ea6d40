//! One peer at a time, in blocking calls: the article's server.
//!
//! Whoever is silent holds the queue until a timeout; that is this engine's nature and its lesson. The others wait in
//! the backlog, connected, and are served in the order in which they came.

use super::Context;
use super::blocking::{accept_all, converse};
use crate::error::Error;
use crate::event::Observer;
use crate::sys::Server;

/// Accepts and serves until the order to stop, then serves those who were already waiting.
pub fn serve<O: Observer>(context: Context<'_, O>, server: Server) -> Result<(), Error> {
    let mut buffer = context.buffer()?;
    accept_all(context, server, |fd, peer| {
        converse(context, fd, peer, buffer.bytes());
    })
}
