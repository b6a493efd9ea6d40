//! Interfaces as options take them: by name, by index in either byte order, or by an address.
//!
//! A name's index is known to the kernel only, so such a value leaves here with a [`Patch`] for the gate.

use super::encode::refuse;
use super::{Patch, Payload, Value, layouts, record};

/// IFNAMSIZ of linux/if.h is 16, with the NUL.
const IFNAMSIZ: usize = 16;

/// Whether it can be an interface's name at all; whether it is one, only the kernel knows.
pub(super) fn is_ifname(text: &str) -> bool {
    !text.is_empty() && text.len() < IFNAMSIZ && !text.contains(['\0', '/', ' '])
}

pub(super) fn ifname(value: &Value) -> Result<Payload, String> {
    match value {
        Value::Bool(false) => Ok(vec![0].into()),
        Value::Text(text) if text.is_empty() => Ok(vec![0].into()),
        Value::Text(text) if is_ifname(text) => Ok([text.as_bytes(), b"\0"].concat().into()),
        other => refuse(
            "an interface's name of 1 to 15 bytes such as \"lo\", or \"\" for none",
            other,
        ),
    }
}

/// The byte order of an index.
#[derive(Clone, Copy)]
pub(super) enum Order {
    /// This machine's: IPV6_MULTICAST_IF.
    Host,
    /// The network's: IP_UNICAST_IF.
    Network,
}

pub(super) fn ifindex(value: &Value, order: Order) -> Result<Payload, String> {
    let takes = "an interface by index or name, such as 1 or \"lo\"; 0 is none";
    match (value, order) {
        (Value::Int(n @ 0..), _) => match (i32::try_from(*n), order) {
            (Ok(n), Order::Host) => Ok(n.to_ne_bytes().to_vec().into()),
            (Ok(n), Order::Network) => Ok(n.to_be_bytes().to_vec().into()),
            (Err(_), _) => refuse(takes, value),
        },
        (Value::Text(text), _) if is_ifname(text) => {
            let (offset, name) = (0, text.clone());
            let patch = match order {
                Order::Host => Patch::InterfaceIndex { offset, name },
                Order::Network => Patch::InterfaceIndexBe { offset, name },
            };
            Ok(Payload {
                bytes: vec![0; 4],
                patch: Some(patch),
            })
        }
        (other, _) => refuse(takes, other),
    }
}

pub(super) fn multicast_if(value: &Value) -> Result<Payload, String> {
    if let Value::Text(text) = value
        && let Ok(address) = text.parse::<std::net::Ipv4Addr>()
    {
        return Ok(address.octets().to_vec().into());
    }
    if let Value::Struct(_) = value {
        return record::encode(&layouts::MREQN, value);
    }
    let index = ifindex(value, Order::Host).or_else(|_| {
        refuse(
            "an interface by address, index or name, such as \"127.0.0.1\", 1 or \"lo\"",
            value,
        )
    })?;
    // struct ip_mreqn: two addresses that stay unspecified, then the index.
    Ok(Payload {
        bytes: [&[0; 8], &index.bytes[..]].concat(),
        patch: index.patch.map(|_| Patch::InterfaceIndex {
            offset: 8,
            name: value.plain(),
        }),
    })
}

#[cfg(test)]
mod tests {
    use super::super::find;
    use super::*;

    fn encode(option: &str, value: &Value) -> Result<Payload, String> {
        find(option).unwrap().encode(value)
    }

    fn text(text: &str) -> Value {
        Value::Text(text.into())
    }

    #[test]
    fn an_index_is_a_number_or_the_gate_looks_it_up() {
        let one = encode("IPV6_MULTICAST_IF", &Value::Int(1)).unwrap();
        assert_eq!(one, 1i32.to_ne_bytes().to_vec().into());
        let lo = encode("IPV6_MULTICAST_IF", &text("lo")).unwrap();
        let (offset, name) = (0, "lo".to_owned());
        assert_eq!(lo.patch, Some(Patch::InterfaceIndex { offset, name }));
    }

    #[test]
    fn unicast_if_is_in_network_order() {
        let one = encode("IP_UNICAST_IF", &Value::Int(1)).unwrap();
        assert_eq!(one.bytes, [0, 0, 0, 1]);
        let lo = encode("IP_UNICAST_IF", &text("lo")).unwrap();
        assert!(matches!(lo.patch, Some(Patch::InterfaceIndexBe { .. })));
    }

    #[test]
    fn multicast_if_takes_an_address_or_a_name() {
        let address = encode("IP_MULTICAST_IF", &text("127.0.0.1")).unwrap();
        assert_eq!(address.bytes, [127, 0, 0, 1]);
        let lo = encode("IP_MULTICAST_IF", &text("lo")).unwrap();
        let (offset, name) = (8, "lo".to_owned());
        assert_eq!(lo.bytes.len(), 12);
        assert_eq!(lo.patch, Some(Patch::InterfaceIndex { offset, name }));
    }

    #[test]
    fn a_device_has_a_short_name_or_none() {
        assert_eq!(
            encode("SO_BINDTODEVICE", &text("lo")).unwrap().bytes,
            b"lo\0"
        );
        assert_eq!(encode("SO_BINDTODEVICE", &text("")).unwrap().bytes, [0]);
        for bad in ["sixteen-letters!", "a b", "a/b", "a\0b"] {
            let error = encode("SO_BINDTODEVICE", &text(bad)).unwrap_err();
            assert!(error.contains("1 to 15 bytes"), "{error}");
        }
    }
}
