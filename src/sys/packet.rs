//! Where the payload of a raw packet begins: IPv4 raw sockets receive with the header, IPv6 ones without (raw(7)).

use std::borrow::Cow;
use std::net::IpAddr;
use std::ops::Range;

use etherparse::{
    IcmpEchoHeader, Icmpv4Header, Icmpv4Slice, Icmpv4Type, Icmpv6Header, Icmpv6Slice, Icmpv6Type,
    Ipv4HeaderSlice,
};

use crate::socket::{Family, Protocol, Triple, Type};

/// What a received message consists of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payload {
    /// Where the payload is.
    pub range: Range<usize>,
    /// The destination in the header, where there is one.
    pub to: Option<IpAddr>,
    /// The time to live in the header, where there is one.
    pub ttl: Option<i32>,
}

/// Finds the payload of what a socket of this triple received. What is no valid header is payload.
pub fn payload(triple: Triple, received: &[u8]) -> Payload {
    let whole = Payload {
        range: 0..received.len(),
        to: None,
        ttl: None,
    };
    if (triple.family, triple.ty) != (Family::Ipv4, Type::Raw) {
        return whole;
    }
    match Ipv4HeaderSlice::from_slice(received) {
        Ok(header) => Payload {
            range: header.slice().len()..received.len(),
            to: Some(header.destination_addr().into()),
            ttl: Some(header.ttl().into()),
        },
        Err(_) => whole,
    }
}

/// Source and destination port of a TCP or UDP header.
pub fn ports(segment: &[u8]) -> Option<(u16, u16)> {
    let (source, rest) = segment.split_first_chunk()?;
    let destination = rest.first_chunk()?;
    Some((
        u16::from_be_bytes(*source),
        u16::from_be_bytes(*destination),
    ))
}

/// What a client puts around its messages, and takes off the replies: nothing, but for ICMP, whose echo request and
/// reply (RFC 792, RFC 4443) carry an identifier and a sequence number before the payload.
#[derive(Clone, Copy, Debug)]
pub struct Codec {
    triple: Triple,
    id: u16,
}

impl Codec {
    /// For a client of this triple; the identifier tells our replies from those of other pings.
    pub fn new(triple: Triple) -> Codec {
        Codec {
            triple,
            id: std::process::id() as u16,
        }
    }

    fn is(&self, protocol: Protocol) -> bool {
        self.triple.ty == Type::Raw && self.triple.protocol == protocol
    }

    /// The bytes to send for a message.
    pub fn wrap<'a>(&self, seq: u16, message: &'a [u8]) -> Cow<'a, [u8]> {
        let header = IcmpEchoHeader { id: self.id, seq };
        let mut bytes = if self.is(Protocol::ICMP) {
            Icmpv4Header::with_checksum(Icmpv4Type::EchoRequest(header), message)
                .to_bytes()
                .to_vec()
        } else if self.is(Protocol::ICMPV6) {
            // The kernel fills the checksum of ICMPv6 in: only it knows the source address (RFC 3542).
            Icmpv6Header::new(Icmpv6Type::EchoRequest(header))
                .to_bytes()
                .to_vec()
        } else {
            return Cow::Borrowed(message);
        };
        bytes.extend_from_slice(message);
        Cow::Owned(bytes)
    }

    /// Where the message is in what was received; `None`: it is no reply to us.
    pub fn unwrap(&self, received: &[u8]) -> Option<Range<usize>> {
        let whole = payload(self.triple, received).range;
        let packet = &received[whole.clone()];
        let (header, len) = if self.is(Protocol::ICMP) {
            let icmp = Icmpv4Slice::from_slice(packet).ok()?;
            match icmp.icmp_type() {
                Icmpv4Type::EchoReply(header) => (header, icmp.header_len()),
                _ => return None,
            }
        } else if self.is(Protocol::ICMPV6) {
            let icmp = Icmpv6Slice::from_slice(packet).ok()?;
            match icmp.icmp_type() {
                Icmpv6Type::EchoReply(header) => (header, icmp.header_len()),
                _ => return None,
            }
        } else {
            return Some(whole);
        };
        (header.id == self.id).then_some(whole.start + len..whole.end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RAW4: Triple = Triple::new(Family::Ipv4, Type::Raw).with(Protocol(253));

    fn packet(payload: &[u8]) -> Vec<u8> {
        let header = etherparse::Ipv4Header::new(
            payload.len() as u16,
            9,
            etherparse::IpNumber(253),
            [127, 0, 0, 2],
            [127, 0, 0, 1],
        );
        let mut bytes = header.expect("a short payload").to_bytes().to_vec();
        bytes.extend_from_slice(payload);
        bytes
    }

    #[test]
    fn the_header_is_stripped_and_read() {
        let bytes = packet(b"hi");
        let found = payload(RAW4, &bytes);
        assert_eq!(&bytes[found.range], b"hi");
        assert_eq!(
            (found.to, found.ttl),
            (Some("127.0.0.1".parse().unwrap()), Some(9))
        );
    }

    #[test]
    fn ports_come_first_and_in_network_order() {
        assert_eq!(ports(&[0, 80, 1, 0, 9]), Some((80, 256)));
        assert_eq!(ports(&[0, 80, 1]), None);
    }

    #[test]
    fn other_sockets_and_garbage_are_left_alone() {
        assert_eq!(
            payload(Triple::new(Family::Ipv6, Type::Raw), b"hi").range,
            0..2
        );
        assert_eq!(payload(RAW4, b"\xff\xff").range, 0..2);
        assert_eq!(payload(RAW4, b"").range, 0..0);
    }

    #[test]
    fn only_our_own_echo_replies_are_unwrapped() {
        let codec = Codec::new(Triple::new(Family::Ipv6, Type::Raw).with(Protocol::ICMPV6));
        let request = codec.wrap(7, b"hi").into_owned();
        assert_eq!(codec.unwrap(&request), None, "a request is no reply");
        let mut reply = request.clone();
        reply[0] = 129;
        assert_eq!(codec.unwrap(&reply), Some(8..10));
        reply[4] ^= 0xff;
        assert_eq!(codec.unwrap(&reply), None, "another program's ping");
        assert_eq!(codec.unwrap(b""), None);
    }

    #[test]
    fn other_protocols_carry_the_message_alone() {
        let codec = Codec::new(RAW4);
        assert_eq!(&*codec.wrap(0, b"hi"), b"hi");
        let bytes = packet(b"hi");
        assert_eq!(codec.unwrap(&bytes), Some(20..22));
    }
}
