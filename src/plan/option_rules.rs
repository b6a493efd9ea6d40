//! What a profile may not say about options on its triple; the other rules are in [`super::check`].

use super::choose::Chosen;
use crate::profile::{Need, OptionKey, Problem, Profile, Scope};
use crate::socket::{Address, Phase, Role};

pub(super) fn options_fit_the_triple(profile: &Profile, chosen: &Chosen) -> Vec<Problem> {
    let triple = chosen.triple;
    let known = !matches!(chosen.address.value, Address::Fd(_));
    let misfit = |key: &&OptionKey| known && key.need == Need::Required && !key.row.fits(triple);
    let problem = |key: &OptionKey| {
        let name = key.row.name;
        let why = key
            .row
            .why_not(triple)
            .unwrap_or_else(|| format!("{name} does not fit {triple}"));
        Problem::error(key.name_at, why)
            .help(format!(
                "`sockplay options {}` tells which sockets have it",
                name.to_lowercase()
            ))
            .help("`optional = true` in the long form tries it and goes on")
    };
    profile.options.iter().filter(misfit).map(problem).collect()
}

pub(super) fn options_have_a_socket_to_be_set_on(
    profile: &Profile,
    chosen: &Chosen,
) -> Vec<Problem> {
    if chosen.triple.ty.has_connections() {
        return Vec::new();
    }
    let lost = |key: &&OptionKey| {
        let accepted = key.scope == Scope::Accept;
        let after = key
            .phase
            .as_ref()
            .is_some_and(|p| p.value == Phase::PostAccept)
            && chosen.role == Role::Serve;
        accepted || after
    };
    let triple = chosen.triple;
    profile
        .options
        .iter()
        .filter(lost)
        .map(|key| {
            let message = format!(
                "{} would be set on accepted sockets, and {triple} sockets accept none",
                key.row.name
            );
            Problem::error(key.name_at, message).help("move it to [options]")
        })
        .collect()
}

/// The kernel says "success" to most options at any time; whether it still matters is ours to know.
pub(super) fn options_are_in_time(profile: &Profile, _: &Chosen) -> Vec<Problem> {
    let late = |key: &OptionKey| {
        let phase = match (&key.phase, key.scope) {
            (Some(phase), _) => phase.value,
            (None, Scope::Accept) => Phase::PostAccept,
            (None, _) => return None,
        };
        let why = key.row.warning_at(phase)?;
        let origin = key.phase.as_ref().map_or(key.name_at, |p| p.origin);
        let message = format!("{} at {phase} is {why}", key.row.name);
        Some(Problem::warning(origin, message).help(format!("its own phase is {}", key.row.phase)))
    };
    profile.options.iter().filter_map(late).collect()
}
