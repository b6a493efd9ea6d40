//! The options that the guards of a datagram server need, beside those of the profile.
//!
//! They are steps like any other, so that `--dry-run` and the trace show them; [`super::steps`] puts them in their place.

use std::net::IpAddr;

use super::choose::Chosen;
use super::steps::{Act, SetOption, Step, Wish};
use crate::option::{self, OptionName, Payload, Value};
use crate::profile::{Need, OptionKey, Profile};
use crate::socket::{Address, Family, Phase, Role, Type};

/// What the datagram guards need to be told by the kernel: the time to live of each request, the address it was sent
/// to, and how many datagrams were dropped. An IPv6 socket hears of v4-mapped peers through the IPv4 options. Each costs
/// something with every datagram, so the address is not asked for where there is only one that it can be.
pub(super) fn guards(profile: &Profile, chosen: &Chosen) -> Vec<Step> {
    let one = has_one_address(profile, chosen);
    let names: &[&str] = match (chosen.role, chosen.triple.family, chosen.triple.ty) {
        (Role::Serve, Family::Ipv4, Type::Datagram) if one => &["IP_RECVTTL", "SO_RXQ_OVFL"],
        (Role::Serve, Family::Ipv4, Type::Datagram) => &["IP_RECVTTL", "IP_PKTINFO", "SO_RXQ_OVFL"],
        (Role::Serve, Family::Ipv6, Type::Datagram) if one => {
            &["IPV6_RECVHOPLIMIT", "IP_RECVTTL", "SO_RXQ_OVFL"]
        }
        (Role::Serve, Family::Ipv6, Type::Datagram) => &[
            "IPV6_RECVHOPLIMIT",
            "IPV6_RECVPKTINFO",
            "IP_RECVTTL",
            "SO_RXQ_OVFL",
        ],
        (Role::Serve, Family::Ipv4 | Family::Ipv6, Type::Raw) => &["SO_RXQ_OVFL"],
        _ => &[],
    };
    names.iter().map(|name| step(chosen, name, 1)).collect()
}

/// The time to live that a guarded reply has at most, where the profile sets none: the kernel's own default.
pub const DEFAULT_TTL: i32 = 64;

/// The time to live of the reply to the usual request, that of a near machine with the kernel's default: the socket is
/// given it, so that such a reply needs no ancillary data. Every other reply carries its own. `None`: the guards are off,
/// or the socket is its owner's too and is left as it is.
pub(super) fn usual_ttl(profile: &Profile, chosen: &Chosen) -> Option<i32> {
    let t = chosen.triple;
    let inherited = matches!(chosen.address.value, Address::Fd(_));
    let guarded = t.ty == Type::Datagram && t.family != Family::Unix;
    (guarded && !inherited && !profile.serve.allow_loops.value && chosen.role == Role::Serve)
        .then(|| own_ttl(profile).unwrap_or(DEFAULT_TTL).min(DEFAULT_TTL - 1))
}

/// The time to live that the profile sets.
pub(super) fn own_ttl(profile: &Profile) -> Option<i32> {
    let is_ttl = |o: &&OptionKey| matches!(o.row.name, "IP_TTL" | "IPV6_UNICAST_HOPS");
    match profile.options.iter().rev().find(is_ttl)?.value.value {
        Value::Int(n) => i32::try_from(n).ok(),
        _ => None,
    }
}

/// The step that gives it to the socket, behind whatever the profile sets.
pub(super) fn usual_reply(profile: &Profile, chosen: &Chosen) -> Option<Step> {
    let name = match chosen.triple.family {
        Family::Ipv6 => "IPV6_UNICAST_HOPS",
        _ => "IP_TTL",
    };
    usual_ttl(profile, chosen).map(|ttl| step(chosen, name, ttl))
}

fn step(chosen: &Chosen, name: &str, value: i32) -> Step {
    let row = option::find(name).expect("the guards' options are rows of the registry");
    let set = SetOption {
        option: OptionName::on(row, chosen.triple),
        requested: row.decode(&value.to_ne_bytes()),
        payload: Payload {
            bytes: value.to_ne_bytes().to_vec(),
            patch: None,
        },
        phase: Phase::PostSocket,
        need: Need::Required,
        wish: Wish::Guard,
    };
    Step {
        act: Act::Set(Box::new(set)),
        origin: "datagram guard".into(),
    }
}

/// Whether whatever arrives was sent to the address that the socket is bound to: it is one machine's, written as a
/// literal. Broadcasts and multicasts do not reach such a socket, and it answers from that address by itself. A
/// transparent socket is handed what was sent to others (IP_TRANSPARENT, ip(7)).
fn has_one_address(profile: &Profile, chosen: &Chosen) -> bool {
    let Address::Inet { host, .. } = &chosen.address.value else {
        return false;
    };
    let transparent = |key: &OptionKey| key.row.name.contains("TRANSPARENT");
    let unique = match host.parse() {
        // Which addresses of another network are broadcasts, only its mask tells.
        Ok(IpAddr::V4(ip)) => ip.is_loopback() && !matches!(ip.octets()[3], 0 | 255),
        Ok(IpAddr::V6(ip)) => !(ip.is_unspecified() || ip.is_multicast()),
        Err(_) => false,
    };
    unique && chosen.triple.ty == Type::Datagram && !profile.options.iter().any(transparent)
}
