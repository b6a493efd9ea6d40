//! Where the payload of a raw packet begins: IPv4 raw sockets receive with the header, IPv6 ones without (raw(7)).

use std::net::IpAddr;
use std::ops::Range;

use etherparse::Ipv4HeaderSlice;

use crate::socket::{Family, Triple, Type};

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
    let whole = Payload { range: 0..received.len(), to: None, ttl: None };
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::socket::Protocol;

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
        assert_eq!((found.to, found.ttl), (Some("127.0.0.1".parse().unwrap()), Some(9)));
    }

    #[test]
    fn other_sockets_and_garbage_are_left_alone() {
        assert_eq!(payload(Triple::new(Family::Ipv6, Type::Raw), b"hi").range, 0..2);
        assert_eq!(payload(RAW4, b"\xff\xff").range, 0..2);
        assert_eq!(payload(RAW4, b"").range, 0..0);
    }
}
