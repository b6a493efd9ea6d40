//! What a profile may not say about engines and workers; the other rules are in [`super::check`].

use super::check::{refuse, written_some};
use super::choose::Chosen;
use crate::option::Value;
use crate::profile::{EngineKey, Origin, Problem, Profile};
use crate::socket::{Address, Family, Role, Type};

pub(super) fn engine_keys_need_their_engine(profile: &Profile, _: &Chosen) -> Vec<Problem> {
    let s = &profile.serve;
    let of = |engine: EngineKey, name: &str, keys: [Option<(&'static str, Origin)>; 2]| {
        if s.engine.value == engine {
            return Vec::new();
        }
        let help = format!("remove the key, or set serve.engine = \"{name}\"");
        refuse(
            profile,
            keys,
            &format!("it belongs to the engine \"{name}\""),
            &help,
        )
    };
    let mut problems = of(
        EngineKey::Epoll,
        "epoll",
        [written_some("serve.trigger", s.trigger.as_ref()), None],
    );
    problems.extend(of(
        EngineKey::Threads,
        "threads",
        [
            written_some("serve.stack_size", s.stack_size.as_ref()),
            None,
        ],
    ));
    let ring = [
        written_some("serve.ring.entries", s.ring_entries.as_ref()),
        written_some("serve.ring.buffers", s.ring_buffers.as_ref()),
    ];
    problems.extend(of(EngineKey::Uring, "uring", ring));
    problems
}

/// Workers have one address each: the same one. socket(7): SO_REUSEPORT, on internet sockets only.
pub(super) fn workers_need_an_address_to_share(profile: &Profile, chosen: &Chosen) -> Vec<Problem> {
    let workers = &profile.serve.workers;
    if chosen.role != Role::Serve || !workers.value.are_several() {
        return Vec::new();
    }
    let family = chosen.triple.family;
    let why = match (&chosen.address.value, family, chosen.triple.ty) {
        (Address::Fd(_), _, _) => "there is one inherited socket, and each worker needs its own",
        (_, Family::Unix, _) => {
            "only one socket can have a unix name, and each worker needs its own"
        }
        (_, _, Type::Raw) => {
            "every raw socket gets a copy of each packet, so each worker would answer it"
        }
        _ => return reuseport_is_on(profile),
    };
    let help = "several workers share an internet address with SO_REUSEPORT; otherwise workers = 1";
    refuse(
        profile,
        [Some(("serve.workers", workers.origin))],
        why,
        help,
    )
}

fn reuseport_is_on(profile: &Profile) -> Vec<Problem> {
    let off = profile.options.iter().filter(|key| {
        let value = &key.value.value;
        key.row.name == "SO_REUSEPORT" && matches!(value, Value::Bool(false) | Value::Int(0))
    });
    off.map(|key| {
        let message = "several workers need SO_REUSEPORT, and this switches it off";
        Problem::error(key.value.origin, message).help("leave it out, or set workers = 1")
    })
    .collect()
}
