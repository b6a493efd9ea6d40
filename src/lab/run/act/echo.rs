//! An actor that answers what it gets: datagrams, or so many bytes of a stream, as a server of its own making.

use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

use nix::sys::socket::MsgFlags;

use super::{Act, Acted, Stop, option};
use crate::lab::file::step::Held;
use crate::lab::run::outcome::Outcome;
use crate::option::{OptionName, find};
use crate::sys::Readiness;
use crate::sys::ancillary::{Ancillary, Arrived};

pub(super) fn echo(act: &Act<'_>) -> Acted {
    let made = act.fd()?;
    let most = act.number("times")?;
    let mut echoes = 0;
    while echoes < most && Instant::now() < act.deadline && comes(act, made.as_fd())? {
        let answered = match act.step.get("bytes") {
            Some(_) => of_stream(act, made.as_fd())?,
            None => of_datagram(act, made.as_fd())?,
        };
        match answered {
            Answered::Yes => echoes += 1,
            Answered::No => {}
            Answered::Over => break,
        }
    }
    Ok(Outcome::of(echoes))
}

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answered {
    Yes,
    /// It was dropped.
    No,
    /// There was none: the peer has closed.
    Over,
}

/// Whether something arrives while it is worth waiting.
fn comes(act: &Act<'_>, fd: BorrowedFd<'_>) -> Result<bool, Stop> {
    let idle = act.step.time("idle").unwrap_or(Duration::from_millis(500));
    let idle = i32::try_from(idle.as_millis()).unwrap_or(i32::MAX);
    let ready = act.unseen().poll(&[(fd, Readiness::Readable)], idle)?;
    Ok(ready == [true])
}

/// Receives until there is a whole message, and sends it back in one piece.
fn of_stream(act: &Act<'_>, fd: BorrowedFd<'_>) -> Result<Answered, Stop> {
    let mut message = vec![0; act.bytes("bytes", 1)?.max(1)];
    let mut done = 0;
    while done < message.len() {
        let n = act.sys.recv(fd, &mut message[done..], MsgFlags::empty())?;
        if n == 0 {
            return Ok(Answered::Over);
        }
        done += n;
        set(act, fd)?;
    }
    act.sys.send_with(fd, &message, MsgFlags::MSG_NOSIGNAL)?;
    Ok(Answered::Yes)
}

/// The options of `set`, for those that the kernel forgets again: TCP_QUICKACK.
fn set(act: &Act<'_>, fd: BorrowedFd<'_>) -> Result<(), Stop> {
    if let Some(Held::Ancillary(items)) = act.step.get("set") {
        for (row, value) in items {
            let payload = option::payload(act, row.0, value)?;
            act.sys.setsockopt(fd, &OptionName::of(row.0), &payload)?;
        }
    }
    Ok(())
}

fn of_datagram(act: &Act<'_>, fd: BorrowedFd<'_>) -> Result<Answered, Stop> {
    let guarded = act.step.get("guard").is_some();
    let mut buffer = vec![0; 2048];
    let come = act
        .sys
        .receive_message(fd, &mut buffer, 256, MsgFlags::MSG_DONTWAIT)?;
    set(act, fd)?;
    let mut control = Vec::new();
    if guarded {
        match ttl(&come.control) {
            Some(ttl) if ttl > 1 => control.push(Ancillary::Option {
                row: find("IP_TTL").expect("the registry has it"),
                bytes: (ttl - 1).to_ne_bytes().to_vec(),
            }),
            // Used up: it is dropped, and with it the loop.
            Some(_) => return Ok(Answered::No),
            None => {
                return Err(Stop::Script(
                    "`guard` needs IP_RECVTTL to be set on this socket".into(),
                ));
            }
        }
    }
    let bytes = &buffer[..come.len];
    act.sys.send_message(
        fd,
        come.from.as_ref(),
        bytes,
        &control,
        MsgFlags::MSG_NOSIGNAL,
    )?;
    Ok(Answered::Yes)
}

fn ttl(control: &[Arrived]) -> Option<i32> {
    control.iter().find_map(|arrived| match arrived {
        Arrived::Other { name, bytes, .. } if name == "IP_TTL" => {
            Some(i32::from_ne_bytes(bytes.get(..4)?.try_into().ok()?))
        }
        _ => None,
    })
}
