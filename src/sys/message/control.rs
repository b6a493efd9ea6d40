//! Ancillary data, read and written in place: cmsg(3) without its macros, and without a byte on the heap.
//!
//! A control message is a header (length, level, type) and its data, each at a multiple of the word size. Whatever the
//! kernel hands over is read through slices: a length that lies cannot lead out of the buffer.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{Cast, Destination, Facts};
use crate::socket::SocketName;

pub(in crate::sys) const WORD: usize = size_of::<usize>();
pub(in crate::sys) const HEADER: usize = (size_of::<libc::cmsghdr>() + WORD - 1) & !(WORD - 1);

/// Room for one in6_pktinfo, one time to live and one segment size, each with its header.
const SENT: usize = 3 * HEADER + 20 + 4 + 2 + 3 * WORD;

/// One control message: its level, its type and its data.
pub(in crate::sys) type Item<'a> = (i32, i32, &'a [u8]);

/// The control messages in a buffer, one after the other.
pub(in crate::sys) struct Items<'a> {
    pub(in crate::sys) rest: &'a [u8],
}

impl<'a> Iterator for Items<'a> {
    type Item = Item<'a>;

    #[inline]
    fn next(&mut self) -> Option<Item<'a>> {
        let (len, rest) = self.rest.split_first_chunk::<WORD>()?;
        let (level, rest) = rest.split_first_chunk::<4>()?;
        let (ty, _) = rest.split_first_chunk::<4>()?;
        let len = usize::from_ne_bytes(*len);
        let data = self.rest.get(HEADER..len)?;
        let next = len.checked_next_multiple_of(WORD)?;
        self.rest = self.rest.get(next..).unwrap_or_default();
        Some((i32::from_ne_bytes(*level), i32::from_ne_bytes(*ty), data))
    }
}

/// What a received buffer tells.
#[inline]
pub(super) fn read(control: &[u8]) -> Facts {
    let mut facts = Facts::default();
    for (level, ty, data) in (Items { rest: control }) {
        match (level, ty) {
            (libc::IPPROTO_IP, libc::IP_TTL) | (libc::IPPROTO_IPV6, libc::IPV6_HOPLIMIT) => {
                facts.ttl = word(data, 0).map(i32::from_ne_bytes);
            }
            (libc::IPPROTO_IP, libc::IP_PKTINFO) => facts.to = v4(data),
            (libc::IPPROTO_IPV6, libc::IPV6_PKTINFO) => facts.to = v6(data),
            (libc::SOL_SOCKET, libc::SO_RXQ_OVFL) => {
                facts.kernel_drops = word(data, 0).map(u32::from_ne_bytes);
            }
            (libc::SOL_UDP, libc::UDP_GRO) => {
                let size = word(data, 0).map(i32::from_ne_bytes);
                facts.segment = size
                    .and_then(|n| usize::try_from(n).ok())
                    .filter(|&n| n > 0);
            }
            _ => {}
        }
    }
    facts
}

fn word(data: &[u8], at: usize) -> Option<[u8; 4]> {
    data.get(at..)?.first_chunk().copied()
}

/// struct in_pktinfo: interface, local address, destination in the header.
fn v4(data: &[u8]) -> Option<Destination> {
    let interface = u32::from_ne_bytes(word(data, 0)?);
    let local = IpAddr::V4(Ipv4Addr::from(word(data, 4)?));
    let address = IpAddr::V4(Ipv4Addr::from(word(data, 8)?));
    Some(Destination {
        address,
        cast: Cast::of(address, local),
        interface,
    })
}

/// struct in6_pktinfo: destination, interface.
fn v6(data: &[u8]) -> Option<Destination> {
    let address = IpAddr::V6(Ipv6Addr::from(*data.first_chunk::<16>()?));
    Some(Destination {
        address,
        cast: Cast::of(address, address),
        interface: u32::from_ne_bytes(word(data, 16)?),
    })
}

/// The ancillary data of one message to send.
#[derive(Clone, Copy, Debug)]
#[repr(align(8))]
pub(super) struct Sent {
    bytes: [u8; SENT],
    len: usize,
}

impl Sent {
    pub(super) const NONE: Sent = Sent {
        bytes: [0; SENT],
        len: 0,
    };

    /// For an answer to `peer`.
    #[inline]
    pub(super) fn of(
        peer: &SocketName,
        from: Option<Destination>,
        ttl: Option<i32>,
        segment: Option<u16>,
    ) -> Sent {
        let mut sent = Sent::NONE;
        if let Some(from) = from {
            sent.source(from);
        }
        if let Some(ttl) = ttl {
            // The level follows the peer's family: an IPv6 socket that answers a v4-mapped peer sends IPv4.
            let (level, ty) = match peer {
                SocketName::Inet(std::net::SocketAddr::V6(a))
                    if a.ip().to_ipv4_mapped().is_none() =>
                {
                    (libc::IPPROTO_IPV6, libc::IPV6_HOPLIMIT)
                }
                _ => (libc::IPPROTO_IP, libc::IP_TTL),
            };
            sent.put(level, ty, &ttl.to_ne_bytes());
        }
        if let Some(size) = segment {
            sent.put(libc::SOL_UDP, libc::UDP_SEGMENT, &size.to_ne_bytes());
        }
        sent
    }

    /// The interface is left to the routing table: a reply may leave by another one than the request came in. Only a
    /// link-local source is no address without it.
    fn source(&mut self, from: Destination) {
        match from.address {
            IpAddr::V4(address) => {
                let mut info = [0; 12];
                info[4..8].copy_from_slice(&address.octets());
                self.put(libc::IPPROTO_IP, libc::IP_PKTINFO, &info);
            }
            IpAddr::V6(address) => {
                let mut info = [0; 20];
                info[..16].copy_from_slice(&address.octets());
                if address.is_unicast_link_local() {
                    info[16..].copy_from_slice(&from.interface.to_ne_bytes());
                }
                self.put(libc::IPPROTO_IPV6, libc::IPV6_PKTINFO, &info);
            }
        }
    }

    fn put(&mut self, level: i32, ty: i32, data: &[u8]) {
        let len = HEADER + data.len();
        let item = &mut self.bytes[self.len..];
        item[..WORD].copy_from_slice(&len.to_ne_bytes());
        item[WORD..WORD + 4].copy_from_slice(&level.to_ne_bytes());
        item[WORD + 4..WORD + 8].copy_from_slice(&ty.to_ne_bytes());
        item[HEADER..len].copy_from_slice(data);
        self.len += len.next_multiple_of(WORD);
    }

    #[inline]
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(text: &str) -> SocketName {
        SocketName::Inet(text.parse().unwrap())
    }

    fn destination(text: &str) -> Destination {
        Destination {
            address: text.parse().unwrap(),
            cast: Cast::One,
            interface: 7,
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        let v6 = destination("fe80::1");
        let sent = Sent::of(&peer("[fe80::2]:9"), Some(v6), Some(12), Some(1400));
        let items: Vec<_> = Items { rest: sent.bytes() }.collect();
        assert_eq!(items.len(), 3);
        let (level, ty, data) = items[2];
        assert_eq!((level, ty), (libc::SOL_UDP, libc::UDP_SEGMENT));
        assert_eq!(data, 1400_u16.to_ne_bytes());
        let facts = read(&sent.bytes()[..2 * HEADER + 20 + 4 + 4 + 4]);
        assert_eq!((facts.to, facts.ttl), (Some(v6), Some(12)));
    }

    #[test]
    fn a_mapped_peer_is_sent_the_ipv4_option() {
        let sent = Sent::of(&peer("[::ffff:127.0.0.1]:9"), None, Some(9), None);
        let (level, ty, _) = Items { rest: sent.bytes() }.next().unwrap();
        assert_eq!((level, ty), (libc::IPPROTO_IP, libc::IP_TTL));
        assert_eq!(Sent::of(&peer("127.0.0.1:9"), None, None, None).len, 0);
    }

    #[test]
    fn every_kind_is_read_as_the_kernel_writes_it() {
        let mut all = Sent::NONE;
        let info = [
            &7_u32.to_ne_bytes()[..],
            &[127, 0, 0, 1],
            &[127, 255, 255, 255],
        ]
        .concat();
        all.put(libc::IPPROTO_IP, libc::IP_PKTINFO, &info);
        all.put(libc::SOL_SOCKET, libc::SO_RXQ_OVFL, &3_u32.to_ne_bytes());
        all.put(libc::SOL_UDP, libc::UDP_GRO, &100_i32.to_ne_bytes());
        let facts = read(all.bytes());
        let to = facts.to.unwrap();
        assert_eq!((to.cast, to.interface), (Cast::Group, 7));
        assert_eq!(to.address.to_string(), "127.255.255.255");
        assert_eq!((facts.kernel_drops, facts.segment), (Some(3), Some(100)));
        assert_eq!(facts.ttl, None);
    }

    #[test]
    fn a_length_that_lies_leads_nowhere() {
        let sent = Sent::of(&peer("127.0.0.1:9"), None, Some(9), None);
        for cut in 0..sent.len {
            let facts = read(&sent.bytes()[..cut]);
            assert!(cut >= HEADER + 4 || facts == Facts::default(), "{cut}");
        }
        for len in [0, 1, HEADER - 1, usize::MAX, usize::MAX - 6, SENT + 1] {
            let mut lie = sent;
            lie.bytes[..WORD].copy_from_slice(&len.to_ne_bytes());
            assert_eq!(read(lie.bytes()), Facts::default(), "{len}");
        }
        assert_eq!(read(&[0xff; 100]), Facts::default());
    }
}
