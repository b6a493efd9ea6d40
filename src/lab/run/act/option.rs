//! setsockopt(2) and getsockopt(2) by the registry's names, with any value: what the kernel refuses is the subject.

use serde_json::Value as Json;

use super::{Act, Acted, Stop};
use crate::lab::file::step::Held;
use crate::lab::file::wanted;
use crate::lab::run::outcome::Outcome;
use crate::lab::run::stage::Made;
use crate::option::{OptionName, Payload, Row, Value};

/// A row, at the level that it has on this socket.
fn on(row: &'static Row, made: &Made) -> OptionName {
    match made.triple {
        Some(triple) => OptionName::on(row, triple),
        None => OptionName::of(row),
    }
}

fn row(act: &Act<'_>) -> Result<&'static Row, Stop> {
    act.step
        .option()
        .ok_or_else(|| Stop::Script("`option` is missing".into()))
}

pub(super) fn set(act: &Act<'_>) -> Acted {
    let (made, row) = (act.fd()?, row(act)?);
    let Some(Held::Value(value)) = act.step.get("value") else {
        return Err(Stop::Script("`value` is missing".into()));
    };
    let payload = payload(act, row, value)?;
    act.sys
        .setsockopt(made.as_fd(), &on(row, &made), &payload)?;
    Ok(Outcome::of(0))
}

/// The registry's bytes; a number that it refuses goes to the kernel as a C int, which is what a C program would do.
pub(super) fn payload(act: &Act<'_>, row: &'static Row, value: &Value) -> Result<Payload, Stop> {
    let value = match value {
        Value::Text(text) if text.contains('$') => {
            let filled = act.values.fill(text)?;
            wanted::number(&filled).map_or(Value::Text(filled), Value::Int)
        }
        other => other.clone(),
    };
    match (row.encode(&value), &value) {
        (Ok(payload), _) => Ok(payload),
        (Err(why), Value::Int(n)) => match i32::try_from(*n) {
            Ok(int) => Ok(int.to_ne_bytes().to_vec().into()),
            Err(_) => Err(Stop::Script(format!("{} {why}", row.name))),
        },
        (Err(why), _) => Err(Stop::Script(format!("{} {why}", row.name))),
    }
}

pub(super) fn get(act: &Act<'_>) -> Acted {
    let (made, row) = (act.fd()?, row(act)?);
    let bytes = act.sys.getsockopt(made.as_fd(), &on(row, &made))?;
    let value = row.decode(&bytes);
    let json = serde_json::to_value(&value).unwrap_or(Json::Null);
    let named = row.plain(&value);
    Ok(Outcome {
        named: Some(named),
        ..Outcome::value(json)
    })
}
