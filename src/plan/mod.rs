//! A profile resolved for one role: what will be opened, in which order, and under which rules. Pure: `--dry-run` ends here.
//!
//! [`choose`] decides family, type and address, [`check`] holds the profile against them (one function per rule),
//! [`steps`] lists the calls, [`caveat`] says what is known in advance. The result is a [`Plan`]; `sys::open` puts it to work.

mod batch_rules;
pub mod caveat;
mod check;
mod choose;
mod engine_rules;
mod option_rules;
mod own_options;
pub mod steps;

use std::time::Duration;

pub use choose::Unsuitable;
pub use own_options::DEFAULT_TTL;
pub use steps::{Act, SetOption, Step};

// Engines and the gate see these words through the plan: they know nothing of profiles.
pub use crate::profile::{
    CloseKey, EngineKey, FramingKey, Need, OverloadKey, ReplyKey, RequestsKey, TriggerKey,
    TruncatedKey, WorkersKey,
};

use crate::profile::{Invalid, PauseKeys, Problem, Profile, ServeKeys, Setting, Severity};
use crate::socket::{Address, Given, Role, Triple};

/// Everything one end needs to know, valid and in plain types.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The profile's name.
    pub profile: String,
    /// Which end.
    pub role: Role,
    /// What is opened; of an inherited descriptor: what the profile expects it to be.
    pub triple: Triple,
    /// Where to bind, or whom to connect to.
    pub address: Address,
    /// Where the client binds, if anywhere.
    pub local: Option<Address>,
    /// The calls that open it, in order.
    pub steps: Vec<Step>,
    /// What is known in advance, from the profile alone: options set too late.
    pub warnings: Vec<String>,
    /// Bytes of one receive.
    pub buffer_size: usize,
    /// Where a message ends.
    pub framing: FramingKey,
    /// How long one receive waits.
    pub read_timeout: Option<Duration>,
    /// The server's rules.
    pub serve: ServeRules,
    /// The client's rules.
    pub connect: ConnectRules,
}

/// `[serve]` and what belongs to it, resolved.
#[derive(Clone, Debug)]
pub struct ServeRules {
    /// How it waits.
    pub engine: EngineKey,
    /// The argument of listen(2).
    pub backlog: u32,
    /// Messages per connection.
    pub requests: RequestsKey,
    /// What it answers.
    pub reply: ReplyKey,
    /// Connections at once.
    pub max_connections: u32,
    /// Bytes that all connections together may hold unsent.
    pub memory_budget: usize,
    /// Listeners of the same address, each with an engine of its own.
    pub workers: WorkersKey,
    /// How epoll tells of readiness.
    pub trigger: TriggerKey,
    /// Of a stream: events taken with one wait. Of messages: how many are received, and answered, with one call.
    pub batch: Option<u32>,
    /// Bytes of a thread's stack.
    pub stack_size: Option<usize>,
    /// How long a call is asked again before it waits.
    pub spin: Option<Duration>,
    /// The engine "uring".
    pub ring: RingRules,
    /// What happens at that limit.
    pub overload: OverloadKey,
    /// How long a connection may be silent.
    pub idle_timeout: Duration,
    /// How long a stopping server waits for its peers.
    pub drain_timeout: Duration,
    /// Pauses on purpose.
    pub pause: Pauses,
    /// How it closes.
    pub close: CloseKey,
    /// Whether the guards against loops are off.
    pub loops: Loops,
    /// What happens to a datagram longer than the buffer.
    pub truncated: TruncatedKey,
    /// The mode of a unix path.
    pub mode: u32,
    /// What happens to a stale unix path.
    pub stale: Stale,
    /// The time to live that replies start from, where the profile sets one.
    pub ttl: Option<i32>,
    /// The time to live that the guards give a datagram socket, so that the usual reply needs no ancillary data.
    pub usual_ttl: Option<i32>,
}

/// `[serve.ring]`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RingRules {
    /// Entries of the submission queue; the kernel rounds up to a power of two.
    pub entries: u32,
    /// Provided buffers of each group.
    pub buffers: u16,
}

/// What an engine can do with: a round rarely queues more than a few hundred operations, and the buffers of a round are
/// free again in the next.
impl Default for RingRules {
    fn default() -> RingRules {
        RingRules {
            entries: 256,
            buffers: 32,
        }
    }
}

/// Whether datagram replies are guarded against loops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loops {
    /// Every guard is on.
    Guarded,
    /// `allow_loops = true`
    Allowed,
}

/// What to do about a unix path that nobody listens on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stale {
    /// Leave it, and fail.
    Keep,
    /// Remove it.
    Unlink,
}

/// `pause = { … }`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pauses {
    /// Before accept(2).
    pub before_accept: Duration,
    /// Before the first receive.
    pub before_read: Duration,
    /// Before each further receive.
    pub between_reads: Duration,
    /// Before close(2).
    pub before_close: Duration,
}

/// `[connect]`, resolved.
#[derive(Clone, Debug)]
pub struct ConnectRules {
    /// Until it is connected.
    pub timeout: Duration,
    /// Sent instead of standard input.
    pub message: Option<String>,
}

/// Why there is no plan.
#[derive(Debug)]
pub enum NoPlan {
    /// The ADDRESS does not go with the profile.
    Address(Unsuitable),
    /// The profile contradicts itself, or its triple.
    Profile(Invalid),
}

impl Plan {
    /// Resolves `profile` for `role`, at the ADDRESS if one was given.
    pub fn new(profile: &Profile, role: Role, given: Option<&Given>) -> Result<Plan, NoPlan> {
        let chosen = choose::choose(profile, role, given).map_err(NoPlan::Address)?;
        let problems = check::check(profile, &chosen);
        let (errors, warnings): (Vec<_>, Vec<_>) = problems
            .into_iter()
            .partition(|p| p.severity == Severity::Error);
        if !errors.is_empty() {
            return Err(NoPlan::Profile(profile.invalid(errors)));
        }
        let steps = steps::steps(profile, &chosen)
            .map_err(|problems| NoPlan::Profile(profile.invalid(problems)))?;
        let serve = serve_rules(profile, &chosen);
        Ok(Plan {
            profile: profile.name.clone(),
            role,
            triple: chosen.triple,
            address: chosen.address.value,
            local: chosen.local.map(|l| l.value),
            steps,
            warnings: warnings.iter().map(|w| sentence(profile, w)).collect(),
            buffer_size: profile.io.buffer_size.value,
            framing: profile.io.framing.value.clone(),
            read_timeout: profile.io.read_timeout.as_ref().map(|t| t.value),
            serve,
            connect: ConnectRules {
                timeout: profile.connect.timeout.value,
                message: profile.connect.message.as_ref().map(|m| m.value.clone()),
            },
        })
    }

    /// Whether the profile itself sets an option, at whatever point.
    pub fn sets(&self, name: &str) -> bool {
        self.steps
            .iter()
            .any(|s| matches!(&s.act, Act::Set(set) if set.option.name == name))
    }

    /// The options that are set at one point of a socket's life.
    pub fn options_at(&self, phase: crate::socket::Phase) -> impl Iterator<Item = &SetOption> {
        self.steps.iter().filter_map(move |s| match &s.act {
            Act::Set(set) if set.phase == phase => Some(set.as_ref()),
            _ => None,
        })
    }
}

/// A warning as one line that says where.
fn sentence(profile: &Profile, warning: &Problem) -> String {
    let place = crate::escape::text(&profile.place(warning.origin));
    format!("{place}: {}", crate::escape::text(&warning.message))
}

fn serve_rules(profile: &Profile, chosen: &choose::Chosen) -> ServeRules {
    let serve = &profile.serve;
    ServeRules {
        engine: serve.engine.value,
        backlog: choose::backlog(profile).value,
        requests: serve.requests.value,
        reply: serve.reply.value,
        max_connections: serve.max_connections.value,
        memory_budget: serve.memory_budget.value,
        workers: serve.workers.value,
        trigger: serve
            .trigger
            .as_ref()
            .map_or(TriggerKey::Level, |t| t.value),
        batch: serve.batch.as_ref().map(|b| b.value),
        stack_size: serve.stack_size.as_ref().map(|s| s.value),
        spin: serve.spin.as_ref().map(|s| s.value),
        ring: ring_rules(serve),
        overload: serve.overload.value,
        idle_timeout: serve.idle_timeout.value,
        drain_timeout: serve.drain_timeout.value,
        pause: pauses(&serve.pause),
        close: serve.close.value,
        loops: if serve.allow_loops.value {
            Loops::Allowed
        } else {
            Loops::Guarded
        },
        truncated: serve.truncated.value,
        mode: profile.address.mode.value,
        stale: if profile.address.unlink_stale.value {
            Stale::Unlink
        } else {
            Stale::Keep
        },
        ttl: own_options::own_ttl(profile),
        usual_ttl: own_options::usual_ttl(profile, chosen),
    }
}

fn ring_rules(serve: &ServeKeys) -> RingRules {
    let default = RingRules::default();
    let buffers = serve.ring_buffers.as_ref().map(|b| b.value);
    RingRules {
        entries: serve
            .ring_entries
            .as_ref()
            .map_or(default.entries, |e| e.value),
        buffers: buffers.map_or(default.buffers, |b| u16::try_from(b).unwrap_or(u16::MAX)),
    }
}

fn pauses(keys: &PauseKeys) -> Pauses {
    let of = |s: &Setting<Duration>| s.value;
    Pauses {
        before_accept: of(&keys.before_accept),
        before_read: of(&keys.before_read),
        between_reads: of(&keys.between_reads),
        before_close: of(&keys.before_close),
    }
}
