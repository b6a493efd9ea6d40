//! C structs from and to their fields, as a [`Layout`] lists them.
//!
//! A field that is left out is 0; a name that the struct does not have is refused with those it has. Interfaces may be
//! named; their index is the gate's to find out.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::encode::{bytes, refuse};
use super::interface::is_ifname;
use super::{Field, Layout, Part, Patch, Payload, Value};

/// The struct's bytes; hexadecimal text is taken as it is.
pub(super) fn encode(layout: &Layout, value: &Value) -> Result<Payload, String> {
    let fields = match value {
        Value::Struct(fields) if !fields.is_empty() => fields,
        other => {
            let raw = bytes(other, layout.size).map(Payload::from);
            return raw.or_else(|_| refuse(&format!("{{{}}}", names(layout)), other));
        }
    };
    let mut payload = Payload::from(vec![0; layout.size]);
    for (name, value) in fields {
        let Some(field) = find(layout, name) else {
            return Err(format!(
                "has no field \"{}\"; struct {} has {}",
                crate::escape::text(name),
                layout.name,
                names(layout)
            ));
        };
        put(&mut payload, layout, field, value)
            .map_err(|why| format!("field {} {why}", field.name))?;
    }
    Ok(payload)
}

/// The fields that the bytes hold; a shorter answer is an older kernel's.
pub(super) fn decode(layout: &Layout, bytes: &[u8]) -> Value {
    let fields = layout.fields.iter().filter_map(|field| {
        let part = bytes.get(field.offset..)?;
        Some((
            field.name.to_owned(),
            get(field.part, part, room(layout, field))?,
        ))
    });
    Value::Struct(fields.collect())
}

fn names(layout: &Layout) -> String {
    let names: Vec<&str> = layout.fields.iter().map(|f| f.name).collect();
    names.join(", ")
}

/// By the manual's name; struct ip_mreq calls ip_mreqn's second field imr_interface.
fn find<'a>(layout: &'a Layout, name: &str) -> Option<&'a Field> {
    let name = match (layout.name, name) {
        ("ip_mreqn", "imr_interface") => "imr_address",
        _ => name,
    };
    layout.fields.iter().find(|f| f.name == name)
}

/// Where the next field starts.
fn room(layout: &Layout, field: &Field) -> usize {
    let next = layout
        .fields
        .iter()
        .map(|f| f.offset)
        .filter(|&o| o > field.offset);
    next.min().unwrap_or(layout.size) - field.offset
}

fn put(payload: &mut Payload, layout: &Layout, field: &Field, value: &Value) -> Result<(), String> {
    let room = room(layout, field);
    let bytes = match (field.part, value) {
        (Part::Ipv4, Value::Text(t)) => parsed::<Ipv4Addr>(t, value)?.octets().to_vec(),
        (Part::Ipv6, Value::Text(t)) => parsed::<Ipv6Addr>(t, value)?.octets().to_vec(),
        (Part::Sockaddr, Value::Text(t)) => sockaddr(t, room, value)?,
        (Part::Sockaddr, Value::Bytes(b)) if b.len() <= room => b.clone(),
        (Part::Ifindex, Value::Text(t)) if is_ifname(t) => {
            payload.patch = Some(Patch::InterfaceIndex {
                offset: field.offset,
                name: t.clone(),
            });
            vec![0; 4]
        }
        (Part::Bits { shift, width }, _) => {
            let bits = number(value, 0, (1 << width) - 1)? as u8;
            vec![payload.bytes[field.offset] | bits << shift]
        }
        (part, value) => integer(part, value)?,
    };
    payload.bytes[field.offset..field.offset + bytes.len()].copy_from_slice(&bytes);
    Ok(())
}

fn integer(part: Part, value: &Value) -> Result<Vec<u8>, String> {
    Ok(match part {
        Part::U8 => vec![number(value, 0, u8::MAX.into())? as u8],
        Part::U16 => (number(value, 0, u16::MAX.into())? as u16)
            .to_ne_bytes()
            .into(),
        Part::U32 => (number(value, 0, u32::MAX.into())? as u32)
            .to_ne_bytes()
            .into(),
        Part::I32 => (number(value, i32::MIN.into(), i32::MAX.into())? as i32)
            .to_ne_bytes()
            .into(),
        Part::Ifindex => (number(value, 0, i32::MAX.into())? as i32)
            .to_ne_bytes()
            .into(),
        Part::U64 => number(value, 0, i64::MAX)?.to_ne_bytes().into(),
        _ => return refuse("an address such as \"127.0.0.1\"", value),
    })
}

fn number(value: &Value, least: i64, greatest: i64) -> Result<i64, String> {
    match value {
        Value::Int(n) if (least..=greatest).contains(n) => Ok(*n),
        Value::Bool(b) if least == 0 => Ok((*b).into()),
        other => refuse(&format!("{least} to {greatest}"), other),
    }
}

fn parsed<T: std::str::FromStr>(text: &str, value: &Value) -> Result<T, String> {
    text.parse()
        .or_else(|_| refuse("an address such as \"239.0.0.1\" or \"ff02::1\"", value))
}

/// struct sockaddr_in or sockaddr_in6 with or without a port; "" is no address.
fn sockaddr(text: &str, room: usize, value: &Value) -> Result<Vec<u8>, String> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let address = match text.parse::<IpAddr>() {
        Ok(ip) => SocketAddr::new(ip, 0),
        Err(_) => parsed::<SocketAddr>(text, value)?,
    };
    let (family, flow, scope) = match address {
        SocketAddr::V4(_) => (libc::AF_INET, None, 0),
        SocketAddr::V6(six) => (libc::AF_INET6, Some(six.flowinfo()), six.scope_id()),
    };
    let mut out = (family as u16).to_ne_bytes().to_vec();
    out.extend(address.port().to_be_bytes());
    out.extend(flow.into_iter().flat_map(u32::to_be_bytes));
    match address.ip() {
        IpAddr::V4(ip) => out.extend(ip.octets()),
        IpAddr::V6(ip) => out.extend(ip.octets().iter().copied().chain(scope.to_ne_bytes())),
    }
    if out.len() > room {
        refuse("an IPv4 address", value)
    } else {
        Ok(out)
    }
}

fn get(part: Part, bytes: &[u8], room: usize) -> Option<Value> {
    Some(match part {
        Part::U8 => Value::Int((*bytes.first()?).into()),
        Part::U16 => Value::Int(u16::from_ne_bytes(*bytes.first_chunk()?).into()),
        Part::U32 => Value::Int(u32::from_ne_bytes(*bytes.first_chunk()?).into()),
        Part::I32 | Part::Ifindex => Value::Int(i32::from_ne_bytes(*bytes.first_chunk()?).into()),
        Part::U64 => Value::Int(u64::from_ne_bytes(*bytes.first_chunk()?) as i64),
        Part::Bits { shift, width } => {
            Value::Int(((*bytes.first()? >> shift) & ((1 << width) - 1)).into())
        }
        Part::Ipv4 => Value::Text(Ipv4Addr::from(*bytes.first_chunk::<4>()?).to_string()),
        Part::Ipv6 => Value::Text(Ipv6Addr::from(*bytes.first_chunk::<16>()?).to_string()),
        Part::Sockaddr => address(&bytes[..room.min(bytes.len())]),
    })
}

fn address(bytes: &[u8]) -> Value {
    let raw = || Value::Bytes(bytes.to_vec());
    let Some(family) = bytes
        .first_chunk()
        .map(|f| i32::from(u16::from_ne_bytes(*f)))
    else {
        return raw();
    };
    let port = bytes
        .get(2..4)
        .map_or(0, |p| u16::from_be_bytes([p[0], p[1]]));
    let ip: IpAddr = match family {
        libc::AF_INET => match bytes.get(4..).and_then(|b| b.first_chunk::<4>()) {
            Some(octets) => Ipv4Addr::from(*octets).into(),
            None => return raw(),
        },
        libc::AF_INET6 => match bytes.get(8..).and_then(|b| b.first_chunk::<16>()) {
            Some(octets) => Ipv6Addr::from(*octets).into(),
            None => return raw(),
        },
        _ if bytes.iter().all(|b| *b == 0) => return Value::Text(String::new()),
        _ => return raw(),
    };
    Value::Text(match port {
        0 => ip.to_string(),
        port => SocketAddr::new(ip, port).to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::find;
    use super::*;

    fn record(fields: &[(&str, Value)]) -> Value {
        Value::Struct(
            fields
                .iter()
                .map(|(n, v)| ((*n).to_owned(), v.clone()))
                .collect(),
        )
    }

    fn text(text: &str) -> Value {
        Value::Text(text.into())
    }

    #[test]
    fn a_membership_is_written_in_the_manuals_words() {
        let row = find("IP_ADD_MEMBERSHIP").unwrap();
        let group = ("imr_multiaddr", text("239.1.1.1"));
        let n = row
            .encode(&record(&[group.clone(), ("imr_ifindex", Value::Int(1))]))
            .unwrap();
        assert_eq!(n.bytes[..8], [239, 1, 1, 1, 0, 0, 0, 0]);
        let old = row
            .encode(&record(&[
                group.clone(),
                ("imr_interface", text("127.0.0.1")),
            ]))
            .unwrap();
        assert_eq!(old.bytes[..8], [239, 1, 1, 1, 127, 0, 0, 1]);
        let named = row
            .encode(&record(&[group, ("imr_ifindex", text("lo"))]))
            .unwrap();
        assert!(matches!(
            named.patch,
            Some(Patch::InterfaceIndex { offset: 8, .. })
        ));
    }

    #[test]
    fn a_wrong_field_names_the_right_ones() {
        let row = find("IPV6_JOIN_GROUP").unwrap();
        let error = row
            .encode(&record(&[("group", text("ff02::1"))]))
            .unwrap_err();
        assert!(error.contains("ipv6mr_multiaddr"), "{error}");
        let error = row
            .encode(&record(&[("ipv6mr_multiaddr", text("1.2.3.4"))]))
            .unwrap_err();
        assert!(error.starts_with("field ipv6mr_multiaddr takes"), "{error}");
        assert!(row.encode(&record(&[])).is_err());
    }

    #[test]
    fn group_requests_hold_either_family() {
        let row = find("MCAST_JOIN_SOURCE_GROUP").unwrap();
        for (group, source) in [("239.1.1.1", "127.0.0.1"), ("ff02::1", "::1")] {
            let value = record(&[
                ("gsr_interface", Value::Int(1)),
                ("gsr_group", text(group)),
                ("gsr_source", text(source)),
            ]);
            let payload = row.encode(&value).unwrap();
            assert_eq!(payload.bytes.len(), 264);
            assert_eq!(row.decode(&payload.bytes), value);
        }
    }

    #[test]
    fn tcp_info_is_read_as_far_as_it_goes() {
        let row = find("TCP_INFO").unwrap();
        let mut bytes = vec![0; 232];
        bytes[0] = 1;
        bytes[6] = 0x7a;
        bytes[80..84].copy_from_slice(&10u32.to_ne_bytes());
        let info = row.decode(&bytes);
        assert_eq!(info.field("state"), Some(&Value::Int(1)));
        assert_eq!(info.field("snd_wscale"), Some(&Value::Int(10)));
        assert_eq!(info.field("rcv_wscale"), Some(&Value::Int(7)));
        assert_eq!(info.field("snd_cwnd"), Some(&Value::Int(10)));
        assert_eq!(info.field("rcv_wnd"), None);
        assert_eq!(row.decode(&[]), Value::Struct(Vec::new()));
    }
}
