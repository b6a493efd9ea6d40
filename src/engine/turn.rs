//! The one loop of recv and send. Engines differ only in how they wait between turns.
//!
//! A turn goes on until the kernel would make it wait, the session is over, or others should have a chance. It does
//! what [`Session::want`] says and nothing else; [`super::flow`] has what becomes of the bytes.

use std::io;
use std::os::fd::BorrowedFd;

use super::flow::{Took, flags, gave, stopped, took};
use super::{Context, spin};
use crate::event::Observer;
use crate::session::{Close, Pause, Session, Want};
use crate::socket::SocketName;
use crate::sys::{Blocking, errno};

/// What an engine has to wait for before the next turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// There is nothing to read.
    Readable,
    /// The kernel takes no more.
    Writable,
    /// Nothing: the turn ended so that others have theirs.
    Again,
    /// The profile's own pause; call [`Session::paused`] when it is over.
    Pause(Pause),
    /// The conversation is over.
    Gone(Gone),
}

/// How a conversation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gone {
    /// The session decided.
    Ended(Close),
    /// A blocking receive or send waited as long as it may.
    TimedOut,
    /// A call failed, with this errno.
    Failed(Call, i32),
}

/// A call whose failure ends a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// recv(2)
    Recv,
    /// send(2)
    Send,
    /// setsockopt(2), for the timeouts.
    Setsockopt,
    /// epoll_ctl(2), or whatever takes a descriptor into a set.
    Register,
}

impl Call {
    /// As the manual calls it.
    pub const fn name(self) -> &'static str {
        match self {
            Call::Recv => "recv",
            Call::Send => "send",
            Call::Setsockopt => "setsockopt",
            Call::Register => "epoll_ctl",
        }
    }
}

impl Gone {
    /// This call failed. Only system calls do, so there is an errno.
    pub fn failed(call: Call, error: &io::Error) -> Gone {
        Gone::Failed(call, error.raw_os_error().unwrap_or(libc::EIO))
    }
}

// A turn is answered in one register.
const _: () = assert!(size_of::<Pass>() <= 8);

/// How many receives and sends one peer gets before the others have a chance.
const FAIR: usize = 64;

/// One connection as a turn sees it.
#[derive(Clone, Copy, Debug)]
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
    peer: Peer<'_>,
    session: &mut Session,
    buffer: &mut [u8],
) -> Wait {
    let first = pass(context, peer, session, buffer);
    go_on(context, peer, session, buffer, first)
}

/// The rest of a turn whose first pass came to this.
#[cold]
pub fn go_on<O: Observer>(
    context: Context<'_, O>,
    peer: Peer<'_>,
    session: &mut Session,
    buffer: &mut [u8],
    mut last: Pass,
) -> Wait {
    for _ in 0..FAIR {
        match last {
            Pass::Drained => return Wait::Readable,
            Pass::More => {}
            Pass::Over(wait) => {
                session.release(buffer);
                return wait;
            }
        }
        if session.want() == Want::Recv {
            session.release(buffer);
        }
        last = pass(context, peer, session, buffer);
    }
    session.release(buffer);
    Wait::Again
}

/// What one pass came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pass {
    /// Everything was read and everything was sent: nothing is lent, and only the peer can go on.
    Drained,
    /// There is more to do at once.
    More,
    /// The turn is over.
    Over(Wait),
}

/// One receive and one send, or what the session wants of them: most often that is the whole turn, and an engine that
/// counts instructions makes the first pass itself. The buffer must not be lent when a receive is wanted.
#[inline(always)]
#[allow(clippy::inline_always, reason = "most turns are one pass")]
pub fn pass<O: Observer>(
    context: Context<'_, O>,
    peer: Peer<'_>,
    session: &mut Session,
    buffer: &mut [u8],
) -> Pass {
    let mut left = Left::Perhaps;
    if matches!(session.want(), Want::Recv) {
        if stopped(context, session) {
            return Pass::More;
        }
        match receive(context, peer, session, buffer) {
            Ok(after) => left = after,
            Err(error) => return refused(peer, Want::Recv, &error),
        }
    }
    if matches!(session.want(), Want::Send) {
        // Who speaks without being asked never comes to a receive, where the order to stop is looked at.
        if session.speaks() && stopped(context, session) {
            return Pass::More;
        }
        if let Err(error) = send(context, peer, session, buffer) {
            return refused(peer, Want::Send, &error);
        }
    }
    // Should the order to stop have come meanwhile, the bell rings, and everybody has a turn.
    let drained = left == Left::Nothing && peer.short == ShortRead::Drained;
    if drained && matches!(session.want(), Want::Recv) && session.pending() == 0 {
        return Pass::Drained;
    }
    left_over(session, drained)
}

/// What a session wants that has not been drained.
#[cold]
fn left_over(session: &Session, drained: bool) -> Pass {
    match session.want() {
        // The beginning of a frame, whose rest the peer has not sent yet.
        Want::Recv if drained => Pass::Over(Wait::Readable),
        Want::Recv | Want::Send => Pass::More,
        Want::Pause(pause) => Pass::Over(Wait::Pause(pause)),
        Want::Close(close) => Pass::Over(Wait::Gone(Gone::Ended(close))),
    }
}

/// What a call that failed means.
#[cold]
fn refused(peer: Peer<'_>, want: Want, error: &io::Error) -> Pass {
    let (call, unready) = match want {
        Want::Send => (Call::Send, Wait::Writable),
        _ => (Call::Recv, Wait::Readable),
    };
    if errno::interrupted(error) {
        return Pass::More;
    }
    Pass::Over(match peer.blocking {
        _ if !errno::would_block(error) => Wait::Gone(Gone::failed(call, error)),
        Blocking::Yes => Wait::Gone(Gone::TimedOut),
        Blocking::No => unready,
    })
}

#[inline(always)]
#[allow(clippy::inline_always, reason = "it is a part of every pass")]
fn receive<O: Observer>(
    context: Context<'_, O>,
    peer: Peer<'_>,
    session: &mut Session,
    buffer: &mut [u8],
) -> io::Result<Left> {
    let n = spin::receive(context, peer, buffer, flags(context))?;
    let room = buffer.len();
    Ok(
        match took(context, peer.fd, peer.name, session, buffer, n) {
            Took::Bytes if n < room => Left::Nothing,
            Took::Bytes | Took::End => Left::Perhaps,
        },
    )
}

#[inline(always)]
#[allow(clippy::inline_always, reason = "it is a part of every pass")]
fn send<O: Observer>(
    context: Context<'_, O>,
    peer: Peer<'_>,
    session: &mut Session,
    buffer: &[u8],
) -> io::Result<()> {
    let n = context.sys.send(peer.fd, session.reply(buffer))?;
    gave(context, peer.name, session, buffer, n);
    Ok(())
}
