//! The path to the server: its MTU, the segment size, and how many hops its packets had left on arrival.

use std::io;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};

use super::wire::Wire;
use super::{Examination, words_of};
use crate::event::Observer;
use crate::measure::report::Topic;
use crate::option::{self, Value};
use crate::socket::{Family, Protocol, SocketName, Triple, Type};
use crate::sys::message::{Inbox, Patience};
use crate::sys::packet;
use crate::sys::{Client, Linger, Readiness, errno};

/// What a system starts with (RFC 1700's 64, and what others chose).
const STARTS: [i32; 4] = [32, 64, 128, 255];
/// More than a header, and what a packet on loopback may be long.
const PACKET: usize = 1 << 16;
/// Packets of others that are looked at before ours is given up.
const OTHERS: usize = 4096;

impl<'a, O: Observer> Examination<'a, O> {
    /// IP_MTU or IPV6_MTU, and for TCP the MSS, of a connected socket.
    pub(super) fn path(&mut self, client: &Client) {
        let triple = self.plan.triple;
        let name = match triple.family {
            Family::Ipv4 => "IP_MTU",
            Family::Ipv6 => "IPV6_MTU",
            Family::Unix => return,
        };
        let fd = client.fd.as_fd();
        let Some(mtu) = self.number(fd, name) else {
            self.not_examined(Topic::Path, &format!("the kernel tells no {name}"));
            return;
        };
        let header = match triple.family {
            Family::Ipv6 => 40,
            _ => 20,
        };
        let says = match self.tcp(client) {
            Some(tcp) => {
                let stamps = match (tcp.timestamps, tcp.mss_sent) {
                    (true, mss) if i64::from(mss) + 12 + 20 + header == mtu => {
                        " = MTU less headers and 12 bytes of timestamps"
                    }
                    (false, mss) if i64::from(mss) + 20 + header == mtu => " = MTU less headers",
                    _ => "",
                };
                format!(
                    "MTU {mtu}; MSS {} to it{stamps}, {} announced to it",
                    tcp.mss_sent, tcp.mss_advertised
                )
            }
            None if triple.ty == Type::Datagram && mtu >= 65_535 => {
                format!("MTU {mtu}: no datagram needs fragments")
            }
            None if triple.ty == Type::Datagram => format!(
                "MTU {mtu}: datagrams of more than {} bytes travel in fragments",
                mtu - header - 8
            ),
            None => format!("MTU {mtu}"),
        };
        self.found_number(Topic::Path, "mtu", says, u64::try_from(mtu).ok());
    }

    fn number(&self, fd: BorrowedFd<'_>, name: &str) -> Option<i64> {
        let row = option::find(name)?;
        match self.sys.read_option(fd, row, self.plan.triple)? {
            Value::Int(n) => Some(n),
            _ => None,
        }
    }

    /// The TTL of the server's packets. Datagrams carry it as ancillary data; of TCP only a raw socket sees the header.
    pub(super) fn ttl(&mut self) {
        let triple = self.plan.triple;
        if triple.family == Family::Unix {
            return;
        }
        let is_tcp = matches!(triple.effective_protocol(), Protocol::TCP | Protocol::MPTCP);
        let seen = match triple.ty {
            Type::Stream if !is_tcp => return,
            Type::Stream => self.ttl_of_segments(),
            _ => self.ttl_of_datagrams(),
        };
        match seen {
            Ok(ttl) => {
                let says = hops(ttl, triple.family, self.way());
                self.found_number(Topic::Ttl, "seen", says, u64::try_from(ttl).ok());
            }
            Err(Unseen::Hidden(why)) => self.found(Topic::Ttl, "not-visible", why),
            Err(Unseen::Not(why)) => self.not_examined(Topic::Ttl, &why),
        }
    }

    /// Whether there can be a router on the way.
    fn way(&self) -> Way {
        match self.name {
            SocketName::Inet(address) if address.ip().is_loopback() => Way::Loopback,
            _ => Way::Network,
        }
    }

    fn ttl_of_datagrams(&mut self) -> Result<i32, Unseen> {
        if !self.answers() {
            return Err(Unseen::Not("there is no answer to look at".to_owned()));
        }
        let wire = self.fresh().map_err(Unseen::Not)?;
        let (n, message) = self.message();
        let asked = self.sys.ask_for_ttl(wire.fd(), self.plan.triple.family);
        asked.map_err(|e| Unseen::Hidden(words_of(&errno::of(&e))))?;
        wire.say(n, &message)
            .map_err(|e| Unseen::Not(words_of(&e)))?;
        let seen = self.seen_on(wire.fd(), self.plan.triple, |_| true);
        wire.close();
        seen
    }

    /// A raw socket gets a copy of every segment (raw(7)): opened first, so that it sees the handshake.
    fn ttl_of_segments(&mut self) -> Result<i32, Unseen> {
        let raw = Triple::new(self.plan.triple.family, Type::Raw).with(Protocol::TCP);
        let spy = self.spy(raw).map_err(|e| match e.raw_os_error() {
            Some(libc::EPERM | libc::EACCES) => Unseen::Hidden(
                "not visible: TCP hands no header over, and the raw socket that would see it needs CAP_NET_RAW"
                    .to_owned(),
            ),
            _ => Unseen::Hidden(format!("not visible: {}", words_of(&errno::of(&e)))),
        })?;
        let seen = match self.fresh() {
            Ok(wire) => {
                let seen = self.segment_on(&spy, raw, &wire);
                wire.close();
                seen
            }
            Err(why) => Err(Unseen::Not(why)),
        };
        self.sys.close(spy, Linger::AsSet);
        seen
    }

    /// Connected, it gets only what the server's address sends.
    fn spy(&self, raw: Triple) -> io::Result<OwnedFd> {
        let spy = self.sys.socket(raw)?;
        let SocketName::Inet(mut address) = self.name else {
            return Err(io::ErrorKind::Unsupported.into());
        };
        address.set_port(0);
        self.sys.connect(spy.as_fd(), &SocketName::Inet(address))?;
        if raw.family == Family::Ipv6 {
            self.sys.ask_for_ttl(spy.as_fd(), raw.family)?;
        }
        Ok(spy)
    }

    fn segment_on(&self, spy: &OwnedFd, raw: Triple, wire: &Wire<'a, O>) -> Result<i32, Unseen> {
        let theirs = wire.peer().port().unwrap_or(0);
        let ours = wire.client.local.port().unwrap_or(0);
        self.seen_on(spy.as_fd(), raw, |segment| {
            packet::ports(segment) == Some((theirs, ours))
        })
    }

    /// The TTL of the first packet that is the right one.
    fn seen_on(
        &self,
        fd: BorrowedFd<'_>,
        triple: Triple,
        is_right: impl Fn(&[u8]) -> bool,
    ) -> Result<i32, Unseen> {
        let mut inbox = Inbox::new(triple.family, 1, PACKET);
        let until = self.until.within(self.waits().first);
        for _ in 0..OTHERS {
            match self.sys.recvmsg(fd, &mut inbox, Patience::Now) {
                Ok(datagram) => {
                    let found = packet::payload(triple, inbox.bytes(0));
                    if !is_right(&inbox.bytes(0)[found.range]) {
                        continue;
                    }
                    let hidden = || Unseen::Hidden("the kernel tells none".to_owned());
                    return datagram.facts.ttl.or(found.ttl).ok_or_else(hidden);
                }
                Err(e) if errno::would_block(&e) => {
                    if until.is_reached() {
                        break;
                    }
                    // Whatever it says, the next receive knows more.
                    let _ = self.sys.poll(&[(fd, Readiness::Readable)], until.poll_ms());
                }
                Err(e) if errno::interrupted(&e) => {}
                Err(e) => return Err(Unseen::Not(words_of(&errno::of(&e)))),
            }
        }
        Err(Unseen::Not("none of its packets was seen".to_owned()))
    }
}

/// Why there is no TTL to tell.
enum Unseen {
    /// It cannot be seen here.
    Hidden(String),
    /// There was nothing to look at.
    Not(String),
}

/// What lies between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// This machine alone.
    Loopback,
    /// Perhaps routers.
    Network,
}

/// `TTL 57 on arrival: 7 routers on the way, if it started from 64`
fn hops(ttl: i32, family: Family, way: Way) -> String {
    let word = match family {
        Family::Ipv6 => "hop limit",
        _ => "TTL",
    };
    if way == Way::Loopback {
        return format!(
            "{word} {ttl} on arrival, as the server has sent it: no router is on loopback"
        );
    }
    match STARTS.into_iter().find(|&start| start >= ttl) {
        Some(start) if start == ttl => {
            format!("{word} {ttl} on arrival: no router on the way, if it started from {ttl}")
        }
        Some(start) => {
            let routers = super::words::counted((start - ttl) as u64, "router");
            format!("{word} {ttl} on arrival: {routers} on the way, if it started from {start}")
        }
        None => format!("{word} {ttl} on arrival"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hops_are_counted_from_the_usual_starts() {
        let network = |ttl, family| hops(ttl, family, Way::Network);
        assert!(network(64, Family::Ipv4).starts_with("TTL 64 on arrival: no router"));
        let far = network(57, Family::Ipv6);
        assert_eq!(
            far,
            "hop limit 57 on arrival: 7 routers on the way, if it started from 64"
        );
        assert!(network(127, Family::Ipv4).contains("1 router "));
        assert!(hops(63, Family::Ipv4, Way::Loopback).starts_with("TTL 63 on arrival, as"));
    }
}
