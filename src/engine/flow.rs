//! What becomes of the bytes of one receive or one send: entered into the accounts, told to the observer, handed to the
//! session.
//!
//! The one place for it: [`super::turn`] comes here after a call, the engine `uring` after a completion.

use std::os::fd::BorrowedFd;

use nix::sys::socket::MsgFlags;

use super::Context;
use crate::event::{Event, Observer};
use crate::plan::TruncatedKey;
use crate::session::{Framing, Session};
use crate::socket::SocketName;
use crate::sys::Readiness;
use crate::sys::stop::Level;

/// The flags of a receive: a message longer than the buffer tells its real length only when asked to (recv(2),
/// MSG_TRUNC).
#[inline]
pub fn flags<O: Observer>(context: Context<'_, O>) -> MsgFlags {
    match context.rules.framing {
        Framing::Message => MsgFlags::MSG_TRUNC,
        _ => MsgFlags::empty(),
    }
}

/// What a receive was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Took {
    /// Bytes, or a message.
    Bytes,
    /// The end.
    End,
}

/// Takes what a receive gave: its result `n`, and the bytes, as many as fitted, at the beginning of `room`. Whatever was lent before must have
/// been released; that beginning is lent from now on.
#[inline(always)]
#[allow(clippy::inline_always, reason = "it is a part of every turn")]
pub fn took<O: Observer>(
    context: Context<'_, O>,
    fd: BorrowedFd<'_>,
    name: &SocketName,
    session: &mut Session,
    room: &mut [u8],
    n: usize,
) -> Took {
    if n == 0 && is_the_end(context, fd) {
        ended(context, session);
        return Took::End;
    }
    context.ledger.bytes_received.add(n as u64);
    let chunk = if n <= room.len() {
        &mut room[..n]
    } else if is_answered_in_part(context, name, n, room.len()) {
        room
    } else {
        return Took::Bytes;
    };
    context.sys.observer().event(&Event::Received {
        peer: name,
        payload: chunk,
    });
    let received = session.received(context.rules, chunk);
    if received.discarded > 0 {
        let ledger = context.ledger;
        ledger.bytes_discarded.add(received.discarded as u64);
    }
    Took::Bytes
}

/// Whether a receive of nothing was the end. On a socket with message boundaries it may have been an empty message: only
/// at the end is the peer's writing half shut down. An empty message right before the end reads as the end.
#[cold]
fn is_the_end<O: Observer>(context: Context<'_, O>, fd: BorrowedFd<'_>) -> bool {
    if !matches!(context.rules.framing, Framing::Message) {
        return true;
    }
    let done = context.sys.poll(&[(fd, Readiness::PeerDone)], 0);
    done.map_or(true, |ready| ready.first().copied().unwrap_or(true))
}

#[cold]
fn ended<O: Observer>(context: Context<'_, O>, session: &mut Session) {
    // Our own shutdown(2) wakes a receive with the same answer as the peer's end.
    if context.stop.level() >= Level::Closing {
        return give_up(context, session);
    }
    let received = session.ended(context.rules);
    let ledger = context.ledger;
    ledger.bytes_discarded.add(received.discarded as u64);
}

/// A message that is longer than the buffer: whether what fitted is answered.
#[cold]
fn is_answered_in_part<O: Observer>(
    context: Context<'_, O>,
    peer: &SocketName,
    n: usize,
    fitted: usize,
) -> bool {
    let why = "longer than the buffer";
    context.ledger.bytes_discarded.add((n - fitted) as u64);
    context
        .sys
        .observer()
        .event(&Event::Unanswered { peer, why });
    let dropped = context.plan.serve.truncated == TruncatedKey::Drop;
    if dropped {
        context.ledger.bytes_discarded.add(fitted as u64);
    }
    !dropped
}

/// Takes note that the kernel took the first `n` bytes of the reply; `chunk` is what is lent, if anything.
#[inline(always)]
#[allow(clippy::inline_always, reason = "it is a part of every turn")]
pub fn gave<O: Observer>(
    context: Context<'_, O>,
    name: &SocketName,
    session: &mut Session,
    chunk: &[u8],
    n: usize,
) {
    if O::EVENTS {
        context.sys.observer().event(&Event::Sent {
            peer: name,
            payload: &session.reply(chunk)[..n],
        });
    }
    if session.speaks() {
        context.ledger.bytes_generated.add(n as u64);
    }
    session.sent(n);
    context.ledger.bytes_sent.add(n as u64);
}

/// Ends the session if it [`must_end`].
#[inline]
pub fn stopped<O: Observer>(context: Context<'_, O>, session: &mut Session) -> bool {
    let must = must_end(context, session);
    if must {
        give_up(context, session);
    }
    must
}

/// Whether the order to stop ends this session before its next call: at once if everything must go, else only if
/// nothing is unsent.
#[inline]
pub fn must_end<O: Observer>(context: Context<'_, O>, session: &Session) -> bool {
    !context.stop.is_running() && is_told_to_end(context, session)
}

#[cold]
fn is_told_to_end<O: Observer>(context: Context<'_, O>, session: &Session) -> bool {
    match context.stop.level() {
        Level::Running | Level::Draining => false,
        Level::Closing => session.is_idle(),
        Level::Expired | Level::Now => true,
    }
}

/// Ends the session where it is; what it still held is entered as discarded.
#[cold]
pub fn give_up<O: Observer>(context: Context<'_, O>, session: &mut Session) {
    let lost = session.abandon() as u64;
    context.ledger.bytes_discarded.add(lost);
    if context.stop.level() != Level::Running {
        context.ledger.bytes_lost_at_stop.add(lost);
    }
}
