//! What the kernel says of each socket: the triple, options, buffers, backlog, TCP_INFO.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value as Json};

use super::{nanos, one_of};
use crate::measure::Run;
use crate::measure::report::{BacklogFacts, BufferFacts, OptionLine, SocketFacts, TcpFacts};
use crate::option::{Value, Verdict};

/// The arguments of socket(2).
#[derive(Serialize, JsonSchema)]
pub(super) struct Opened<'a> {
    /// The family's word in a profile.
    family: &'a str,
    /// The type's word in a profile.
    r#type: &'a str,
    /// The protocol's number, never 0 where family and type decide it.
    protocol: i32,
    /// What the kernel says that it is.
    kernel: &'a str,
}

impl<'a> Opened<'a> {
    pub(super) fn of(run: &'a Run) -> Opened<'a> {
        Opened {
            family: run.triple.family.name(),
            r#type: run.triple.ty.name(),
            protocol: run.triple.effective_protocol().0,
            kernel: &run.kernel,
        }
    }
}

/// The argument of listen(2), and what came of it.
#[derive(Serialize, JsonSchema)]
pub(super) struct Backlog {
    /// The argument.
    asked: u32,
    /// What the kernel keeps; null where it does not say.
    effective: Option<u32>,
    /// How many clients were let in before anybody accepted; null if they were not counted.
    admitted: Option<u32>,
    /// Whether more would have been let in than were tried.
    more: bool,
}

impl Backlog {
    pub(super) fn of(facts: BacklogFacts) -> Backlog {
        Backlog {
            asked: facts.asked,
            effective: facts.effective,
            admitted: facts.admitted,
            more: facts.more,
        }
    }
}

/// One requested option. Values are booleans for flags, integers in the option's own unit, text, lists, or objects for
/// structs.
#[allow(clippy::struct_field_names, reason = "fields are the keys of JSON")]
#[derive(Serialize, JsonSchema)]
pub(super) struct Requested<'a> {
    /// C's name.
    name: &'a str,
    /// C's name of the level.
    level: &'a str,
    /// The socket that it was set on.
    set_on: &'a str,
    /// The point of the socket's life at which it was set.
    phase: &'a str,
    /// As the profile has it.
    #[schemars(schema_with = "value")]
    requested: &'a Value,
    /// What a fresh socket has; null where it cannot be read.
    #[schemars(schema_with = "value_or_null")]
    default: Option<&'a Value>,
    /// What reads back on that socket right after it was set; null where it cannot be read.
    #[schemars(schema_with = "value_or_null")]
    effective: Option<&'a Value>,
    /// What became of it.
    #[schemars(schema_with = "verdict")]
    verdict: &'a str,
    /// Why; null where there is no more to say.
    why: Option<&'a str>,
    /// What a fresh socket and each socket of the probe hold.
    held: OneHeld<'a>,
    /// Why another socket holds something else, a sentence each.
    why_held: &'a [String],
}

impl<'a> Requested<'a> {
    pub(super) fn of(line: &'a OptionLine) -> Requested<'a> {
        let r = &line.report;
        Requested {
            name: &r.name,
            level: &r.level,
            set_on: line.set_on,
            phase: r.phase.name(),
            requested: &r.requested,
            default: r.default.as_ref(),
            effective: r.effective.as_ref(),
            verdict: r.ruling.verdict.name(),
            why: r.ruling.why.as_deref(),
            held: OneHeld::of(&line.held),
            why_held: &line.why_held,
        }
    }
}

/// One option on each socket; null where there is no such socket, or it cannot be read.
#[derive(Serialize, JsonSchema)]
struct OneHeld<'a> {
    /// Right after socket(2), when nothing was set.
    #[schemars(schema_with = "value_or_null")]
    fresh: Option<&'a Value>,
    /// The listener, or the server's only socket.
    #[schemars(schema_with = "value_or_null")]
    listener: Option<&'a Value>,
    /// An accepted socket.
    #[schemars(schema_with = "value_or_null")]
    accepted: Option<&'a Value>,
    /// The client's socket, after connect.
    #[schemars(schema_with = "value_or_null")]
    client: Option<&'a Value>,
}

impl<'a> OneHeld<'a> {
    fn of(facts: &'a SocketFacts) -> OneHeld<'a> {
        OneHeld {
            fresh: facts.fresh.as_ref(),
            listener: facts.listener.as_ref(),
            accepted: facts.accepted.as_ref(),
            client: facts.client.as_ref(),
        }
    }
}

/// The requested options by name, as each socket holds them; what it does not hold is left out.
#[derive(Serialize, JsonSchema)]
pub(super) struct Held {
    /// The listener, or the server's only socket.
    #[schemars(schema_with = "values")]
    listener: Map<String, Json>,
    /// An accepted socket.
    #[schemars(schema_with = "values")]
    accepted: Map<String, Json>,
    /// The client's socket.
    #[schemars(schema_with = "values")]
    client: Map<String, Json>,
}

impl Held {
    pub(super) fn of(lines: &[OptionLine]) -> Held {
        let held = |pick: fn(&SocketFacts) -> Option<&Value>| {
            let entry = |line: &OptionLine| {
                Some((
                    line.report.name.clone(),
                    serde_json::json!(pick(&line.held)?),
                ))
            };
            lines.iter().filter_map(entry).collect()
        };
        Held {
            listener: held(|h| h.listener.as_ref()),
            accepted: held(|h| h.accepted.as_ref()),
            client: held(|h| h.client.as_ref()),
        }
    }
}

/// SO_RCVBUF and SO_SNDBUF of one socket, as getsockopt(2) tells them.
#[derive(Serialize, JsonSchema)]
pub(super) struct Buffers<'a> {
    /// Whose.
    socket: &'a str,
    /// SO_RCVBUF before the load.
    receive_bytes: i64,
    /// SO_RCVBUF after it; null if the socket was gone.
    receive_after_bytes: Option<i64>,
    /// Whether the kernel may change it.
    receive_rule: &'a str,
    /// SO_SNDBUF before the load.
    send_bytes: i64,
    /// SO_SNDBUF after it; null if the socket was gone.
    send_after_bytes: Option<i64>,
    /// Whether the kernel may change it.
    send_rule: &'a str,
}

impl<'a> Buffers<'a> {
    pub(super) fn of(facts: &'a BufferFacts) -> Buffers<'a> {
        Buffers {
            socket: facts.socket,
            receive_bytes: facts.receive,
            receive_after_bytes: facts.receive_after,
            receive_rule: &facts.receive_rule,
            send_bytes: facts.send,
            send_after_bytes: facts.send_after,
            send_rule: &facts.send_rule,
        }
    }
}

/// TCP_INFO: see tcp(7) and linux/tcp.h.
#[derive(Serialize, JsonSchema)]
pub(super) struct Tcp<'a> {
    /// Whose.
    socket: &'a str,
    /// tcpi_state in C's words.
    state: &'a str,
    /// tcpi_rtt
    rtt_ns: u64,
    /// tcpi_rttvar
    rtt_variance_ns: u64,
    /// tcpi_rto
    retransmit_timeout_ns: u64,
    /// tcpi_snd_cwnd
    congestion_window_segments: u32,
    /// tcpi_snd_mss
    mss_sent_bytes: u32,
    /// tcpi_rcv_mss
    mss_received_bytes: u32,
    /// tcpi_advmss
    mss_advertised_bytes: u32,
    /// tcpi_pmtu
    path_mtu_bytes: u32,
    /// The agreed shifts; null: no window scaling.
    window_scale: Option<Scale>,
    /// TCPI_OPT_TIMESTAMPS
    timestamps: bool,
    /// TCPI_OPT_SACK
    selective_acks: bool,
    /// TCPI_OPT_ECN
    ecn: bool,
    /// TCP_CONGESTION; null where it cannot be read.
    congestion_control: Option<&'a str>,
    /// tcpi_total_retrans, in segments.
    retransmitted: u32,
}

/// tcpi_snd_wscale and tcpi_rcv_wscale, in bits.
#[derive(Serialize, JsonSchema)]
struct Scale {
    /// For windows that we are told.
    to_peer: u8,
    /// For windows that we tell.
    from_peer: u8,
}

impl<'a> Tcp<'a> {
    pub(super) fn of(facts: &'a TcpFacts) -> Tcp<'a> {
        Tcp {
            socket: facts.socket,
            state: &facts.state,
            rtt_ns: nanos(facts.rtt),
            rtt_variance_ns: nanos(facts.rtt_variance),
            retransmit_timeout_ns: nanos(facts.retransmit_timeout),
            congestion_window_segments: facts.congestion_window,
            mss_sent_bytes: facts.mss_sent,
            mss_received_bytes: facts.mss_received,
            mss_advertised_bytes: facts.mss_advertised,
            path_mtu_bytes: facts.path_mtu,
            window_scale: facts
                .window_scale
                .map(|(to_peer, from_peer)| Scale { to_peer, from_peer }),
            timestamps: facts.timestamps,
            selective_acks: facts.selective_acks,
            ecn: facts.ecn,
            congestion_control: facts.congestion_control.as_deref(),
            retransmitted: facts.retransmitted,
        }
    }
}

const VALUE_TYPES: [&str; 6] = ["boolean", "integer", "number", "string", "array", "object"];

fn value(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({"type": VALUE_TYPES})
}

fn value_or_null(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    let types: Vec<&str> = VALUE_TYPES.into_iter().chain(["null"]).collect();
    schemars::json_schema!({"type": types})
}

fn values(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({"type": "object", "additionalProperties": {"type": VALUE_TYPES}})
}

fn verdict(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    let all = [
        Verdict::Honoured,
        Verdict::Adjusted,
        Verdict::Refused,
        Verdict::Ignored,
    ];
    one_of(&all.map(Verdict::name))
}
