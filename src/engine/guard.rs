//! Why a datagram is not answered: two echo servers that answer each other never stop (CVE-1999-0103, CVE-2024-2169).
//!
//! Pure. A port list cannot stop two servers on high ports, so each reply also carries a time to live that is one less
//! than the request's: a loop dies within 64 packets, and a real client notices nothing.

use std::net::{IpAddr, SocketAddr};

use crate::plan::{DEFAULT_TTL, Loops};
use crate::socket::SocketName;
use crate::sys::message::Cast;

/// What is known about a request when the guards look at it.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// Who sent it.
    pub peer: &'a SocketName,
    /// Our own name.
    pub own: &'a SocketName,
    /// The address it was sent to.
    pub to: Option<IpAddr>,
    /// Whether that address is ours alone.
    pub cast: Cast,
    /// Its time to live on arrival.
    pub ttl: Option<i32>,
    /// Whether its protocol has ports.
    pub ports: Ports,
}

/// Whether addresses carry a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ports {
    /// udp and udplite.
    Yes,
    /// Raw sockets.
    No,
}

/// The time to live of the reply, or why there is none. `own_ttl` is what the profile set, if anything.
#[inline]
pub fn judge(
    request: &Request<'_>,
    own_ttl: Option<i32>,
    loops: Loops,
) -> Result<Option<i32>, &'static str> {
    let SocketName::Inet(peer) = request.peer else {
        return if *request.peer == SocketName::UNNAMED {
            Err("it has no address to answer to")
        } else {
            Ok(None)
        };
    };
    if loops == Loops::Allowed {
        return if peer.port() == 0 && request.ports == Ports::Yes {
            Err("source port 0")
        } else {
            Ok(None)
        };
    }
    if let Some(why) = address(request, *peer) {
        return Err(why);
    }
    match request
        .ttl
        .map(|ttl| (ttl - 1).min(own_ttl.unwrap_or(DEFAULT_TTL)))
    {
        Some(ttl) if ttl < 1 => Err("its time to live is used up: a loop"),
        ttl => Ok(ttl),
    }
}

#[inline]
fn address(request: &Request<'_>, peer: SocketAddr) -> Option<&'static str> {
    if request.ports == Ports::Yes {
        match peer.port() {
            0 => return Some("source port 0"),
            1..=1023 => return Some("source port below 1024: it may be another small service"),
            2049 => return Some("source port 2049: NFS"),
            _ => {}
        }
    }
    if is_ourselves(request, peer) {
        return Some("it comes from our own address");
    }
    if is_group(peer.ip()) {
        return Some("it claims to come from a multicast or broadcast address");
    }
    if request.cast == Cast::Group || request.to.is_some_and(is_group) {
        return Some("it was sent to a multicast or broadcast address");
    }
    None
}

/// The ports are compared first: they nearly always differ, and that ends it.
#[inline]
fn is_ourselves(request: &Request<'_>, peer: SocketAddr) -> bool {
    let SocketName::Inet(own) = request.own else {
        return false;
    };
    if request.ports == Ports::Yes && own.port() != peer.port() {
        return false;
    }
    let asked = request.to.unwrap_or(own.ip());
    asked.to_canonical() == peer.ip().to_canonical()
}

#[inline]
fn is_group(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(ip) => ip.is_multicast() || ip.is_broadcast() || ip.is_unspecified(),
        IpAddr::V6(ip) => ip.is_multicast() || ip.is_unspecified(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(peer: &str, ttl: i32) -> Result<Option<i32>, &'static str> {
        ask_with(peer, ttl, Loops::Guarded)
    }

    fn ask_with(peer: &str, ttl: i32, loops: Loops) -> Result<Option<i32>, &'static str> {
        let peer = SocketName::Inet(peer.parse().unwrap());
        let own = SocketName::Inet("0.0.0.0:35555".parse().unwrap());
        let to = Some("127.0.0.1".parse().unwrap());
        judge(
            &Request {
                peer: &peer,
                own: &own,
                to,
                cast: Cast::One,
                ttl: Some(ttl),
                ports: Ports::Yes,
            },
            None,
            loops,
        )
    }

    #[test]
    fn a_real_client_is_answered_with_one_hop_less() {
        assert_eq!(ask("127.0.0.1:40000", 64), Ok(Some(63)));
        assert_eq!(ask("127.0.0.1:40000", 255), Ok(Some(64)));
        assert_eq!(ask("127.0.0.1:40000", 2), Ok(Some(1)));
    }

    #[test]
    fn a_loop_dies() {
        assert!(ask("127.0.0.1:40000", 1).is_err());
        let mut ttl = 64;
        let mut packets = 0;
        while let Ok(Some(next)) = ask("127.0.0.1:40000", ttl) {
            ttl = next;
            packets += 1;
        }
        assert_eq!(packets, 63);
    }

    #[test]
    fn what_could_be_another_server_is_not_answered() {
        for peer in [
            "127.0.0.1:0",
            "127.0.0.1:7",
            "127.0.0.1:1023",
            "127.0.0.1:2049",
            "127.0.0.1:35555",
            "[::ffff:127.0.0.1]:35555",
            "224.0.0.1:40000",
            "255.255.255.255:40000",
            "[ff02::1]:40000",
        ] {
            assert!(ask(peer, 64).is_err(), "{peer}");
        }
        assert!(
            ask("127.0.0.2:35555", 64).is_ok(),
            "another address with our port is no loop by itself"
        );
    }

    #[test]
    fn the_knob_turns_the_guards_off() {
        assert_eq!(ask_with("127.0.0.1:7", 1, Loops::Allowed), Ok(None));
        assert!(
            ask_with("127.0.0.1:0", 64, Loops::Allowed).is_err(),
            "port 0 cannot be answered"
        );
    }

    #[test]
    fn a_unix_client_needs_an_address() {
        let own = SocketName::from_path("/tmp/x".as_ref());
        let request = Request {
            peer: &SocketName::UNNAMED,
            own: &own,
            to: None,
            cast: Cast::One,
            ttl: None,
            ports: Ports::No,
        };
        assert!(judge(&request, None, Loops::Guarded).is_err());
        let peer = SocketName::from_path("/tmp/y".as_ref());
        assert_eq!(
            judge(
                &Request {
                    peer: &peer,
                    ..request
                },
                None,
                Loops::Guarded
            ),
            Ok(None)
        );
    }
}
