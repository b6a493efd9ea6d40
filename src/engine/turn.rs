//! The one loop of recv and send. Engines differ only in how they wait between turns.
//!
//! A turn goes on until the kernel would make it wait, the session is over, or others should have a chance. It does
//! what [`Session::want`] says and nothing else; what it learns it enters into the accounts and tells the observer.

use std::io;
use std::os::fd::BorrowedFd;
use std::time::Duration;

use nix::sys::socket::MsgFlags;

use super::{Context, spin};
use crate::event::{Event, Observer};
use crate::plan::TruncatedKey;
use crate::session::{Close, Framing, Session, Want};
use crate::socket::SocketName;
use crate::sys::stop::Level;
use crate::sys::{Blocking, Readiness, errno};

/// What an engine has to wait for before the next turn.
#[derive(Debug)]
pub enum Wait {
    /// There is nothing to read.
    Readable,
    /// The kernel takes no more.
    Writable,
    /// Nothing: the turn ended so that others have theirs.
    Again,
    /// The profile's own pause; call [`Session::paused`] when it is over.
    Pause(Duration),
    /// The conversation is over.
    Gone(Gone),
}

/// How a conversation ended.
#[derive(Debug)]
pub enum Gone {
    /// The session decided.
    Ended(Close),
    /// A blocking receive or send waited as long as it may.
    TimedOut,
    /// A call failed.
    Failed(&'static str, io::Error),
}

/// How many receives one peer gets before the others have a chance.
const FAIR: usize = 64;

/// One connection as a turn sees it.
#[derive(Debug)]
pub struct Peer<'a> {
    /// Its socket.
    pub fd: BorrowedFd<'a>,
    /// Its address.
    pub name: &'a SocketName,
    /// Whether calls on the socket wait: then EAGAIN means that a timeout has passed.
    pub blocking: Blocking,
    /// What a receive that did not fill the buffer means.
    pub short: ShortRead,
}

/// What a receive that did not fill the buffer means to the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShortRead {
    /// Nothing: the next receive waits, or the end may be behind it and would not be told again.
    GoOn,
    /// Everything was read: waiting costs less than asking again.
    Drained,
}

/// What a receive left behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Left {
    Perhaps,
    Nothing,
}

/// Goes on with a conversation as far as it goes without waiting. Nothing stays lent: the buffer is free afterwards.
pub fn turn<O: Observer>(
    context: Context<'_, O>,
    peer: &Peer<'_>,
    session: &mut Session,
    buffer: &mut [u8],
) -> Wait {
    let wait = run(context, peer, session, buffer);
    session.release(buffer);
    wait
}

fn run<O: Observer>(
    context: Context<'_, O>,
    peer: &Peer<'_>,
    session: &mut Session,
    buffer: &mut [u8],
) -> Wait {
    let mut receives = 0;
    let mut left = Left::Perhaps;
    loop {
        let (call, outcome, wait) = match session.want() {
            Want::Recv if left == Left::Nothing && peer.short == ShortRead::Drained => {
                // What was asked of the session while it was busy must not wait for the peer.
                if stopped(context, session) {
                    continue;
                }
                return Wait::Readable;
            }
            Want::Recv if receives == FAIR => return Wait::Again,
            Want::Recv => {
                receives += 1;
                session.release(buffer);
                if stopped(context, session) {
                    continue;
                }
                let outcome = receive(context, peer, session, buffer).map(|after| left = after);
                ("recv", outcome, Wait::Readable)
            }
            // Who speaks without being asked never comes to a receive, where the order to stop is looked at.
            Want::Send if context.rules.handler.speaks_first() && stopped(context, session) => {
                continue;
            }
            Want::Send => ("send", send(context, peer, session, buffer), Wait::Writable),
            Want::Pause(pause) => return Wait::Pause(pause.length(&context.rules.pauses)),
            Want::Close(close) => return Wait::Gone(Gone::Ended(close)),
        };
        match outcome {
            Ok(()) => {}
            Err(error) if errno::interrupted(&error) => {}
            Err(error) if errno::would_block(&error) => {
                return match peer.blocking {
                    Blocking::Yes => Wait::Gone(Gone::TimedOut),
                    Blocking::No => wait,
                };
            }
            Err(error) => return Wait::Gone(Gone::Failed(call, error)),
        }
    }
}

/// Ends the session if it [`must_end`].
fn stopped<O: Observer>(context: Context<'_, O>, session: &mut Session) -> bool {
    let must = must_end(context, session);
    if must {
        give_up(context, session);
    }
    must
}

/// Whether the order to stop ends this session before its next call: at once if everything must go, else only if
/// nothing is unsent.
pub fn must_end<O: Observer>(context: Context<'_, O>, session: &Session) -> bool {
    match context.stop.level() {
        Level::Running | Level::Draining => false,
        Level::Closing => session.is_idle(),
        Level::Expired | Level::Now => true,
    }
}

/// Ends the session where it is; what it still held is entered as discarded.
pub fn give_up<O: Observer>(context: Context<'_, O>, session: &mut Session) {
    let lost = session.abandon() as u64;
    context.ledger.bytes_discarded.add(lost);
    if context.stop.level() != Level::Running {
        context.ledger.bytes_lost_at_stop.add(lost);
    }
}

fn receive<O: Observer>(
    context: Context<'_, O>,
    peer: &Peer<'_>,
    session: &mut Session,
    buffer: &mut [u8],
) -> io::Result<Left> {
    let n = spin::receive(context, peer, buffer, flags(context))?;
    let room = buffer.len();
    let chunk = &mut buffer[..n.min(room)];
    Ok(match took(context, peer.fd, peer.name, session, chunk, n) {
        Took::Bytes if n < room => Left::Nothing,
        Took::Bytes | Took::End => Left::Perhaps,
    })
}

/// The flags of a receive: a message longer than the buffer tells its real length only when asked to (recv(2),
/// MSG_TRUNC).
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

/// Takes what a receive gave: its result `n`, and as much of it in `chunk` as fitted. Whatever was lent before must have
/// been released; `chunk` is lent from now on.
pub fn took<O: Observer>(
    context: Context<'_, O>,
    fd: BorrowedFd<'_>,
    name: &SocketName,
    session: &mut Session,
    chunk: &mut [u8],
    n: usize,
) -> Took {
    let ledger = context.ledger;
    let messages = context.rules.framing == Framing::Message;
    if n == 0 && (!messages || is_the_end(context, fd)) {
        // Our own shutdown(2) wakes a receive with the same answer as the peer's end.
        if context.stop.level() >= Level::Closing {
            give_up(context, session);
        } else {
            let received = session.ended(context.rules);
            ledger.bytes_discarded.add(received.discarded as u64);
        }
        return Took::End;
    }
    ledger.bytes_received.add(n as u64);
    if n > chunk.len() {
        ledger.bytes_discarded.add((n - chunk.len()) as u64);
        context.sys.observer().event(&Event::Unanswered {
            peer: name,
            why: "longer than the buffer",
        });
        if context.plan.serve.truncated == TruncatedKey::Drop {
            ledger.bytes_discarded.add(chunk.len() as u64);
            return Took::Bytes;
        }
    }
    context.sys.observer().event(&Event::Received {
        peer: name,
        payload: chunk,
    });
    let received = session.received(context.rules, chunk);
    ledger.bytes_discarded.add(received.discarded as u64);
    Took::Bytes
}

/// Whether a receive of nothing on a socket with message boundaries was the end, and not an empty message: only at the
/// end is the peer's writing half shut down. An empty message right before the end reads as the end.
fn is_the_end<O: Observer>(context: Context<'_, O>, fd: BorrowedFd<'_>) -> bool {
    let done = context.sys.poll(&[(fd, Readiness::PeerDone)], 0);
    done.map_or(true, |ready| ready.first().copied().unwrap_or(true))
}

fn send<O: Observer>(
    context: Context<'_, O>,
    peer: &Peer<'_>,
    session: &mut Session,
    buffer: &[u8],
) -> io::Result<()> {
    let reply = session.reply(buffer);
    let n = context.sys.send(peer.fd, reply)?;
    gave(context, peer.name, session, buffer, n);
    Ok(())
}

/// Takes note that the kernel took the first `n` bytes of the reply; `chunk` is what is lent, if anything.
#[inline]
pub fn gave<O: Observer>(
    context: Context<'_, O>,
    name: &SocketName,
    session: &mut Session,
    chunk: &[u8],
    n: usize,
) {
    context.sys.observer().event(&Event::Sent {
        peer: name,
        payload: &session.reply(chunk)[..n],
    });
    session.sent(n);
    context.ledger.bytes_sent.add(n as u64);
    if context.rules.handler.speaks_first() {
        context.ledger.bytes_generated.add(n as u64);
    }
}
