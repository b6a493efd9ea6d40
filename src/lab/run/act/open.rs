//! Making sockets, naming them, connecting them, closing them.

use super::{Act, Acted, Stop};
use crate::lab::file::step::Held;
use crate::lab::run::outcome::{Outcome, written};
use crate::socket::{Family, Protocol, Triple, Type};
use crate::sys::{Blocking, Half, Linger};

fn mode(act: &Act<'_>) -> Blocking {
    match act.step.get("mode") {
        Some(_) => Blocking::No,
        None => Blocking::Yes,
    }
}

fn triple(act: &Act<'_>, family: Family) -> Triple {
    let ty = match act.step.get("type") {
        Some(Held::Type(ty)) => *ty,
        _ => Type::Stream,
    };
    let protocol = match act.step.get("protocol") {
        Some(Held::Protocol(protocol)) => *protocol,
        _ => Protocol(0),
    };
    Triple::new(family, ty).with(protocol)
}

pub(super) fn socket(act: &Act<'_>) -> Acted {
    let family = match act.step.get("family") {
        Some(Held::Family(family)) => *family,
        _ => Family::Ipv4,
    };
    let triple = triple(act, family);
    let fd = act.sys.socket_in(triple, mode(act))?;
    match act.step.text("as") {
        Some(name) => act.stage.keep(name, fd, Some(triple)),
        None => act.sys.close(fd, Linger::AsSet),
    }
    Ok(Outcome::of(0))
}

pub(super) fn socketpair(act: &Act<'_>) -> Acted {
    let [one, other] = act.step.texts("as") else {
        return Err(Stop::Script("`as` must name two sockets".into()));
    };
    let triple = triple(act, Family::Unix);
    let (first, second) = act.sys.socketpair(triple)?;
    act.stage.keep(one, first, Some(triple));
    act.stage.keep(other, second, Some(triple));
    Ok(Outcome::of(0))
}

/// What is wanted of a name is asked for; nobody else pays for the call.
fn with_name(act: &Act<'_>, outcome: Outcome) -> Acted {
    if act.step.get("save").is_none() && act.step.get("name").is_none() {
        return Ok(outcome);
    }
    let name = act.sys.getsockname(act.fd()?.as_fd())?;
    Ok(Outcome {
        name: Some(written(&name)),
        ..outcome
    })
}

pub(super) fn bind(act: &Act<'_>) -> Acted {
    let made = act.fd()?;
    act.sys.bind(made.as_fd(), &act.address(made.triple)?)?;
    with_name(act, Outcome::of(0))
}

pub(super) fn listen(act: &Act<'_>) -> Acted {
    let backlog = act.number("backlog")?;
    let backlog = i32::try_from(backlog)
        .map_err(|_| Stop::Script(format!("listen(2) takes an int, not {backlog}")))?;
    act.sys.listen_at(act.fd()?.as_fd(), backlog)?;
    with_name(act, Outcome::of(0))
}

pub(super) fn accept(act: &Act<'_>) -> Acted {
    let listener = act.fd()?;
    let (fd, peer) = act.sys.accept(listener.as_fd(), mode(act))?;
    match act.step.text("as") {
        Some(name) => act.stage.keep(name, fd, listener.triple),
        None => act.sys.close(fd, Linger::AsSet),
    }
    Ok(Outcome {
        from: Some(written(&peer)),
        ..Outcome::at(&peer)
    })
}

pub(super) fn connect(act: &Act<'_>) -> Acted {
    let made = act.fd()?;
    act.sys.connect(made.as_fd(), &act.address(made.triple)?)?;
    Ok(Outcome::of(0))
}

pub(super) fn shutdown(act: &Act<'_>) -> Acted {
    let half = match act.step.text("how") {
        Some("read") => Half::Read,
        Some("write") => Half::Write,
        _ => Half::Both,
    };
    act.sys.shutdown(act.fd()?.as_fd(), half)?;
    Ok(Outcome::of(0))
}

pub(super) fn close(act: &Act<'_>) -> Acted {
    let fd = act.stage.give_up(act.step.text("fd").unwrap_or_default())?;
    act.sys.close(fd, Linger::AsSet);
    Ok(Outcome::of(0))
}

pub(super) fn getsockname(act: &Act<'_>) -> Acted {
    Ok(Outcome::at(&act.sys.getsockname(act.fd()?.as_fd())?))
}

pub(super) fn getpeername(act: &Act<'_>) -> Acted {
    Ok(Outcome::at(&act.sys.getpeername(act.fd()?.as_fd())?))
}

pub(super) fn dup(act: &Act<'_>) -> Acted {
    let made = act.fd()?;
    let fd = act.sys.dup(made.as_fd())?;
    let name = act.step.text("as").unwrap_or_default();
    act.stage.keep(name, fd, made.triple);
    Ok(Outcome::of(0))
}
