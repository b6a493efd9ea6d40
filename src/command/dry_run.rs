//! `--dry-run`: the calls that would be made, in order, each with the origin of its value. Opens nothing.

use std::fmt::Write as _;

use serde_json::json;

use crate::cli::Common;
use crate::error::Error;
use crate::escape;
use crate::option::Verdict;
use crate::plan::caveat::{Machine, caveats};
use crate::plan::{Act, Plan};
use crate::render::json::envelope;
use crate::sys::sysctl;

use super::output;

/// Prints the plans, one after the other.
pub(super) fn run(plans: &[&Plan], common: &Common) -> Result<(), Error> {
    if common.json {
        let all: Vec<_> = plans.iter().map(|plan| as_json(plan)).collect();
        return output::json(&envelope("plan", json!({ "plans": all })));
    }
    let mut out = String::new();
    for plan in plans {
        as_text(plan, &mut out);
    }
    output::text(&out)
}

fn as_text(plan: &Plan, out: &mut String) {
    let calls: Vec<String> = plan.steps.iter().map(ToString::to_string).collect();
    let width = calls
        .iter()
        .map(|c| c.chars().count())
        .max()
        .unwrap_or(0)
        .min(84);
    let role = match plan.role {
        crate::socket::Role::Serve => "serve",
        crate::socket::Role::Connect => "connect",
    };
    let _ = writeln!(
        out,
        "{role}: {} at {}, by {}",
        plan.triple,
        plan.address,
        escape::text(&plan.profile)
    );
    for (step, call) in plan.steps.iter().zip(&calls) {
        let phase = match &step.act {
            Act::Set(set) => format!("  {}", set.phase),
            _ => String::new(),
        };
        let _ = writeln!(
            out,
            "  {call:<width$}  # {}{phase}",
            escape::text(&step.origin)
        );
    }
    for caveat in known_in_advance(plan) {
        let _ = writeln!(out, "  {} {caveat}", Verdict::Adjusted.sign());
    }
}

fn as_json(plan: &Plan) -> serde_json::Value {
    let steps: Vec<_> = plan
        .steps
        .iter()
        .map(|step| {
            let phase = match &step.act {
                Act::Set(set) => Some(set.phase.name()),
                _ => None,
            };
            json!({ "call": step.to_string(), "origin": step.origin, "phase": phase })
        })
        .collect();
    json!({
        "profile": plan.profile,
        "socket": { "family": plan.triple.family.name(), "type": plan.triple.ty.name(),
                    "protocol": plan.triple.effective_protocol().0 },
        "address": plan.address.to_string(),
        "steps": steps,
        "caveats": known_in_advance(plan),
    })
}

/// The caveats of this machine.
pub(super) fn known_in_advance(plan: &Plan) -> Vec<String> {
    let capable = |name: &str| {
        name.parse()
            .is_ok_and(|cap| caps::has_cap(None, caps::CapSet::Effective, cap).unwrap_or(false))
    };
    caveats(
        plan,
        &Machine {
            sysctl: &sysctl::number,
            capable: &capable,
        },
    )
}
