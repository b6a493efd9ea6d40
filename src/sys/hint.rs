//! What to tell a user about a refusal: the cause where it can be found out, and what would help.

use super::{holder, path, sysctl};
use crate::error::{Error, Failure};
use crate::option;
use crate::plan::Plan;
use crate::socket::{Address, Family, Protocol, Role, Triple, Type};

/// Adds cause and help to a refused call of this plan.
pub fn explain(error: Error, plan: &Plan) -> Error {
    let Error::Refused(mut failure) = error else {
        return error;
    };
    if failure.cause.is_none() {
        match failure.call {
            "socket" => socket(&mut failure, plan.triple),
            "bind" | "listen" => bind(&mut failure, plan),
            "setsockopt" => setsockopt(&mut failure, plan.triple),
            "connect" | "getpeername" => connect(&mut failure, plan),
            _ => {}
        }
    }
    Error::Refused(failure)
}

fn say(failure: &mut Failure, cause: &str, help: &str) {
    failure.cause.get_or_insert_with(|| cause.to_owned());
    failure.help.push(help.to_owned());
}

const SETCAP_RAW: &str =
    "give the program the capability once: sudo setcap cap_net_raw+ep \"$(command -v sockplay)\"";

fn socket(failure: &mut Failure, triple: Triple) {
    let works = works_instead(triple);
    match failure.errno.name.as_str() {
        "EPERM" if triple.ty == Type::Raw => {
            say(failure, "raw sockets need CAP_NET_RAW", SETCAP_RAW);
        }
        "EACCES" => say(
            failure,
            "ICMP datagram sockets are only for the groups of net.ipv4.ping_group_range",
            "use type = \"raw\" with CAP_NET_RAW, or: sudo sysctl net.ipv4.ping_group_range=\"0 2147483647\"",
        ),
        "EPROTONOSUPPORT" => {
            let cause = format!(
                "the kernel has no protocol {} for {} {}",
                triple.protocol,
                triple.family.name(),
                triple.ty.name()
            );
            say(failure, &cause, &works);
        }
        "ESOCKTNOSUPPORT" => {
            let cause = format!(
                "the kernel has no {} sockets in the {} family",
                triple.ty.name(),
                triple.family.name()
            );
            say(failure, &cause, &works);
        }
        "EAFNOSUPPORT" => {
            let cause = format!(
                "this kernel was started or built without {}",
                triple.family.c_name()
            );
            say(failure, &cause, "use another family");
        }
        "EMFILE" => say(
            failure,
            "this process has as many descriptors as RLIMIT_NOFILE allows",
            "ulimit -n shows and raises the limit",
        ),
        _ => {}
    }
}

/// Protocols that the type does take, in the manual's names.
fn works_instead(triple: Triple) -> String {
    let list = match (triple.family, triple.ty) {
        (Family::Unix, _) => {
            "unix sockets take protocol 0, with type stream, datagram or seqpacket"
        }
        (_, Type::Stream) => {
            "a stream takes tcp (0 means that), mptcp, or sctp where the kernel has it"
        }
        (_, Type::Datagram) => {
            "a datagram socket takes udp (0 means that), udplite, or icmp where ping_group_range allows"
        }
        (_, Type::Raw) => {
            "a raw socket takes any protocol from 1 to 255, by name or number; 253 is for experiments"
        }
        (_, Type::Seqpacket) => {
            "seqpacket is for family = \"unix\" (and for protocol sctp where the kernel has it)"
        }
    };
    list.to_owned()
}

fn bind(failure: &mut Failure, plan: &Plan) {
    match failure.errno.name.as_str() {
        "EADDRINUSE" => in_use(failure, plan),
        "EACCES" if plan.triple.has_ports() => {
            let first = sysctl::number("net.ipv4.ip_unprivileged_port_start").unwrap_or(1024);
            let cause = format!(
                "ports below {first} need CAP_NET_BIND_SERVICE (net.ipv4.ip_unprivileged_port_start = {first})"
            );
            say(
                failure,
                &cause,
                "choose a higher port, or: sudo setcap cap_net_bind_service+ep \"$(command -v sockplay)\"",
            );
        }
        "EADDRNOTAVAIL" => say(
            failure,
            "no interface of this machine has that address",
            "`ip address` lists them; \"\" is every interface",
        ),
        "EINVAL" if plan.triple.family == Family::Ipv6 => {
            say(
                failure,
                "a link-local address needs its interface",
                "write it as fe80::1%eth0",
            );
        }
        _ => path::explain(failure),
    }
}

fn in_use(failure: &mut Failure, plan: &Plan) {
    let Address::Inet { port, .. } = plan.address else {
        say(
            failure,
            "another socket has that name",
            "choose another one",
        );
        return;
    };
    match holder::of_port(plan.triple, port) {
        Some(holder::Holder::Process(who)) => {
            let cause = format!("{who} has the port");
            say(
                failure,
                &cause,
                "stop it, or choose another port: --set address.port=0 lets the kernel pick",
            );
        }
        Some(holder::Holder::TimeWait) => say(
            failure,
            "an old connection of that port is still in TIME_WAIT (60 s), and its socket had no SO_REUSEADDR",
            "set SO_REUSEADDR = true on every server of that port, or wait a minute",
        ),
        None => say(
            failure,
            "another socket has the port",
            "`ss -tulpn` may tell whose it is; --set address.port=0 lets the kernel pick another",
        ),
    }
}

fn setsockopt(failure: &mut Failure, triple: Triple) {
    let row = option::find(&failure.subject);
    let name = failure.subject.clone();
    let page = format!(
        "see `sockplay options {}`; `optional = true` in its long form goes on without it",
        name.to_lowercase()
    );
    match failure.errno.name.as_str() {
        "EPERM" | "EACCES" => {
            let cause = match row.and_then(|r| r.privilege) {
                Some(privilege) => format!("setting {name} to this value needs {privilege}"),
                None => format!("setting {name} to this value needs a privilege"),
            };
            say(failure, &cause, &page);
        }
        "ENOPROTOOPT" | "EOPNOTSUPP" => {
            let cause = format!("{triple} sockets of this kernel have no {name}");
            say(failure, &cause, &page);
        }
        "EINVAL" | "EDOM" | "ERANGE" => {
            let cause = match row.and_then(|r| r.range) {
                Some((least, most)) => {
                    format!("the value, or the moment: {name} takes {least} to {most}")
                }
                None => "the kernel does not take this value, or not at this moment".to_owned(),
            };
            say(failure, &cause, &page);
        }
        "ENOENT" if name == "TCP_CONGESTION" => say(
            failure,
            "this kernel has no congestion control of that name",
            "cat /proc/sys/net/ipv4/tcp_available_congestion_control",
        ),
        "ENODEV" => say(
            failure,
            "there is no such interface",
            "`ip link` lists the interfaces",
        ),
        _ => say(failure, "the kernel refused the value", &page),
    }
}

fn nobody_listens(failure: &mut Failure, plan: &Plan) {
    if plan.triple.family == Family::Unix {
        say(
            failure,
            "nobody listens under that name (any more)",
            "start the server first: `sockplay serve ADDRESS` opens one of this kind",
        );
    } else {
        say(
            failure,
            "the machine at that address answered that nothing listens there",
            "is the server running, on this family and port? `sockplay serve` starts one",
        );
    }
}

fn no_answer(failure: &mut Failure, plan: &Plan) {
    let ms = plan.connect.timeout.as_millis();
    let cause = format!(
        "no answer within {ms} ms: a firewall that drops, a full backlog, or a wrong address"
    );
    say(failure, &cause, "connect.timeout sets how long to wait");
}

/// connect(2): EINVAL of an internet address.
fn address_refused(failure: &mut Failure, plan: &Plan) {
    if failure.subject.starts_with("[fe80") {
        let cause = "a link-local address needs its interface";
        say(failure, cause, "write it as [fe80::1%eth0]:35555");
    } else if plan.triple.protocol == Protocol::MPTCP {
        let help = "socket.protocol = \"tcp\" tells whether TCP takes it";
        say(failure, "MPTCP refused the address", help);
    } else {
        let cause = "the routing table throws away what goes there (a blackhole route)";
        let help = "`ip route get ADDRESS` tells where it would go";
        say(failure, cause, help);
    }
}

fn connect(failure: &mut Failure, plan: &Plan) {
    let unix = plan.triple.family == Family::Unix;
    match failure.errno.name.as_str() {
        "ECONNREFUSED" => nobody_listens(failure, plan),
        "EINPROGRESS" | "ETIMEDOUT" | "EAGAIN" => no_answer(failure, plan),
        "ENETUNREACH" => say(
            failure,
            "there is no route to that network",
            "`ip route get ADDRESS` tells where it would go",
        ),
        "EHOSTUNREACH" => say(
            failure,
            "a router, an unreachable route or the neighbour table says that the host cannot be reached",
            "`ip route get ADDRESS` tells where it would go, `ip neighbour` who answers",
        ),
        "ENOENT" => say(
            failure,
            "there is no such path",
            "start the server first: it creates the path",
        ),
        "EPROTOTYPE" => say(
            failure,
            "the socket at that path has another type",
            "try unix:, unixgram:// or seqpacket:// before the path",
        ),
        "EACCES" if unix => say(
            failure,
            "the path's mode does not let this user write to it",
            "address.mode sets it on the server",
        ),
        "EACCES" if plan.triple.ty.has_connections() => say(
            failure,
            "a firewall rule or a prohibit route forbids it",
            "`ip route get ADDRESS` tells where it would go, `nft list ruleset` what is forbidden",
        ),
        "EACCES" => say(
            failure,
            "a firewall rule or a prohibit route forbids it, or the address is a broadcast one",
            "SO_BROADCAST = true allows broadcast",
        ),
        "EADDRNOTAVAIL" => say(
            failure,
            "no local port is free for that destination, or connect.local_port is taken by another connection to it",
            "net.ipv4.ip_local_port_range is the pool",
        ),
        "ENOTCONN" if plan.role == Role::Connect => say(
            failure,
            "the inherited descriptor has no peer",
            "its owner must connect it before sockplay inherits it",
        ),
        "EINVAL" if !unix => address_refused(failure, plan),
        _ => {}
    }
}
