//! Sending and receiving, one call each.

use std::os::fd::BorrowedFd;

use nix::sys::socket::MsgFlags;

use super::{Act, Acted, Stop, option};
use crate::lab::file::step::Held;
use crate::lab::run::outcome::{Outcome, written};
use crate::lab::run::stage::Made;
use crate::sys::ancillary::{Ancillary, Arrived};
use crate::sys::bits;

/// The flags of a send: MSG_NOSIGNAL beside those of the step, unless the step wants the signal.
pub(super) fn sending(act: &Act<'_>) -> MsgFlags {
    let written = MsgFlags::from_bits_retain(act.step.bits("flags"));
    match act.step.text("signal") {
        Some("default") => written,
        _ => written | MsgFlags::MSG_NOSIGNAL,
    }
}

fn receiving(act: &Act<'_>) -> MsgFlags {
    MsgFlags::from_bits_retain(act.step.bits("flags"))
}

pub(super) fn send(act: &Act<'_>) -> Acted {
    let payload = act.payload()?;
    let sent = act
        .sys
        .send_with(act.fd()?.as_fd(), &payload, sending(act))?;
    Ok(Outcome::count(sent))
}

pub(super) fn sendto(act: &Act<'_>) -> Acted {
    let made = act.fd()?;
    let to = act.address(made.triple)?;
    let sent = act
        .sys
        .sendto(made.as_fd(), &act.payload()?, sending(act), &to)?;
    Ok(Outcome::count(sent))
}

pub(super) fn sendmsg(act: &Act<'_>) -> Acted {
    let made = act.fd()?;
    let to = match act.step.get("address") {
        Some(_) => Some(act.address(made.triple)?),
        None => None,
    };
    let passed = passed(act)?;
    let mut control = Vec::new();
    if !passed.is_empty() {
        let descriptors: Vec<BorrowedFd<'_>> = passed.iter().map(Made::as_fd).collect();
        control.push(Ancillary::Rights(descriptors));
    }
    if act.step.get("credentials").is_some() {
        control.push(Ancillary::Credentials {
            pid: nix::unistd::getpid().as_raw(),
            uid: nix::unistd::getuid().as_raw(),
            gid: nix::unistd::getgid().as_raw(),
        });
    }
    if let Some(Held::Ancillary(items)) = act.step.get("ancillary") {
        for (row, value) in items {
            let bytes = option::payload(act, row.0, value)?.bytes;
            control.push(Ancillary::Option { row: row.0, bytes });
        }
    }
    let payload = act.payload()?;
    let sent = act
        .sys
        .send_message(made.as_fd(), to.as_ref(), &payload, &control, sending(act))?;
    Ok(Outcome::count(sent))
}

/// The sockets to pass, the whole list so many times.
fn passed(act: &Act<'_>) -> Result<Vec<Made>, Stop> {
    let copies = act.bytes("copies", 1)?;
    let mut passed = Vec::new();
    for _ in 0..copies.min(1000) {
        for name in act.step.texts("pass") {
            passed.push(act.stage.socket(name)?);
        }
    }
    Ok(passed)
}

pub(super) fn recv(act: &Act<'_>) -> Acted {
    let mut buffer = vec![0; act.bytes("buffer", 1024)?];
    let n = act
        .sys
        .recv(act.fd()?.as_fd(), &mut buffer, receiving(act))?;
    buffer.truncate(n);
    Ok(Outcome {
        data: Some(buffer),
        ..Outcome::count(n)
    })
}

pub(super) fn recvfrom(act: &Act<'_>) -> Acted {
    let mut buffer = vec![0; act.bytes("buffer", 1024)?];
    let (n, from) = act
        .sys
        .recvfrom(act.fd()?.as_fd(), &mut buffer, receiving(act))?;
    buffer.truncate(n);
    Ok(Outcome {
        data: Some(buffer),
        from: from.as_ref().map(written),
        ..Outcome::count(n)
    })
}

pub(super) fn recvmsg(act: &Act<'_>) -> Acted {
    let mut buffer = vec![0; act.bytes("buffer", 1024)?];
    let room = act.bytes("control", 1024)?;
    let come = act
        .sys
        .receive_message(act.fd()?.as_fd(), &mut buffer, room, receiving(act))?;
    buffer.truncate(come.len);
    // Asked for by the gate itself, and given back by the kernel.
    let flags = come.flags & !libc::MSG_CMSG_CLOEXEC;
    let mut outcome = Outcome {
        data: Some(buffer),
        from: come.from.as_ref().map(written),
        msg_flags: Some(bits::message_flag_names(flags)),
        passed: Some(0),
        ..Outcome::count(come.len)
    };
    for arrived in come.control {
        took(act, arrived, &mut outcome);
    }
    Ok(outcome)
}

fn took(act: &Act<'_>, arrived: Arrived, outcome: &mut Outcome) {
    match arrived {
        Arrived::Rights(descriptors) => {
            outcome.passed = Some(descriptors.len() as i64);
            // Those that nobody named are closed here and now.
            for (name, fd) in act.step.texts("as").iter().zip(descriptors) {
                act.stage.keep(name, fd, None);
            }
        }
        // The descriptor of a process is closed again: that it came is all that a step can ask.
        other => {
            let json = serde_json::to_value(other.value()).unwrap_or_default();
            outcome.ancillary.push((other.name().to_owned(), json));
        }
    }
}
