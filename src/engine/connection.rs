//! The beginning and the end of a connection: options, timeouts, who may connect, how it is closed, and its accounts.

use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::sync::atomic::Ordering;

use super::Context;
use super::flow::give_up;
use super::ledger::Count;
use super::turn::Gone;
use crate::error::Error;
use crate::event::{Event, Observer};
use crate::session::{Close, Manner, Session};
use crate::socket::{Address, Phase, SocketName, UnixName};
use crate::sys::stop::Level;
use crate::sys::{Linger, Readback, Timeout, errno};

/// An accepted socket and its conversation.
#[derive(Debug)]
pub struct Connection {
    /// The accepted socket.
    pub fd: OwnedFd,
    /// Who.
    pub peer: SocketName,
    /// What to do next.
    pub session: Session,
}

/// Enters a connection into the accounts and prepares its socket. `None`: it was closed again, and the observer knows.
pub fn begin<O: Observer>(
    context: Context<'_, O>,
    fd: OwnedFd,
    peer: SocketName,
) -> Option<Connection> {
    context.ledger.accepted.add(1);
    context
        .sys
        .observer()
        .event(&Event::Accepted { peer: &peer });
    let connection = Connection {
        fd,
        peer,
        session: Session::new(context.rules),
    };
    let refused = match prepare(context, &connection) {
        Ok(None) => return Some(connection),
        Ok(Some(why)) => why,
        Err(error) => error.to_string().replace('\n', "; "),
    };
    over(
        context,
        connection,
        &refused,
        Linger::Reset,
        &context.ledger.failed,
    );
    None
}

fn prepare<O: Observer>(
    context: Context<'_, O>,
    connection: &Connection,
) -> Result<Option<String>, Error> {
    let fd = connection.fd.as_fd();
    // An abstract name has no permissions, so anybody can connect: the peer's user is looked at instead (unix(7)).
    if matches!(context.plan.address, Address::Unix(UnixName::Abstract(_)))
        && let Some(uid) = context.sys.foreign_user(fd)
    {
        return Ok(Some(format!(
            "uid {uid} is not allowed on this abstract name"
        )));
    }
    if context.plan.options_at(Phase::PostAccept).next().is_some() {
        let readback = if context.books.told.swap(true, Ordering::Relaxed) {
            Readback::Nothing
        } else {
            Readback::After
        };
        context.sys.set_accepted(fd, context.plan, readback)?;
    }
    Ok(None)
}

/// How long one blocking receive or send waits: the profile's own SO_RCVTIMEO and SO_SNDTIMEO have precedence.
pub fn set_timeouts<O: Observer>(
    context: Context<'_, O>,
    connection: &Connection,
) -> io::Result<()> {
    let plan = context.plan;
    for (name, which, after) in [
        ("SO_RCVTIMEO", Timeout::Receive, context.silence()),
        ("SO_SNDTIMEO", Timeout::Send, plan.serve.idle_timeout),
    ] {
        if !plan.sets(name) {
            context
                .sys
                .set_timeout(connection.fd.as_fd(), which, after)?;
        }
    }
    Ok(())
}

/// Closes a connection whose conversation is over.
pub fn end<O: Observer>(context: Context<'_, O>, mut connection: Connection, gone: Gone) {
    let ledger = context.ledger;
    match gone {
        Gone::Ended(Close::Stopped) if context.stop.level() == Level::Now => {
            over(
                context,
                connection,
                "stopped at once",
                Linger::Reset,
                &ledger.reset,
            );
        }
        Gone::Ended(close) => {
            let (linger, count) = (linger(context, close), count(context, close));
            over(context, connection, close.why(), linger, count);
        }
        Gone::TimedOut => {
            give_up(context, &mut connection.session);
            let close = match connection.session.want() {
                crate::session::Want::Close(close) => close,
                _ => Close::GivenUp,
            };
            over(
                context,
                connection,
                timeout(context),
                linger(context, close),
                &ledger.closed_by_rule,
            );
        }
        Gone::Failed(call, errno) => {
            give_up(context, &mut connection.session);
            let errno = errno::of(&io::Error::from_raw_os_error(errno));
            let (call, says) = (call.name(), errno.says.to_lowercase());
            let why = format!("{call}: {says} ({})", errno.name);
            // What the peer has not read is lost with the error, so the end must not look clean.
            let count = match context.stop.level() {
                // shutdown(2) from the thread that reads the signals made the call fail.
                Level::Expired | Level::Now => &ledger.reset,
                _ => &ledger.failed,
            };
            over(context, connection, &why, Linger::Reset, count);
        }
    }
}

/// Where a conversation that came to its end is counted.
fn count<O: Observer>(context: Context<'_, O>, close: Close) -> &Count {
    let ledger = context.ledger;
    match close {
        Close::PeerEnded => &ledger.closed_by_peer,
        Close::GivenUp if context.stop.level() != Level::Running => &ledger.reset,
        Close::RequestsDone | Close::Unanswered | Close::Stopped | Close::GivenUp => {
            &ledger.closed_by_rule
        }
        Close::FrameTooLong | Close::BadHeader | Close::UnfinishedFrame | Close::Unasked => {
            &ledger.failed
        }
    }
}

fn timeout<O: Observer>(context: Context<'_, O>) -> &'static str {
    match context.plan.read_timeout {
        Some(read) if read < context.plan.serve.idle_timeout => {
            "silent for longer than read_timeout"
        }
        _ => "silent for longer than idle_timeout",
    }
}

fn linger<O: Observer>(context: Context<'_, O>, close: Close) -> Linger {
    match close.manner(context.rules.close) {
        Manner::Fin => Linger::AsSet,
        Manner::Reset => Linger::Reset,
    }
}

fn over<O: Observer>(
    context: Context<'_, O>,
    connection: Connection,
    why: &str,
    linger: Linger,
    count: &Count,
) {
    context.sys.close(connection.fd, linger);
    count.add(1);
    context.sys.observer().event(&Event::Closed {
        peer: &connection.peer,
        why,
    });
}
