//! Events and calls as JSON: one object per line, one envelope, units in the key names.

use serde_json::{Map, Value, json};

use crate::event::{Accounts, Call, Event};

/// `{"schema":"sockplay.KIND","version":1,…}`
pub fn envelope(kind: &str, body: Value) -> Value {
    let mut all = Map::new();
    all.insert("schema".into(), format!("sockplay.{kind}").into());
    all.insert("version".into(), 1.into());
    if let Value::Object(body) = body {
        all.extend(body);
    }
    Value::Object(all)
}

/// One system call of `--trace=json`.
pub fn call(call: &Call<'_>) -> Value {
    let args: Vec<String> = call.args.iter().map(ToString::to_string).collect();
    envelope(
        "trace",
        json!({
            "t_ns": call.t_ns,
            "task": call.task,
            "call": call.name,
            "args": args,
            "result": call.result,
            "errno": call.errno,
            "elapsed_ns": call.elapsed_ns,
        }),
    )
}

/// One event of `serve --json` or `connect --json`; payload is counted, not shown.
pub fn event(schema: &str, event: &Event<'_>) -> Value {
    let body = match event {
        Event::Starting { profile, triple } => json!({
            "event": "starting", "profile": profile,
            "family": triple.family.name(), "type": triple.ty.name(), "protocol": triple.effective_protocol().0,
        }),
        Event::Option(report) => json!({
            "event": "option", "name": report.name, "level": report.level, "phase": report.phase.name(),
            "requested": report.requested, "effective": report.effective,
            "verdict": report.ruling.verdict.name(), "why": report.ruling.why,
        }),
        Event::Listening {
            name,
            triple,
            backlog,
        } => json!({
            "event": "listening", "address": name.ready(triple.ty),
            "backlog": backlog.map(|b| json!({"asked": b.asked, "effective": b.effective})),
        }),
        Event::Connected { local, peer } => {
            json!({"event": "connected", "local": local.to_string(), "peer": peer.to_string()})
        }
        Event::Accepted { peer } => json!({"event": "accepted", "peer": peer.to_string()}),
        Event::Received { peer, payload } => {
            json!({"event": "received", "peer": peer.to_string(), "bytes": payload.len()})
        }
        Event::Sent { peer, payload } => {
            json!({"event": "sent", "peer": peer.to_string(), "bytes": payload.len()})
        }
        Event::Closed { peer, why } => {
            json!({"event": "closed", "peer": peer.to_string(), "why": why})
        }
        Event::Unanswered { peer, why } => {
            json!({"event": "unanswered", "peer": peer.to_string(), "why": why})
        }
        Event::Trouble(text) => json!({"event": "trouble", "text": text}),
        Event::Note(text) => json!({"event": "note", "text": text}),
        Event::Calls(tally) => {
            json!({"event": "calls", "answers": tally.answers, "calls": tally.calls})
        }
        Event::Counters(all) => accounts("counters", all),
        Event::Stopped(all) => accounts("stopped", all),
    };
    envelope(schema, body)
}

fn accounts(event: &str, a: &Accounts) -> Value {
    let d = &a.datagrams;
    json!({
        "event": event,
        "accepted": a.accepted,
        "closed_by_peer": a.closed_by_peer,
        "closed_by_rule": a.closed_by_rule,
        "failed": a.failed,
        "reset": a.reset,
        "accept_errors": a.accept_errors,
        "bytes_received": a.bytes_received,
        "bytes_sent": a.bytes_sent,
        "bytes_generated": a.bytes_generated,
        "bytes_discarded": a.bytes_discarded,
        "bytes_lost_at_stop": a.bytes_lost_at_stop,
        "datagrams": {
            "received": d.received, "echoed": d.echoed, "refused": d.refused,
            "dropped": d.dropped, "truncated": d.truncated, "kernel_drops": d.kernel_drops,
        },
    })
}
