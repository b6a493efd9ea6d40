//! The calls that open a socket, in order, as data: they can be printed, compared and tested before anything opens.

use std::fmt;

use super::choose::{Chosen, backlog};
use super::own_options::{guards, usual_reply, workers};
use crate::option::{OptionName, Payload, Value};
use crate::profile::{Need, OptionKey, Origin, Problem, Profile, Scope};
use crate::socket::{Address, Inherited, Phase, Role, Triple, UnixName};

/// One call, and where its value came from.
#[derive(Clone, Debug)]
pub struct Step {
    /// The call.
    pub act: Act,
    /// `default`, `configs/tcp4.toml:12`, `--set`.
    pub origin: String,
}

/// What a step does.
#[derive(Clone, Debug)]
pub enum Act {
    /// socket(2)
    Socket(Triple),
    /// Take over an inherited descriptor, after looking at what it is.
    Adopt(Inherited),
    /// setsockopt(2)
    Set(Box<SetOption>),
    /// bind(2), after the name has been resolved.
    Bind(Address),
    /// listen(2)
    Listen(u32),
    /// accept4(2), for each client.
    Accept,
    /// connect(2), after the name has been resolved.
    Connect(Address),
}

/// One setsockopt(2).
#[derive(Clone, Debug)]
pub struct SetOption {
    /// Which.
    pub option: OptionName,
    /// As written; a size or a time as the number it stands for.
    pub requested: Value,
    /// As the kernel takes it.
    pub payload: Payload,
    /// When.
    pub phase: Phase,
    /// Whether a refusal ends the run.
    pub need: Need,
    /// Whether a user asked for it, or a guard of ours needs it.
    pub wish: Wish,
}

/// Whose wish an option is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// The profile's: what became of it is reported.
    Profile,
    /// Ours, for the datagram guards or for workers: it is set, and nothing is said unless it fails.
    Ours,
}

impl fmt::Display for Step {
    /// As a trace will show it, with `fd` for the descriptor that does not exist yet.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.act {
            Act::Socket(t) => {
                let (family, ty) = (t.family.c_name(), t.ty.c_name());
                write!(
                    f,
                    "socket({family}, {ty}|SOCK_CLOEXEC, {})",
                    t.protocol_argument()
                )
            }
            Act::Adopt(inherited) => write!(f, "adopt the descriptor {inherited}"),
            Act::Set(set) => {
                let value = set.option.in_trace(&set.payload.bytes);
                let (level, name) = (&set.option.level_in_trace, &set.option.name);
                write!(
                    f,
                    "setsockopt(fd, {level}, {name}, {value}, {})",
                    set.payload.bytes.len()
                )
            }
            Act::Bind(address) => write!(f, "bind(fd, {})", shown(address)),
            Act::Listen(backlog) => write!(f, "listen(fd, {backlog})"),
            Act::Accept => write!(f, "accept4(fd, peer, SOCK_CLOEXEC)"),
            Act::Connect(address) => write!(f, "connect(fd, {})", shown(address)),
        }
    }
}

fn shown(address: &Address) -> String {
    match address {
        Address::Unix(UnixName::Unnamed) => "an abstract name of the kernel's choice".into(),
        address => address.to_string(),
    }
}

/// The steps for the chosen triple, address and role, or what is wrong with an option's value.
pub(super) fn steps(profile: &Profile, chosen: &Chosen) -> Result<Vec<Step>, Vec<Problem>> {
    let options = Options::collect(profile, chosen)?;
    let place = |origin| profile.place(origin);
    let mut steps = vec![opening(profile, chosen)];
    let adopted = matches!(chosen.address.value, Address::Fd(_));
    options.push(&mut steps, Phase::PostSocket);
    options.push(&mut steps, Phase::PreBind);
    match chosen.role {
        Role::Serve => {
            if !adopted {
                let origin = place(chosen.address.origin);
                steps.push(Step {
                    act: Act::Bind(chosen.address.value.clone()),
                    origin,
                });
            }
            options.push(&mut steps, Phase::PreListen);
            steps.extend(usual_reply(profile, chosen));
            if chosen.triple.ty.has_connections() {
                if !adopted {
                    let backlog = backlog(profile);
                    steps.push(Step {
                        act: Act::Listen(backlog.value),
                        origin: place(backlog.origin),
                    });
                }
                steps.push(Step {
                    act: Act::Accept,
                    origin: "for each client".into(),
                });
            }
        }
        Role::Connect => {
            if let Some(local) = chosen.local.as_ref().filter(|_| !adopted) {
                steps.push(Step {
                    act: Act::Bind(local.value.clone()),
                    origin: place(local.origin),
                });
            }
            options.push(&mut steps, Phase::PreListen);
            if !adopted {
                let origin = place(chosen.address.origin);
                steps.push(Step {
                    act: Act::Connect(chosen.address.value.clone()),
                    origin,
                });
            }
        }
    }
    options.push(&mut steps, Phase::PostAccept);
    Ok(steps)
}

fn opening(profile: &Profile, chosen: &Chosen) -> Step {
    if let Address::Fd(inherited) = &chosen.address.value {
        let origin = profile.place(chosen.address.origin);
        return Step {
            act: Act::Adopt(inherited.clone()),
            origin,
        };
    }
    let keys = &profile.socket;
    let origins = [keys.family.origin, keys.ty.origin, keys.protocol.origin];
    let written = origins
        .into_iter()
        .find(|&o| o != Origin::Default)
        .unwrap_or(Origin::Default);
    Step {
        act: Act::Socket(chosen.triple),
        origin: profile.place(written),
    }
}

/// All options of one end, each with its phase.
struct Options(Vec<Step>);

impl Options {
    fn collect(profile: &Profile, chosen: &Chosen) -> Result<Options, Vec<Problem>> {
        let mut steps = guards(profile, chosen);
        steps.extend(workers(profile, chosen));
        let mut problems = Vec::new();
        for key in profile
            .options
            .iter()
            .filter(|key| belongs(key.scope, chosen.role))
        {
            let phase = key
                .phase
                .as_ref()
                .map_or_else(|| default_phase(key.scope, key.row.phase), |p| p.value);
            let payload = match (key.row.encode(&key.value.value), key.need) {
                (Ok(payload), _) => payload,
                // It is tried all the same, and the kernel's refusal is the verdict.
                (Err(_), Need::Optional) => as_an_int(&key.value.value),
                (Err(why), Need::Required) => {
                    problems.push(Problem::error(
                        key.value.origin,
                        format!("{} {why}", key.row.name),
                    ));
                    continue;
                }
            };
            let set = SetOption {
                option: OptionName::on(key.row, chosen.triple),
                requested: in_own_unit(key, &payload),
                payload,
                phase,
                need: key.need,
                wish: Wish::Profile,
            };
            steps.push(Step {
                act: Act::Set(Box::new(set)),
                origin: profile.place(key.value.origin),
            });
        }
        steps.extend(profile.raw_options.iter().map(|raw| raw_step(profile, raw)));
        if problems.is_empty() {
            Ok(Options(steps))
        } else {
            Err(problems)
        }
    }

    fn push(&self, steps: &mut Vec<Step>, phase: Phase) {
        let at = |step: &&Step| matches!(&step.act, Act::Set(set) if set.phase == phase);
        steps.extend(self.0.iter().filter(at).cloned());
    }
}

/// What a value that the registry cannot encode is tried with: it belongs to an option that cannot be set, or not here.
fn as_an_int(value: &Value) -> Payload {
    let int = match value {
        Value::Bool(flag) => i32::from(*flag),
        Value::Int(n) => i32::try_from(*n).unwrap_or(0),
        _ => 0,
    };
    Payload {
        bytes: int.to_ne_bytes().to_vec(),
        patch: None,
    }
}

/// "64KiB" as 65536: beside what the kernel made of it only the number of the same unit can be compared.
fn in_own_unit(key: &OptionKey, payload: &Payload) -> Value {
    let written = &key.value.value;
    match (written, &payload.patch) {
        (Value::Text(_), None) => match key.row.decode(&payload.bytes) {
            number @ Value::Int(_) => number,
            _ => written.clone(),
        },
        _ => written.clone(),
    }
}

fn belongs(scope: Scope, role: Role) -> bool {
    match scope {
        Scope::Any => true,
        Scope::Serve | Scope::Accept => role == Role::Serve,
        Scope::Connect => role == Role::Connect,
    }
}

const fn default_phase(scope: Scope, phase: Phase) -> Phase {
    match scope {
        Scope::Accept => Phase::PostAccept,
        _ => phase,
    }
}

fn raw_step(profile: &Profile, raw: &crate::profile::RawOption) -> Step {
    let (level, level_name) = raw.level.value.clone();
    let (number, name) = raw.number.value.clone();
    let bytes = raw.bytes.value.clone();
    let option = OptionName {
        level,
        level_in_trace: level_name.clone(),
        level_name,
        number,
        name,
        row: None,
    };
    let set = SetOption {
        requested: option.decode(&bytes),
        option,
        payload: Payload { bytes, patch: None },
        phase: raw.phase.value,
        need: raw.need,
        wish: Wish::Profile,
    };
    Step {
        act: Act::Set(Box::new(set)),
        origin: profile.place(raw.bytes.origin),
    }
}
