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

#[cfg(test)]
mod tests {
    use super::*;

    /// Finds something when asked for the `nth` time.
    fn found(spin: Option<Duration>, nth: u32) -> (Result<Option<u32>, ()>, u32) {
        let mut asked = 0;
        let found = ask(spin, || {
            asked += 1;
            Ok((asked == nth).then_some(nth))
        });
        (found, asked)
    }

    #[test]
    fn it_asks_until_something_is_there() {
        assert_eq!(found(Some(Duration::MAX), 3), (Ok(Some(3)), 3));
    }

    #[test]
    fn it_asks_nobody_unless_the_profile_says_so() {
        assert_eq!(found(None, 1), (Ok(None), 0));
        assert_eq!(found(Some(Duration::ZERO), 1), (Ok(None), 0));
    }

    #[test]
    fn it_gives_up_when_the_time_has_passed() {
        let began = Instant::now();
        let (found, asked) = found(Some(Duration::from_millis(5)), u32::MAX);
        assert_eq!(found, Ok(None));
        assert!(asked > 0);
        assert!(began.elapsed() >= Duration::from_millis(5));
    }

    #[test]
    fn an_error_is_an_answer() {
        let mut asked = 0;
        let outcome = ask(Some(Duration::MAX), || {
            asked += 1;
            Err::<Option<()>, _>("no")
        });
        assert_eq!((outcome, asked), (Err("no"), 1));
    }
}
