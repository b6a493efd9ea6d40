//! Asking the kernel: readiness, what is queued, the state of a connection, sysctls; and sums of what was found.

use serde_json::{Value as Json, json};

use super::{Act, Acted, Stop, unseen};
use crate::lab::file::step::Held;
use crate::lab::file::wanted;
use crate::lab::run::outcome::Outcome;
use crate::option::{OptionName, Value, find, tcp_state};
use crate::sys::{IoctlRequest, bits, sysctl};

pub(super) fn poll(act: &Act<'_>) -> Acted {
    let made = act.fd()?;
    let events = i16::try_from(act.step.bits("events")).unwrap_or_default();
    let timeout = act.step.time("timeout").unwrap_or_default();
    let timeout = i32::try_from(timeout.as_millis()).unwrap_or(i32::MAX);
    let found = act.sys.poll_events(&[(made.as_fd(), events)], timeout)?;
    let revents = found.first().copied().unwrap_or_default();
    Ok(Outcome {
        revents: Some(bits::poll_names(revents)),
        ..Outcome::of(i64::from(revents != 0))
    })
}

pub(super) fn ioctl(act: &Act<'_>) -> Acted {
    let word = act.step.text("request").unwrap_or_default();
    let request = IoctlRequest::from_name(word)
        .ok_or_else(|| Stop::Script(format!("no request is called {word}")))?;
    let n = act.sys.ioctl_int(act.fd()?.as_fd(), request)?;
    Ok(Outcome::value(n.into()))
}

/// One field of TCP_INFO, asked for without a line in the story.
fn tcp_info(act: &Act<'_>, field: &str) -> Result<i64, Stop> {
    let made = act.fd()?;
    let row = find("TCP_INFO").expect("the registry has it");
    let option = match made.triple {
        Some(triple) => OptionName::on(row, triple),
        None => OptionName::of(row),
    };
    let bytes = unseen().getsockopt(made.as_fd(), &option)?;
    match row.decode(&bytes).field(field) {
        Some(Value::Int(n)) => Ok(*n),
        _ => Err(Stop::Script(format!(
            "this kernel's TCP_INFO has no {field}"
        ))),
    }
}

pub(super) fn state(act: &Act<'_>) -> Acted {
    let number = tcp_info(act, "state")?;
    let state = tcp_state(number).unwrap_or("?");
    let name = act.step.text("fd").unwrap_or_default();
    Ok(Outcome::value(state.into()).aside(format!("TCP_INFO: {name} is {state}")))
}

/// tcp_get_info of a listener: tcpi_unacked is the length of its queue, tcpi_sacked the limit.
pub(super) fn queue(act: &Act<'_>) -> Acted {
    let (queued, limit) = (tcp_info(act, "unacked")?, tcp_info(act, "sacked")?);
    let outcome = Outcome::value(queued.into());
    Ok(Outcome {
        parts: vec![("limit".into(), limit.to_string())],
        ..outcome.aside(format!("TCP_INFO: queue {queued}, backlog {limit}"))
    })
}

pub(super) fn sysctl(act: &Act<'_>) -> Acted {
    let name = act.text("name")?.unwrap_or_default();
    if let Some(value) = act.text("set")? {
        if !name.starts_with("net.") {
            let why = "an experiment may set what belongs to its own network, net.*";
            return Err(Stop::Script(format!("{name}: {why}")));
        }
        sysctl::set_sysctl(&name, &value)?;
        return Ok(Outcome::of(0).aside(format!("{name} := {value}")));
    }
    let text = sysctl::text(&name)
        .ok_or_else(|| Stop::Script(format!("there is no sysctl {name} that can be read here")))?;
    let words: Vec<&str> = text.split_whitespace().collect();
    let value: Json = match words.as_slice() {
        [one] => one.parse::<i64>().map_or_else(|_| json!(one), |n| json!(n)),
        _ => json!(words.join(" ")),
    };
    Ok(Outcome::value(value).aside(format!("{name} = {}", words.join(" "))))
}

pub(super) fn sum(act: &Act<'_>) -> Acted {
    let mut total = 0i64;
    for text in act.step.texts("values") {
        let filled = act.values.fill(text)?;
        let n = wanted::number(&filled)
            .ok_or_else(|| Stop::Script(format!("{filled} is no number")))?;
        total = total.saturating_add(n);
    }
    Ok(Outcome::of(total).aside(format!("together {total}")))
}

/// As Python's `bytes.decode()`: all of it is UTF-8, or none of it is text.
pub(super) fn decode(act: &Act<'_>) -> Acted {
    let Some(Held::Text(text)) = act.step.get("value") else {
        return Err(Stop::Script("`value` is missing".into()));
    };
    let bytes = act.values.fill_bytes(text)?;
    let shown = crate::escape::bytes(&bytes);
    Ok(match std::str::from_utf8(&bytes) {
        Ok(text) => {
            Outcome::count(text.chars().count()).aside(format!("b\"{shown}\".decode() works"))
        }
        Err(error) => {
            let at = error.valid_up_to();
            Outcome::failed("UnicodeDecodeError").aside(format!(
                "b\"{shown}\".decode(): UnicodeDecodeError at byte {at}"
            ))
        }
    })
}
