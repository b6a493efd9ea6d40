//! The JSON Schema of an experiment, from the rows that read one.

use serde_json::{Map, Value as Json, json};

use super::kind::Kind;
use super::read::TOP;
use super::verbs::{Need, Row, Verb, verbs};

/// The JSON Schema (draft 2020-12) of an experiment's TOML file.
///
/// A step's first key is its actor, which a schema cannot say: it says which keys there are, and that each verb's own are
/// there where the verb can be known.
pub fn schema() -> Json {
    let properties: Map<String, Json> = TOP
        .iter()
        .map(|(key, doc)| ((*key).to_owned(), top(key, doc)))
        .collect();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "an experiment of sockplay lab: the TOML file as JSON",
        "type": "object",
        "properties": properties,
        "required": ["title", "question", "steps", "answer"],
        "dependentRequired": { "claim": ["agrees"], "agrees": ["claim"] },
        "additionalProperties": false,
    })
}

fn top(key: &str, doc: &str) -> Json {
    let names = json!({ "type": "array", "items": { "type": "string" }, "description": doc });
    match key {
        "group" => json!({ "enum": ["tutorial", "weird", "useful"], "description": doc }),
        "agrees" => json!({ "enum": ["yes", "no", "not quite"], "description": doc }),
        "network" => json!({ "enum": ["own", "shared"], "description": doc }),
        "needs" | "processes" | "actors" => names,
        "steps" => json!({
            "type": "array", "minItems": 1, "maxItems": 400, "items": step(), "description": doc,
        }),
        _ => json!({ "type": "string", "description": doc }),
    }
}

/// A note, or one of the verbs: the value of a key that no verb takes.
fn step() -> Json {
    let mut one_of = vec![json!({
        "type": "object",
        "properties": { "note": { "type": "string" } },
        "required": ["note"],
        "additionalProperties": false,
    })];
    one_of.extend(verbs().iter().filter(|v| v.verb != Verb::Note).map(verb));
    json!({ "anyOf": one_of })
}

/// The actor's key is any other than the verb's own.
fn verb(row: &Row) -> Json {
    let keys: Map<String, Json> = row
        .all()
        .map(|param| (param.name.to_owned(), kind(param.kind)))
        .collect();
    let required: Vec<&str> = row
        .all()
        .filter(|p| p.need == Need::Required)
        .map(|p| p.name)
        .collect();
    json!({
        "type": "object",
        "description": row.doc,
        "properties": keys,
        "required": required,
        "additionalProperties": { "const": row.name },
        "minProperties": required.len() + 1,
    })
}

fn kind(kind: Kind) -> Json {
    let name = json!({ "type": "string", "pattern": "^[A-Za-z0-9_-]{1,40}$" });
    let mut schema = match kind {
        Kind::Socket | Kind::NewSocket | Kind::Save => name,
        Kind::NewSockets | Kind::Sockets => json!({ "type": "array", "items": name }),
        Kind::Texts => json!({ "type": "array", "items": { "type": "string" } }),
        Kind::Number | Kind::Protocol | Kind::Count(_) => json!({ "type": ["integer", "string"] }),
        Kind::Text | Kind::Pattern => json!({ "type": ["string", "integer"] }),
        Kind::OptionValue => json!({}),
        Kind::Ancillary => json!({ "type": "object" }),
        Kind::Word(words) => json!({ "enum": words }),
        Kind::Wanted => json!({ "type": ["integer", "boolean", "string"] }),
        Kind::WantedFields => json!({ "type": ["integer", "boolean", "string", "object"] }),
        Kind::Address
        | Kind::Time
        | Kind::Family
        | Kind::Type
        | Kind::Option
        | Kind::Flags
        | Kind::Events
        | Kind::Hex
        | Kind::HexPattern
        | Kind::Mode
        | Kind::Signal
        | Kind::Profile
        | Kind::Capability => json!({ "type": "string" }),
    };
    schema["description"] = kind.to_string().into();
    schema
}
