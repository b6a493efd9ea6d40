//! The options that nobody asked for: what the guards of a datagram server need, and what workers need.
//!
//! They are steps like any other, so that `--dry-run` and the trace show them; [`super::steps`] puts them in their place.

use std::net::IpAddr;

use super::choose::Chosen;
use super::steps::{Act, SetOption, Step, Wish};
use crate::option::{self, OptionName, Payload, Value};
use crate::profile::{Need, OptionKey, Profile};
use crate::socket::{Address, Family, Phase, Role, Type};

/// What a datagram server needs to be told by the kernel: how many datagrams were dropped, the address that each was
/// sent to, because the reply comes from there, and for the guards its time to live. An IPv6 socket hears of v4-mapped
/// peers through the IPv4 options. Each costs something with every datagram, so nothing is asked that is known.
pub(super) fn guards(profile: &Profile, chosen: &Chosen) -> Vec<Step> {
    let datagrams = chosen.triple.ty == Type::Datagram;
    let raw = chosen.triple.ty == Type::Raw;
    let internet = chosen.triple.family != Family::Unix;
    if chosen.role != Role::Serve || !internet || !(datagrams || raw) {
        return Vec::new();
    }
    let mut names = Vec::new();
    if datagrams && !profile.serve.allow_loops.value {
        names.extend(match chosen.triple.family {
            Family::Ipv6 => &["IPV6_RECVHOPLIMIT", "IP_RECVTTL"][..],
            _ => &["IP_RECVTTL"],
        });
    }
    if datagrams && !has_one_address(profile, chosen) {
        names.push(match chosen.triple.family {
            Family::Ipv6 => "IPV6_RECVPKTINFO",
            _ => "IP_PKTINFO",
        });
    }
    names.push("SO_RXQ_OVFL");
    names.iter().map(|name| guard(chosen, name, 1)).collect()
}

/// The time to live that a guarded reply has at most, where the profile sets none: the kernel's own default.
pub const DEFAULT_TTL: i32 = 64;

/// The time to live of the reply to the usual request, that of a near machine with the kernel's default: the socket is
/// given it, so that such a reply needs no ancillary data. Every other reply carries its own. `None`: the guards are off,
/// the profile itself says what the socket's is, or the socket is its owner's too and is left as it is.
pub(super) fn usual_ttl(profile: &Profile, chosen: &Chosen) -> Option<i32> {
    let t = chosen.triple;
    let inherited = matches!(chosen.address.value, Address::Fd(_));
    let guarded = t.ty == Type::Datagram && t.family != Family::Unix;
    let ours = !inherited && own_ttl(profile).is_none() && chosen.role == Role::Serve;
    (guarded && ours && !profile.serve.allow_loops.value).then_some(DEFAULT_TTL - 1)
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
    usual_ttl(profile, chosen).map(|ttl| guard(chosen, name, ttl))
}

/// What lets several workers have one address: socket(7), SO_REUSEPORT on each of them, before bind(2).
pub(super) fn workers(profile: &Profile, chosen: &Chosen) -> Option<Step> {
    const OPTION: &str = "SO_REUSEPORT";
    let workers = &profile.serve.workers;
    let needed = chosen.role == Role::Serve && workers.value.are_several();
    let written = profile.options.iter().any(|key| key.row.name == OPTION);
    (needed && !written).then(|| {
        let origin = format!("serve.workers, {}", profile.place(workers.origin));
        step(chosen, OPTION, 1, Phase::PreBind, origin)
    })
}

fn guard(chosen: &Chosen, name: &str, value: i32) -> Step {
    let origin = "datagram guard".into();
    step(chosen, name, value, Phase::PostSocket, origin)
}

fn step(chosen: &Chosen, name: &str, value: i32, phase: Phase, origin: String) -> Step {
    let row = option::find(name).expect("our own options are rows of the registry");
    let set = SetOption {
        option: OptionName::on(row, chosen.triple),
        requested: row.decode(&value.to_ne_bytes()),
        payload: Payload {
            bytes: value.to_ne_bytes().to_vec(),
            patch: None,
        },
        phase,
        need: Need::Required,
        wish: Wish::Ours,
    };
    Step {
        act: Act::Set(Box::new(set)),
        origin,
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
