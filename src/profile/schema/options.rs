//! What each option takes, made from the registry's rows: the value alone, or the long form with phase and `optional`.

use serde_json::{Map, Value as Json, json};

use super::{number, size, text, time};
use crate::option::{self, Access, Kind, Layout, Part, Row};

/// The table `[options]`: every row by its name.
pub(super) fn table() -> Json {
    let all: Map<String, Json> = option::rows()
        .map(|row| (row.name.to_owned(), option(row)))
        .collect();
    json!({"type": "object", "properties": all, "additionalProperties": false})
}

fn option(row: &Row) -> Json {
    let settable = row.available() && row.access != Access::ReadOnly;
    if !settable {
        // It is only tried, and nothing looks at the value.
        return json!({
            "description": row.doc,
            "type": "object",
            "properties": {"value": {}, "phase": {"$ref": "#/$defs/phase"}, "optional": {"const": true}},
            "required": ["value", "optional"],
            "additionalProperties": false,
        });
    }
    let mut forms = value(row);
    let long = json!({
        "type": "object",
        "properties": {
            "value": {"anyOf": forms},
            "phase": {"$ref": "#/$defs/phase"},
            "optional": {"type": "boolean"},
        },
        "required": ["value"],
        "additionalProperties": false,
    });
    forms.push(long);
    json!({"description": row.doc, "anyOf": forms})
}

/// The forms of a value.
fn value(row: &Row) -> Vec<Json> {
    let (least, most) = row.range.unwrap_or((i32::MIN.into(), i32::MAX.into()));
    let int = || number(least, most);
    match row.kind {
        Kind::Flag => vec![json!({"enum": [true, false, 0, 1]})],
        Kind::Int | Kind::Fd => vec![int()],
        Kind::Unsigned => vec![number(0, u32::MAX)],
        Kind::U64 => vec![number(-1, i64::MAX), size()],
        Kind::Size => vec![int(), size()],
        Kind::Time(_) => vec![int(), time()],
        Kind::Choice(names) => {
            let names: Vec<&str> = names.iter().map(|n| n.0).collect();
            vec![int(), json!({"enum": names})]
        }
        Kind::Timeval => vec![off(), time(), fields(&["tv_sec", "tv_usec"])],
        Kind::Linger => vec![
            json!({"const": false}),
            time(),
            fields(&["onoff", "linger"]),
        ],
        Kind::Ifname => vec![json!({"const": false}), text(0, 15)],
        Kind::Ifindex | Kind::IfindexBe => vec![number(0, i32::MAX), text(1, 15)],
        Kind::MulticastIf => vec![number(0, i32::MAX), text(1, 15), json!({"type": "object"})],
        Kind::Text(most) => vec![text(1, most - 1)],
        Kind::PortRange => {
            let range =
                json!({"type": "string", "pattern": r"^\s*[0-9]{1,5}\s*-\s*[0-9]{1,5}\s*$"});
            vec![off(), range]
        }
        Kind::Words(most) => vec![number(0, u32::MAX), words(most)],
        Kind::Gids => vec![number(0, u32::MAX), words(65536)],
        Kind::Filter => vec![
            hex(8 * 4096),
            json!({"type": "array", "items": {"type": "object"}}),
        ],
        Kind::Struct(layout) => vec![record(layout), hex(layout.size)],
        Kind::Bytes(most) => vec![hex(most)],
    }
}

/// No limit.
fn off() -> Json {
    json!({"enum": [false, 0]})
}

fn hex(most: usize) -> Json {
    json!({"type": "string", "pattern": "^([0-9a-fA-F]{2})*$", "maxLength": 2 * most})
}

fn words(most: usize) -> Json {
    json!({"type": "array", "items": number(0, u32::MAX), "maxItems": most})
}

/// Two fields that both must be there.
fn fields(names: &[&str; 2]) -> Json {
    let properties: Map<String, Json> = names
        .iter()
        .map(|name| ((*name).to_owned(), json!({"type": ["integer", "boolean"]})))
        .collect();
    json!({"type": "object", "properties": properties, "required": names, "additionalProperties": false})
}

/// A field that is left out is 0.
fn record(layout: &Layout) -> Json {
    let mut properties: Map<String, Json> = layout
        .fields
        .iter()
        .map(|field| (field.name.to_owned(), part(field.part)))
        .collect();
    // struct ip_mreq's name for the same field, which is read too.
    if layout.name == "ip_mreqn" {
        properties.insert("imr_interface".into(), part(Part::Ipv4));
    }
    json!({"type": "object", "properties": properties, "minProperties": 1, "additionalProperties": false})
}

fn part(part: Part) -> Json {
    let up_to = |most: i64| json!({"anyOf": [{"type": "boolean"}, number(0, most)]});
    match part {
        Part::U8 => up_to(u8::MAX.into()),
        Part::U16 => up_to(u16::MAX.into()),
        Part::U32 => up_to(u32::MAX.into()),
        Part::U64 => up_to(i64::MAX),
        Part::I32 => number(i32::MIN, i32::MAX),
        Part::Bits { width, .. } => up_to((1 << width) - 1),
        Part::Ifindex => json!({"anyOf": [number(0, i32::MAX), text(1, 15)]}),
        Part::Ipv4 | Part::Ipv6 | Part::Sockaddr => json!({"type": "string"}),
    }
}
