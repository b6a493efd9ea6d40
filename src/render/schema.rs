//! The JSON Schemas (draft 2020-12) of what [`json`](super::json) and [`options`](super::options) write by hand.
//!
//! They say which keys are always there and of which type; more keys may come, so none is forbidden. A probe's schema
//! comes from its types ([`super::probe::schema`]), a profile's from its keys ([`crate`]'s `profile::schema`), an
//! experiment's from the rows of its verbs (`lab::file::schema`).
//! `tests/schema.rs` holds real output against all of them.

use serde_json::{Map, Value as Json, json};

const DRAFT: &str = "https://json-schema.org/draft/2020-12/schema";

/// One line of `serve --json` (`kind` is "serve") or `connect --json` ("connect").
pub fn events(kind: &str) -> Json {
    let lines: Vec<Json> = EVENTS
        .iter()
        .map(|(name, keys)| event(name, keys))
        .collect();
    let mut schema = object(kind, &[("event", "string")]);
    schema["title"] = format!("one line of sockplay {kind} --json").into();
    schema["oneOf"] = lines.into();
    schema
}

/// Key and type: a name of JSON Schema, `any`, `counters`, `backlog`, or one of these with `?` where null is possible.
type Keys = &'static [(&'static str, &'static str)];

/// Every event, and what it has beside `event`.
const EVENTS: &[(&str, Keys)] = &[
    (
        "starting",
        &[
            ("profile", "string"),
            ("family", "string"),
            ("type", "string"),
            ("protocol", "integer"),
        ],
    ),
    (
        "option",
        &[
            ("name", "string"),
            ("level", "string"),
            ("phase", "string"),
            ("requested", "any"),
            ("effective", "any"),
            ("verdict", "verdict"),
            ("why", "string?"),
        ],
    ),
    (
        "listening",
        &[("address", "string"), ("backlog", "backlog?")],
    ),
    ("connected", &[("local", "string"), ("peer", "string")]),
    ("accepted", &[("peer", "string")]),
    ("received", &[("peer", "string"), ("bytes", "count")]),
    ("sent", &[("peer", "string"), ("bytes", "count")]),
    ("closed", &[("peer", "string"), ("why", "string")]),
    ("unanswered", &[("peer", "string"), ("why", "string")]),
    ("trouble", &[("text", "string")]),
    ("note", &[("text", "string")]),
    ("calls", &[("answers", "count"), ("calls", "object")]),
    ("counters", ACCOUNTS),
    ("stopped", ACCOUNTS),
];

/// What a server has counted.
const ACCOUNTS: Keys = &[
    ("accepted", "count"),
    ("closed_by_peer", "count"),
    ("closed_by_rule", "count"),
    ("failed", "count"),
    ("reset", "count"),
    ("accept_errors", "count"),
    ("bytes_received", "count"),
    ("bytes_sent", "count"),
    ("bytes_generated", "count"),
    ("bytes_discarded", "count"),
    ("bytes_lost_at_stop", "count"),
    ("datagrams", "datagrams"),
];

const DATAGRAMS: Keys = &[
    ("received", "count"),
    ("echoed", "count"),
    ("refused", "count"),
    ("dropped", "count"),
    ("truncated", "count"),
    ("kernel_drops", "count"),
];

/// One line of `--trace=json`: a system call.
pub fn trace() -> Json {
    let keys: Keys = &[
        ("t_ns", "count"),
        ("task", "string"),
        ("call", "string"),
        ("args", "strings"),
        ("result", "integer"),
        ("errno", "string?"),
        ("elapsed_ns", "count"),
    ];
    let mut schema = object("trace", keys);
    schema["title"] = "one line of --trace=json: a system call".into();
    schema
}

/// `options --json`
pub fn options() -> Json {
    let keys: Keys = &[
        ("name", "string"),
        ("level", "string"),
        ("number", "integer"),
        ("kind", "string"),
        ("access", "access"),
        ("phase", "phase"),
        ("inherited", "inherited"),
        ("available", "boolean"),
        ("default", "any"),
        ("settable", "boolean?"),
        ("why", "string?"),
        ("privilege", "string?"),
        ("doc", "string"),
        ("man", "string"),
    ];
    let mut schema = object("options", &[("options", "array")]);
    schema["title"] = "sockplay options --json".into();
    schema["properties"]["options"] = list(keys);
    schema
}

/// `lab --json` of experiments that were run.
pub fn lab() -> Json {
    let mut schema = object("lab", RESULTS);
    schema["title"] = "sockplay lab NAME --json: what came of experiments".into();
    schema
}

/// `lab --json` without a name.
pub fn lab_list() -> Json {
    let mut schema = object("lab-list", &[("experiments", "listed")]);
    schema["title"] = "sockplay lab --json: the list of experiments".into();
    schema
}

const RESULTS: Keys = &[
    ("passed", "count"),
    ("failed", "count"),
    ("skipped", "count"),
    ("experiments", "experiments"),
];

/// `passed` is null where it was skipped; `agrees` where nothing is claimed, or the run did not find out.
const EXPERIMENT: Keys = &[
    ("name", "string"),
    ("group", "group"),
    ("title", "string"),
    ("question", "string"),
    ("claim", "string?"),
    ("passed", "boolean?"),
    ("skipped", "string?"),
    ("failure", "failure?"),
    ("agrees", "agrees?"),
    ("answer", "string?"),
    ("notes", "strings"),
    ("elapsed_ns", "count"),
    ("steps", "steps"),
];

/// `met` is null where there was nothing to run, or the run ended before.
const STEP: Keys = &[
    ("actor", "string"),
    ("does", "string"),
    ("step", "string"),
    ("met", "boolean?"),
    ("expected", "strings"),
    ("came", "string?"),
    ("t_ns", "count"),
    ("elapsed_ns", "count"),
];

const FAILURE: Keys = &[
    ("step", "count?"),
    ("expected", "string"),
    ("came", "string"),
];

const LISTED: Keys = &[
    ("name", "string"),
    ("group", "group"),
    ("title", "string"),
    ("claim", "string?"),
    ("question", "string"),
    ("needs", "strings"),
];

/// An object in the envelope.
fn object(kind: &str, keys: Keys) -> Json {
    let mut schema = body(keys);
    let properties = &mut schema["properties"];
    properties["schema"] = json!({"const": format!("sockplay.{kind}")});
    properties["version"] = json!({"const": 1});
    if let Some(required) = schema["required"].as_array_mut() {
        required.extend([Json::from("schema"), Json::from("version")]);
    }
    schema["$schema"] = DRAFT.into();
    schema
}

fn event(name: &str, keys: Keys) -> Json {
    let mut schema = body(keys);
    schema["properties"]["event"] = json!({"const": name});
    schema
}

/// All keys are always there.
fn body(keys: Keys) -> Json {
    let properties: Map<String, Json> = keys
        .iter()
        .map(|(name, is)| ((*name).to_owned(), value(is)))
        .collect();
    let required: Vec<&str> = keys.iter().map(|(name, _)| *name).collect();
    json!({"type": "object", "properties": properties, "required": required})
}

fn list(keys: Keys) -> Json {
    json!({"type": "array", "items": body(keys)})
}

fn value(is: &str) -> Json {
    if let Some(is) = is.strip_suffix('?') {
        return json!({"anyOf": [value(is), {"type": "null"}]});
    }
    match is {
        "any" => {
            json!({"description": "a boolean for a flag, an integer in the option's unit, text, an object for a struct; null: cannot be read"})
        }
        "count" => json!({"type": "integer", "minimum": 0}),
        "strings" => json!({"type": "array", "items": {"type": "string"}}),
        "verdict" => json!({"enum": ["honoured", "adjusted", "refused", "ignored"]}),
        "access" => json!({"enum": ["rw", "ro", "wo"]}),
        "inherited" => json!({"enum": ["yes", "no", "unknown"]}),
        "phase" => json!({"enum": ["post-socket", "pre-bind", "pre-listen", "post-accept"]}),
        "backlog" => body(&[("asked", "count"), ("effective", "count?")]),
        "datagrams" => body(DATAGRAMS),
        "experiments" => list(EXPERIMENT),
        "listed" => list(LISTED),
        "steps" => list(STEP),
        "failure" => body(FAILURE),
        "group" => json!({"enum": ["tutorial", "weird", "useful"]}),
        "agrees" => json!({"enum": ["yes", "no", "not quite"]}),
        plain => json!({"type": plain}),
    }
}
