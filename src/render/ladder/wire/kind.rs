//! What kinds of sockets there are, and how addresses are told apart: all that needs no memory of the story.

use crate::event::Arg;

/// How a socket's messages travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Packets, with a handshake.
    Tcp,
    /// A connection without packets.
    Unix,
    /// Packets, without a handshake.
    Udp,
    /// Messages without packets or a handshake.
    UnixDatagram,
    /// Packets of one protocol; which one is [`protocol`].
    Raw,
    /// Nothing is drawn.
    Other,
}

/// What socket(2) was asked for.
pub(super) fn of(args: &[Arg]) -> Kind {
    let symbol = |at: usize| match args.get(at) {
        Some(Arg::Symbol(text)) => text.as_ref(),
        _ => "",
    };
    let inet = symbol(0).starts_with("AF_INET");
    let unix = matches!(symbol(0), "AF_UNIX" | "AF_LOCAL");
    let ty = symbol(1).split('|').next().unwrap_or("");
    match ty {
        "SOCK_STREAM" if inet => Kind::Tcp,
        "SOCK_DGRAM" if inet => Kind::Udp,
        "SOCK_STREAM" | "SOCK_SEQPACKET" if unix => Kind::Unix,
        "SOCK_DGRAM" if unix => Kind::UnixDatagram,
        "SOCK_RAW" if inet => Kind::Raw,
        _ => Kind::Other,
    }
}

/// The family and the protocol of socket(2).
pub(super) fn protocol(args: &[Arg]) -> (String, String) {
    let text = |at: usize| args.get(at).map(Arg::to_string).unwrap_or_default();
    (text(0), text(2))
}

/// Whether what a raw socket sends is for this one: IPPROTO_RAW says in each header what it is.
pub(super) fn is_for(from: &(String, String), to: &(String, String)) -> bool {
    let any = |name: &str| matches!(name, "IPPROTO_RAW" | "255");
    from.0 == to.0 && (from.1 == to.1 || any(&from.1)) && !any(&to.1)
}

pub(super) fn port(address: &str) -> Option<&str> {
    address.rsplit_once(':').map(|(_, port)| port)
}

/// Whether what is bound to all addresses of the host gets what is for one of them.
pub(super) fn covers(local: &str, address: &str) -> bool {
    let wild = matches!(local.rsplit_once(':'), Some(("0.0.0.0" | "[::]", _)));
    // Connecting to the address of nobody in particular reaches this host.
    let anywhere = matches!(address.rsplit_once(':'), Some(("0.0.0.0" | "[::]", _)));
    (wild || anywhere) && port(local) == port(address)
}

/// `[::ffff:127.0.0.1]:80` as `127.0.0.1:80`: to an IPv6 socket an IPv4 peer looks like that (ipv6(7)).
pub(super) fn plain(address: &str) -> String {
    let mapped = address.strip_prefix("[::ffff:");
    match mapped.and_then(|rest| rest.split_once("]:")) {
        Some((host, port)) if host.contains('.') => format!("{host}:{port}"),
        _ => address.to_owned(),
    }
}
