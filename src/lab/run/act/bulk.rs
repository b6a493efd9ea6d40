//! What takes many calls: filling a buffer, sending everything, rounds of questions and answers, a crowd of clients.

use std::os::fd::AsFd as _;
use std::time::{Duration, Instant};

use nix::sys::socket::MsgFlags;

use super::{Act, Acted, Stop, pattern, talk};
use crate::lab::file::step::Held;
use crate::lab::file::wanted;
use crate::lab::run::outcome::Outcome;
use crate::lab::run::stage::Made;
use crate::socket::{Family, Triple, Type};
use crate::sys::errno::would_block;
use crate::sys::{Blocking, Readiness};

/// No experiment needs more, and a buffer that never fills must not take the memory.
const MOST_SENDS: usize = 100_000;

pub(super) fn fill(act: &Act<'_>) -> Acted {
    let made = act.fd()?;
    let chunk = pattern(act.bytes("bytes", 4096)?);
    let flags = talk::sending(act) | MsgFlags::MSG_DONTWAIT;
    let (mut sends, mut bytes) = (0, 0usize);
    while sends < MOST_SENDS && Instant::now() < act.deadline {
        match act.sys.send_with(made.as_fd(), &chunk, flags) {
            Ok(n) => {
                sends += 1;
                bytes += n;
            }
            Err(error) if would_block(&error) => {
                return Ok(Outcome {
                    parts: vec![("bytes".into(), bytes.to_string())],
                    ..Outcome::count(sends)
                });
            }
            Err(error) => return Err(error.into()),
        }
    }
    Err(Stop::Script(format!(
        "{sends} sends and it still took more"
    )))
}

pub(super) fn write(act: &Act<'_>) -> Acted {
    let made = act.fd()?;
    let payload = act.payload()?;
    let flags = talk::sending(act);
    let mut done = 0;
    while done < payload.len() {
        done += act.sys.send_with(made.as_fd(), &payload[done..], flags)?;
    }
    Ok(Outcome::count(done))
}

/// The bytes that came before the end or the error belong to the result: an errno takes nothing away.
pub(super) fn gather(act: &Act<'_>) -> Acted {
    let made = act.fd()?;
    let wanted = act.bytes("bytes", 0)?;
    let mut data = vec![0; wanted];
    let mut done = 0;
    let mut errno = None;
    while done < wanted {
        match act
            .sys
            .recv(made.as_fd(), &mut data[done..], MsgFlags::empty())
        {
            Ok(0) => break,
            Ok(n) => done += n,
            Err(error) => {
                errno = Some(crate::sys::errno::of(&error).name);
                break;
            }
        }
    }
    data.truncate(done);
    let end = match &errno {
        Some(errno) => errno.clone(),
        None if done < wanted => "end".into(),
        None => "all".into(),
    };
    Ok(Outcome {
        data: Some(data),
        errno,
        parts: vec![("bytes".into(), done.to_string()), ("end".into(), end)],
        ..Outcome::count(done)
    })
}

pub(super) fn exchange(act: &Act<'_>) -> Acted {
    let made = act.fd()?;
    let rounds = act.bytes("times", 1)?.clamp(1, 1000);
    let answer = act.bytes("bytes", 0)?;
    let pieces = act.step.texts("writes");
    let pieces: Vec<Vec<u8>> = pieces
        .iter()
        .map(|text| act.values.fill_bytes(text))
        .collect::<Result<_, _>>()?;
    // Flags such as MSG_MORE are about what follows: they do not belong to the last piece.
    let more = MsgFlags::from_bits_retain(act.step.bits("flags"));
    let mut buffer = vec![0; answer];
    let (mut fastest, mut slowest) = (Duration::MAX, Duration::ZERO);
    for _ in 0..rounds {
        let begun = Instant::now();
        for (n, piece) in pieces.iter().enumerate() {
            let last = n + 1 == pieces.len();
            let flags = if last { MsgFlags::empty() } else { more };
            let flags = flags | MsgFlags::MSG_NOSIGNAL;
            act.sys.send_with(made.as_fd(), piece, flags)?;
        }
        let mut done = 0;
        while done < answer {
            let n = act
                .sys
                .recv(made.as_fd(), &mut buffer[done..], MsgFlags::empty())?;
            if n == 0 {
                return Err(Stop::Script(format!("the peer closed after {done} bytes")));
            }
            done += n;
        }
        let took = begun.elapsed();
        (fastest, slowest) = (fastest.min(took), slowest.max(took));
    }
    let ns = fastest.as_nanos() as u64;
    let outcome = match rounds {
        1 => Outcome::count(answer),
        _ => Outcome::count(answer).aside(format!(
            "the fastest of {rounds} rounds took {}",
            wanted::time(ns)
        )),
    };
    Ok(Outcome {
        data: Some(buffer),
        elapsed_ns: ns.max(1),
        parts: vec![("slowest".into(), wanted::time(slowest.as_nanos() as u64))],
        ..outcome
    })
}

pub(super) fn crowd(act: &Act<'_>) -> Acted {
    let to = act.address(None)?;
    let count = act.bytes("count", 1)?.min(1000);
    let name = act.step.text("as").unwrap_or_default();
    let ty = match act.step.get("type") {
        Some(Held::Type(ty)) => *ty,
        _ => Type::Stream,
    };
    let triple = Triple::new(to.family(), ty);
    let payload = act.payload()?;
    for n in 1..=count {
        let fd = act.sys.socket_in(triple, Blocking::Yes)?;
        act.sys.connect(fd.as_fd(), &to)?;
        if act.step.get("data").is_some() {
            act.sys
                .send_with(fd.as_fd(), &payload, MsgFlags::MSG_NOSIGNAL)?;
        }
        act.stage.keep(&format!("{name}{n}"), fd, Some(triple));
    }
    Ok(Outcome::count(count))
}

/// Asks first, so that a listener that blocks stays as it is.
pub(super) fn accept_all(act: &Act<'_>) -> Acted {
    let listener: Made = act.fd()?;
    let triple = listener
        .triple
        .unwrap_or(Triple::new(Family::Ipv4, Type::Stream));
    let mut accepted = 0;
    loop {
        let ready = act
            .unseen()
            .poll(&[(listener.as_fd(), Readiness::Readable)], 0)?;
        if ready != [true] {
            return Ok(Outcome::count(accepted));
        }
        let (fd, _) = act.sys.accept(listener.as_fd(), Blocking::Yes)?;
        accepted += 1;
        if let Some(name) = act.step.text("as") {
            act.stage
                .keep(&format!("{name}{accepted}"), fd, Some(triple));
        }
    }
}
