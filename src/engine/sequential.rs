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
    let serve = |fd, peer| converse(context, fd, peer, buffer.bytes(), || {});
    // While it accepts no connection is open, so nobody could leave and make room.
    accept_all(context, server, serve, |wait| context.stop.pause(wait))
}
