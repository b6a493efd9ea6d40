//! `spin`: asking again for a while before a call may put this thread to sleep.
//!
//! Who sleeps has to be woken: a few microseconds that an answer which comes soon need not cost, if there is a core to
//! spare. Blocking engines ask in their receives, the others in their waits for readiness.

use std::io;
use std::time::{Duration, Instant};

use nix::sys::socket::MsgFlags;

use super::Context;
use super::turn::Peer;
use crate::event::Observer;
use crate::sys::{Blocking, errno};

/// Asks again and again for as long as the profile says, until something is there. `None`: nothing came, and now it is
/// time to wait. Without `spin` nobody is asked.
#[inline]
pub fn ask<T, E>(
    spin: Option<Duration>,
    mut now: impl FnMut() -> Result<Option<T>, E>,
) -> Result<Option<T>, E> {
    let Some(spin) = spin else {
        return Ok(None);
    };
    let began = Instant::now();
    while began.elapsed() < spin {
        if let Some(found) = now()? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// recv(2); on a socket whose calls wait, first without waiting for as long as the profile says.
#[inline(always)]
#[allow(clippy::inline_always, reason = "it is a part of every pass")]
pub fn receive<O: Observer>(
    context: Context<'_, O>,
    peer: Peer<'_>,
    buffer: &mut [u8],
    flags: MsgFlags,
) -> io::Result<usize> {
    if peer.blocking == Blocking::Yes
        && let Some(spin) = context.plan.serve.spin
    {
        return receive_spinning(context, peer, buffer, flags, spin);
    }
    context.sys.recv(peer.fd, buffer, flags)
}

#[cold]
fn receive_spinning<O: Observer>(
    context: Context<'_, O>,
    peer: Peer<'_>,
    buffer: &mut [u8],
    flags: MsgFlags,
    spin: Duration,
) -> io::Result<usize> {
    let now = flags | MsgFlags::MSG_DONTWAIT;
    let soon = ask(Some(spin), || {
        match context.sys.recv(peer.fd, buffer, now) {
            Err(error) if errno::would_block(&error) => Ok(None),
            outcome => outcome.map(Some),
        }
    });
    match soon? {
        Some(n) => Ok(n),
        None => context.sys.recv(peer.fd, buffer, flags),
    }
}
