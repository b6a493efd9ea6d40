//! Arguments in strace's notation: addresses, flags, constants.

use std::net::SocketAddr;

use super::Blocking;
use crate::escape;
use crate::event::Arg;
use crate::socket::{SocketName, Triple, UnixName};

/// `{sa_family=AF_INET, sin_port=htons(35555), sin_addr=inet_addr("127.0.0.1")}`
pub(super) fn address(name: &SocketName) -> Arg {
    let brief = match name {
        SocketName::Unix(UnixName::Unnamed) => String::new(),
        named => named.to_string(),
    };
    let full = match name {
        SocketName::Inet(SocketAddr::V4(a)) => {
            format!(
                "{{sa_family=AF_INET, sin_port=htons({}), sin_addr=inet_addr(\"{}\")}}",
                a.port(),
                a.ip()
            )
        }
        SocketName::Inet(SocketAddr::V6(a)) => format!(
            "{{sa_family=AF_INET6, sin6_port=htons({}), sin6_flowinfo=htonl({}), \
             inet_pton(AF_INET6, \"{}\", &sin6_addr), sin6_scope_id={}}}",
            a.port(),
            a.flowinfo(),
            a.ip(),
            a.scope_id()
        ),
        SocketName::Unix(UnixName::Unnamed) => "{sa_family=AF_UNIX}".into(),
        SocketName::Unix(UnixName::Abstract(name)) => {
            format!(
                "{{sa_family=AF_UNIX, sun_path=@\"{}\"}}",
                escape::bytes(name)
            )
        }
        SocketName::Unix(name) => format!("{{sa_family=AF_UNIX, sun_path=\"{name}\"}}"),
    };
    Arg::Address { brief, full }
}

/// The length that accept(2) and its kin are given and give back.
pub(super) fn address_len(name: &SocketName) -> usize {
    match name {
        SocketName::Inet(SocketAddr::V4(_)) => 16,
        SocketName::Inet(SocketAddr::V6(_)) => 28,
        SocketName::Unix(UnixName::Unnamed) => 2,
        SocketName::Unix(UnixName::Path(path)) => 2 + path.as_os_str().len() + 1,
        SocketName::Unix(UnixName::Abstract(name)) => 2 + 1 + name.len(),
    }
}

/// The three arguments of socket(2).
pub(super) fn triple(triple: Triple, mode: Blocking) -> Vec<Arg> {
    let nonblocking = match mode {
        Blocking::Yes => "",
        Blocking::No => "|SOCK_NONBLOCK",
    };
    vec![
        Arg::symbol(triple.family.c_name()),
        Arg::symbol(format!("{}|SOCK_CLOEXEC{nonblocking}", triple.ty.c_name())),
        Arg::symbol(triple.protocol_argument()),
    ]
}

/// Bits by name, `|` between them, 0 for none.
pub(super) fn bits(value: i32, table: &[(i32, &'static str)]) -> Arg {
    match value {
        0 => Arg::Int(0),
        _ => Arg::symbol(super::bits::names(value, table)),
    }
}

/// The flags of send(2) and recv(2).
pub(super) fn message_flags(flags: i32) -> Arg {
    bits(flags, super::bits::MESSAGE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::socket::{Family, Protocol, Type};

    #[test]
    fn arguments_read_like_strace() {
        let v4 = SocketName::Inet("127.0.0.1:80".parse().unwrap());
        assert_eq!(
            address(&v4).to_string(),
            "{sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr(\"127.0.0.1\")}"
        );
        let raw = Triple::new(Family::Ipv4, Type::Raw).with(Protocol(253));
        let args = triple(raw, Blocking::Yes);
        assert_eq!(args[1].to_string(), "SOCK_RAW|SOCK_CLOEXEC");
        let patient = triple(raw, Blocking::No)[1].to_string();
        assert_eq!(patient, "SOCK_RAW|SOCK_CLOEXEC|SOCK_NONBLOCK");
        assert_eq!(args[2].to_string(), "253");
        assert_eq!(
            message_flags(libc::MSG_TRUNC | libc::MSG_DONTWAIT).to_string(),
            "MSG_TRUNC|MSG_DONTWAIT"
        );
        assert_eq!(message_flags(0).to_string(), "0");
    }
}
