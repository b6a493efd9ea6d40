//! The JSON Schema of a profile, made from the rows of [`keys`]: for editors, and for whoever writes profiles by program.
//!
//! It says what a file may hold, key by key, and the rules between the keys of one table; what needs a socket to know (a
//! backlog on datagrams) it cannot say. Names are spelled as the documentation spells them, although reading does not
//! mind case: an editor should offer one spelling. Values of options are in [`options`].

mod options;

use serde_json::{Map, Value as Json, json};

use super::choices::Scope;
use super::keys::{self, Key};
use super::kind::Kind;
use crate::socket::{Family, Phase, Protocol, Type};

/// Draft 2020-12.
pub fn schema() -> Json {
    let mut root = Map::new();
    for key in keys::keys() {
        let parts: Vec<&str> = key.path.split('.').collect();
        insert(&mut root, &parts, of(key));
    }
    let mut schema = table(root);
    between(&mut schema);
    let head = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "a profile of sockplay",
        "description": "Every parameter of a socket, of the server and the client that use it, and of what is measured.",
        "$defs": {
            "options": options::table(),
            "raw_option": raw_option(),
            "phase": {"enum": Phase::ALL.map(Phase::name)},
            "expectations": expectations(),
        },
    });
    let Json::Object(mut head) = head else {
        unreachable!("it is written with braces");
    };
    if let Json::Object(schema) = schema {
        head.extend(schema);
    }
    Json::Object(head)
}

/// Puts a key into the tree of tables, whose leaves are schemas and whose branches are marked by [`BRANCH`].
fn insert(table: &mut Map<String, Json>, path: &[&str], schema: Json) {
    match path {
        [] => {}
        [name] => {
            table.insert((*name).to_owned(), schema);
        }
        [first, rest @ ..] => {
            let branch = table.entry(*first).or_insert_with(|| json!({ BRANCH: {} }));
            if let Some(inner) = branch[BRANCH].as_object_mut() {
                insert(inner, rest, schema);
            }
        }
    }
}

/// No key of JSON Schema.
const BRANCH: &str = "table of keys";

fn table(mut keys: Map<String, Json>) -> Json {
    for of in keys.values_mut() {
        if let Some(Json::Object(inner)) = of.get_mut(BRANCH).map(Json::take) {
            *of = table(inner);
        }
    }
    json!({"type": "object", "properties": keys, "additionalProperties": false})
}

fn of(key: &Key) -> Json {
    let mut schema = match kind(&key.kind) {
        Json::Object(schema) => schema,
        other => unreachable!("every kind is an object: {other}"),
    };
    schema.insert("description".into(), key.doc.into());
    // TOML's default as JSON: both have these values.
    let default = key.default().map(|toml| format!("value = {toml}"));
    let default = default.and_then(|text| toml::from_str::<Json>(&text).ok());
    if let Some(default) = default {
        schema.insert("default".into(), default["value"].clone());
    }
    Json::Object(schema)
}

const INT_MAX: u32 = i32::MAX.cast_unsigned();

fn kind(kind: &Kind) -> Json {
    match *kind {
        Kind::Flag => json!({"type": "boolean"}),
        Kind::Number(least, most) => number(least, most),
        Kind::NumberOr(least, most, word) => {
            json!({"anyOf": [number(least, most), {"const": word}]})
        }
        Kind::Choice(numbers) => json!({"enum": numbers}),
        Kind::Size(least, most) => json!({"anyOf": [number(least, most), size()]}),
        Kind::Time(least, _) if least.is_zero() => json!({"anyOf": [{"const": 0}, time()]}),
        Kind::Time(..) => time(),
        Kind::Words(words) => json!({"enum": spellings(words)}),
        Kind::Text(least, most) => text(least, most),
        Kind::Host => json!({"type": "string", "maxLength": 255, "pattern": r"^\S*$"}),
        Kind::Protocol => json!({"anyOf": [number(0, INT_MAX), {"enum": protocols()}]}),
        Kind::Descriptor => json!({"anyOf": [
            number(0, INT_MAX),
            {"type": "string", "pattern": "^systemd(:.+)?$", "maxLength": 255},
        ]}),
        Kind::UnixPath => text(1, 108),
        Kind::Mode => json!({"anyOf": [
            number(0, 0o777),
            {"type": "string", "pattern": "^0*[0-7]{1,3}$"},
        ]}),
        Kind::File => text(1, 4095),
        // The table says already when.
        Kind::Options(Scope::Accept) => json!({
            "$ref": "#/$defs/options",
            "additionalProperties": {"properties": {"phase": {"const": Phase::PostAccept.name()}}},
        }),
        Kind::Options(_) => json!({"$ref": "#/$defs/options"}),
        Kind::RawOptions => json!({"type": "array", "items": {"$ref": "#/$defs/raw_option"}}),
        Kind::Ignored => json!({}),
        Kind::Expectations => json!({"$ref": "#/$defs/expectations"}),
    }
}

/// A whole number; TOML has 64 bits with a sign.
fn number(least: impl Into<i128>, most: impl Into<i128>) -> Json {
    let within = |n: i128| i64::try_from(n).unwrap_or(if n < 0 { i64::MIN } else { i64::MAX });
    json!({"type": "integer", "minimum": within(least.into()), "maximum": within(most.into())})
}

/// Bytes in the schema's language are characters: as many at most, and one at least where one is needed.
fn text(least: usize, most: usize) -> Json {
    json!({"type": "string", "minLength": least.min(1), "maxLength": most})
}

/// A bare K, M or G is ambiguous and refused.
fn size() -> Json {
    json!({"type": "string", "pattern": r"^\s*[0-9]{1,19}\s*([kKmMgGtT][iI]?)?[bB]?\s*$", "not": {"pattern": r"[kKmMgGtT]\s*$"}})
}

/// What humantime reads.
fn time() -> Json {
    const UNITS: &str = "nanos|nsec|ns|usec|us|µs|millis|msec|ms|seconds|second|secs|sec|s|minutes|minute|mins|min|m|\
        hours|hour|hrs|hr|h|days|day|d|weeks|week|wks|wk|w|months|month|M|years|year|yrs|yr|y";
    json!({"type": "string", "pattern": format!(r"^\s*([0-9]{{1,10}}\s*({UNITS})\s*)+$"), "maxLength": 64})
}

/// Family and type may be written as C's constants too.
fn spellings(words: &[&'static str]) -> Vec<&'static str> {
    let mut all = words.to_vec();
    if words == Family::ALL.map(Family::name) {
        all.extend(Family::ALL.map(Family::c_name));
    }
    if words == Type::ALL.map(Type::name) {
        all.extend(Type::ALL.map(Type::c_name));
    }
    all
}

fn protocols() -> Vec<&'static str> {
    let mut all: Vec<&'static str> = Protocol::names().collect();
    let c_names: Vec<_> = all
        .iter()
        .filter_map(|name| Protocol::parse(name)?.c_name())
        .collect();
    all.extend(c_names);
    all
}

fn raw_option() -> Json {
    let symbol = |least: i64| json!({"anyOf": [number(least, i32::MAX), {"type": "string", "pattern": "^[A-Z][A-Z0-9_]*$"}]});
    json!({
        "type": "object",
        "properties": {
            "level": symbol(0),
            "name": symbol(0),
            "value": {"anyOf": [{"type": "boolean"}, number(i32::MIN, u32::MAX)], "description": "a C int"},
            "bytes": {"type": "string", "pattern": "^([0-9a-fA-F]{2})*$", "maxLength": 8192},
            "phase": {"$ref": "#/$defs/phase"},
            "optional": {"type": "boolean"},
        },
        "required": ["level", "name"],
        "oneOf": [{"required": ["value"]}, {"required": ["bytes"]}],
        "additionalProperties": false,
    })
}

/// `"echo.rtt_ns.p99" = "< 2ms"`, `echo.lost = 0`; a dotted key without quotes is a table in a table.
fn expectations() -> Json {
    const BOUND: &str =
        r"[-+]?[0-9.]+(e[-+]?[0-9]+)?\s*(ns|us|µs|ms|s|m|min|h|B|kB|KiB|MB|MiB|GB|GiB)?";
    let texts = [
        format!(r"^\s*[<>]=?\s*{BOUND}\s*$"),
        r"^\s*(==|!=)\s*\S.*$".to_owned(),
        r"^[^<>=!\s].*$".to_owned(),
    ];
    let texts = texts.map(|pattern| json!({"type": "string", "pattern": pattern}));
    let one = [
        json!({"type": ["integer", "boolean"]}),
        json!({"$ref": "#/$defs/expectations"}),
    ];
    let forms = [one.as_slice(), texts.as_slice()].concat();
    json!({
        "type": "object",
        "propertyNames": {"pattern": "^[A-Za-z0-9_+/:@.-]+$"},
        "additionalProperties": {"anyOf": forms},
    })
}

/// The rules between keys of one table, as `rules` has them.
fn between(schema: &mut Json) {
    let framed =
        |word: &str| json!({"required": ["framing"], "properties": {"framing": {"const": word}}});
    if let Some(io) = schema.pointer_mut("/properties/io") {
        io["dependentSchemas"] = json!({
            "delimiter": framed("delimiter"),
            "prefix_bytes": framed("length-prefix"),
            "message_size": framed("fixed"),
        });
        io["allOf"] = json!([
            {"if": framed("delimiter"), "then": {"required": ["delimiter"]}},
            {"if": framed("fixed"), "then": {"required": ["message_size"]}},
        ]);
    }
    if let Some(address) = schema.pointer_mut("/properties/address") {
        address["dependentSchemas"] = json!({
            "path": {"not": {"anyOf": [{"required": ["host"]}, {"required": ["port"]}]}},
        });
    }
}
