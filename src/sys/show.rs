//! Arguments in strace's notation: addresses, flags, constants.

use std::net::SocketAddr;

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
pub(super) fn triple(triple: Triple) -> Vec<Arg> {
    vec![
        Arg::symbol(triple.family.c_name()),
        Arg::symbol(format!("{}|SOCK_CLOEXEC", triple.ty.c_name())),
        Arg::symbol(triple.protocol_argument()),
    ]
}

/// Bits by name, `|` between them, 0 for none.
pub(super) fn bits(value: i32, names: &[(i32, &'static str)]) -> Arg {
    if value == 0 {
        return Arg::Int(0);
    }
    let mut rest = value;
    let mut words = Vec::new();
    for &(bit, name) in names {
        if rest & bit == bit {
            words.push(name.to_owned());
            rest &= !bit;
        }
    }
    if rest != 0 {
        words.push(format!("{rest:#x}"));
    }
    Arg::symbol(words.join("|"))
}

/// The flags of send(2) and recv(2).
pub(super) fn message_flags(flags: i32) -> Arg {
    const NAMES: &[(i32, &str)] = &[
        (libc::MSG_OOB, "MSG_OOB"),
        (libc::MSG_PEEK, "MSG_PEEK"),
        (libc::MSG_DONTROUTE, "MSG_DONTROUTE"),
        (libc::MSG_CTRUNC, "MSG_CTRUNC"),
        (libc::MSG_TRUNC, "MSG_TRUNC"),
        (libc::MSG_DONTWAIT, "MSG_DONTWAIT"),
        (libc::MSG_EOR, "MSG_EOR"),
        (libc::MSG_WAITALL, "MSG_WAITALL"),
        (libc::MSG_ERRQUEUE, "MSG_ERRQUEUE"),
        (libc::MSG_NOSIGNAL, "MSG_NOSIGNAL"),
        (libc::MSG_MORE, "MSG_MORE"),
        (libc::MSG_WAITFORONE, "MSG_WAITFORONE"),
    ];
    bits(flags, NAMES)
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
        let args = triple(Triple::new(Family::Ipv4, Type::Raw).with(Protocol(253)));
        assert_eq!(args[1].to_string(), "SOCK_RAW|SOCK_CLOEXEC");
        assert_eq!(args[2].to_string(), "253");
        assert_eq!(
            message_flags(libc::MSG_TRUNC | libc::MSG_DONTWAIT).to_string(),
            "MSG_TRUNC|MSG_DONTWAIT"
        );
        assert_eq!(message_flags(0).to_string(), "0");
    }
}
