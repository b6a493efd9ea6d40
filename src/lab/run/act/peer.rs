//! A `sockplay serve` as the partner of an actor.

use super::{Act, Acted, Stop};
use crate::lab::run::outcome::Outcome;
use crate::lab::run::server::Served;

pub(super) fn serve(act: &Act<'_>) -> Acted {
    let profile = act.text("profile")?.unwrap_or_default();
    let mut set = Vec::new();
    for text in act.step.texts("set") {
        set.push(act.values.fill(text)?);
    }
    let served =
        Served::start(&profile, &set, &act.stage.directory, act.deadline).map_err(Stop::Script)?;
    let address = served.address().to_owned();
    let shown = match set.is_empty() {
        true => String::new(),
        false => format!(" with {}", set.join(", ")),
    };
    act.stage.servers().insert(act.step.actor.clone(), served);
    let outcome = Outcome {
        name: Some(address.clone()),
        ..Outcome::default()
    };
    Ok(outcome.aside(format!("sockplay serve -c {profile}{shown} on {address}")))
}

pub(super) fn says(act: &Act<'_>) -> Acted {
    let text = act.text("text")?.unwrap_or_default();
    let mut servers = act.stage.servers();
    let served = servers
        .get_mut(&act.step.actor)
        .ok_or_else(|| Stop::Script("this actor has started no server".into()))?;
    Ok(match served.said(&text, act.deadline) {
        Ok(line) => Outcome {
            data: Some(line.clone().into_bytes()),
            ..Outcome::of(0).aside(format!("logs {line}"))
        },
        Err(last) => Outcome::failed("never").aside(format!("the log ends with: {last}")),
    })
}

pub(super) fn stops(act: &Act<'_>) -> Acted {
    let served = act.stage.servers().remove(&act.step.actor);
    let served = served.ok_or_else(|| Stop::Script("this actor has started no server".into()))?;
    let code = served.stop(act.deadline).map_err(Stop::Script)?;
    Ok(Outcome::of(code.into()).aside(format!("sockplay serve ended with exit code {code}")))
}
