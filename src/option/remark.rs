//! What a kind of socket does with an option that it takes: "success" without effect, or on other traffic.
//!
//! The value reads back as asked in all these cases, so [`super::judge`] cannot see it; the manual and the kernel's
//! source can. Each line was tried on Linux 6.18.

use super::{Adjust, Fits, Level, Row, Ruling, Value, Verdict};
use crate::socket::{Family, Phase, Triple};

/// Options that only do something on the sockets named, though others take them.
#[rustfmt::skip]
const ONLY: &[(&str, Fits, &str)] = &[
    ("SO_BINDTODEVICE", Fits::INET, "unix sockets have no interface"),
    ("SO_BINDTOIFINDEX", Fits::INET, "unix sockets have no interface"),
    ("SO_BROADCAST", Fits::DATAGRAM.or(Fits::RAW).or(Fits::PING), "only datagrams can be broadcast"),
    ("SO_DONTROUTE", Fits::INET, "unix sockets have no route"),
    ("SO_KEEPALIVE", Fits::STREAM, "only TCP probes its connections"),
    ("SO_LINGER", Fits::STREAM, "only a connection over IP has something to linger for"),
    ("SO_MARK", Fits::INET, "unix sockets send no packets"),
    ("SO_NO_CHECK", Fits::UDP4, "only UDP over IPv4 can do without a checksum"),
    ("SO_PRIORITY", Fits::INET, "unix sockets send no packets"),
    ("SO_RCVBUF", Fits::INET, "unix(7): only the sender's SO_SNDBUF counts"),
    ("SO_REUSEADDR", Fits::INET, "a unix path is not reused; it must be unlinked"),
];

/// Ancillary data that recvmsg(2) never delivers on a TCP socket, although the option is taken.
const NOT_ON_TCP: &[&str] = &[
    "IP_CHECKSUM",
    "IP_PKTINFO",
    "IP_RECVERR_RFC4884",
    "IP_RECVOPTS",
    "IP_RECVORIGDSTADDR",
    "IP_RECVTOS",
    "IP_RECVTTL",
    "IP_RETOPTS",
    "IPV6_FLOWINFO",
    "IPV6_RECVFRAGSIZE",
    "IPV6_RECVHOPLIMIT",
    "IPV6_RECVORIGDSTADDR",
    "IPV6_RECVPATHMTU",
    "IPV6_RECVPKTINFO",
    "IPV6_RECVTCLASS",
    "SO_RCVMARK",
    "SO_RCVPRIORITY",
    "SO_RXQ_OVFL",
];

/// What such a socket does with the option, where that is not what its name says. Ask it after [`super::judge`] said
/// `honoured`: [`Verdict::Ignored`] overrules, [`Verdict::Honoured`] only adds its reason.
pub fn remark(row: &Row, triple: Triple) -> Option<Ruling> {
    let ruling = |verdict, why: &str| {
        Some(Ruling {
            verdict,
            why: Some(why.to_owned()),
        })
    };
    if let Some((_, _, why)) = ONLY.iter().find(|o| o.0 == row.name && !o.1.has(triple)) {
        return ruling(Verdict::Ignored, why);
    }
    if Fits::STREAM.has(triple) && NOT_ON_TCP.contains(&row.name) {
        return ruling(
            Verdict::Ignored,
            "accepted, but TCP never delivers such ancillary data",
        );
    }
    if row.level == Level::IP && triple.family == Family::Ipv6 {
        return ruling(
            Verdict::Honoured,
            "succeeds on IPv6 too, where it rules v4-mapped traffic",
        );
    }
    None
}

/// What was set at a point where nothing came of it: it reads as it did `before`. TCP_MAXSEG of a connection is such a
/// one. Ask it after [`super::judge`] said `adjusted`; a size that is doubled may be what was there by chance, and is none.
pub fn late(row: &Row, at: Phase, before: &Value, effective: &Value) -> Option<Ruling> {
    let why = row.warning_at(at)?;
    let is_doubled = matches!(
        row.adjust,
        Adjust::DoubledCapped { .. } | Adjust::Doubled { .. }
    );
    (before == effective && !is_doubled).then(|| Ruling {
        verdict: Verdict::Ignored,
        why: Some(why.to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::super::find;
    use super::*;
    use crate::socket::Type;

    fn say(name: &str, family: Family, ty: Type) -> Option<Verdict> {
        remark(find(name).unwrap(), Triple::new(family, ty)).map(|r| r.verdict)
    }

    #[test]
    fn success_is_not_effect() {
        assert_eq!(
            say("IP_RECVTTL", Family::Ipv4, Type::Stream),
            Some(Verdict::Ignored)
        );
        assert_eq!(say("IP_RECVTTL", Family::Ipv4, Type::Datagram), None);
        assert_eq!(
            say("IP_TTL", Family::Ipv6, Type::Stream),
            Some(Verdict::Honoured)
        );
        assert_eq!(
            say("SO_KEEPALIVE", Family::Unix, Type::Stream),
            Some(Verdict::Ignored)
        );
        assert_eq!(say("SO_SNDBUF", Family::Unix, Type::Stream), None);
    }

    #[test]
    fn what_reads_as_before_came_too_late() {
        let say = |name: &str, at, before, effective| {
            let row = find(name).unwrap();
            late(row, at, &Value::Int(before), &Value::Int(effective)).map(|r| r.verdict)
        };
        let ignored = Some(Verdict::Ignored);
        assert_eq!(say("TCP_MAXSEG", Phase::PostAccept, 32768, 32768), ignored);
        assert_eq!(say("TCP_MAXSEG", Phase::PreListen, 536, 536), None);
        assert_eq!(say("TCP_SYNCNT", Phase::PostAccept, 6, 3), None);
        assert_eq!(say("SO_RCVBUF", Phase::PostAccept, 131_072, 131_072), None);
    }

    #[test]
    fn every_name_here_is_a_row() {
        for name in ONLY.iter().map(|o| o.0).chain(NOT_ON_TCP.iter().copied()) {
            assert!(find(name).is_some(), "{name}");
        }
    }
}
