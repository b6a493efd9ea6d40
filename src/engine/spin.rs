//! `spin`: asking again for a while before a blocking call may put this thread to sleep.
//!
//! Who sleeps has to be woken: a few microseconds that an answer which comes soon need not cost, if there is a core to
//! spare. Engines that wait for readiness do the same with their waits.

use std::io;
use std::time::Instant;

use nix::sys::socket::MsgFlags;

use super::Context;
use super::turn::Peer;
use crate::event::Observer;
use crate::sys::{Blocking, errno};

/// recv(2); on a socket whose calls wait, first without waiting for as long as the profile says.
#[inline]
pub fn receive<O: Observer>(
    context: Context<'_, O>,
    peer: Peer<'_>,
    buffer: &mut [u8],
    flags: MsgFlags,
) -> io::Result<usize> {
    if peer.blocking == Blocking::Yes
        && let Some(spin) = context.plan.serve.spin
    {
        let began = Instant::now();
        while began.elapsed() < spin {
            let now = flags | MsgFlags::MSG_DONTWAIT;
            match context.sys.recv(peer.fd, buffer, now) {
                Err(error) if errno::would_block(&error) => {}
                outcome => return outcome,
            }
        }
    }
    context.sys.recv(peer.fd, buffer, flags)
}
