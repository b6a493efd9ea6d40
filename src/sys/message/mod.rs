//! Datagrams with their ancillary data: where to, with which time to live, and what the kernel dropped.
//!
//! [`inbox`] receives one or many with one call into memory that is used again and again, [`outbox`] sends one or many
//! answers from that same memory, `control` reads and writes the ancillary data (cmsg(3)), `shown` tells a trace. Nothing
//! here is allocated per message.

pub(in crate::sys) mod control;
pub mod inbox;
pub mod outbox;
mod shown;

use std::net::IpAddr;
use std::ops::Range;

pub use inbox::{Inbox, Patience};
pub use outbox::Outbox;

use crate::socket::SocketName;

/// A datagram that was received; its bytes are in a slot of the [`Inbox`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Datagram {
    /// Who sent it.
    pub peer: SocketName,
    /// Its real length, which may exceed the buffer's (MSG_TRUNC).
    pub len: usize,
    /// What came with it.
    pub facts: Facts,
}

/// What ancillary data tells about a datagram.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// To which of our addresses it was sent, on which interface: IP_PKTINFO, IPV6_RECVPKTINFO.
    pub to: Option<Destination>,
    /// Its time to live on arrival: IP_RECVTTL, IPV6_RECVHOPLIMIT.
    pub ttl: Option<i32>,
    /// How many datagrams the kernel has dropped on this socket so far: SO_RXQ_OVFL. It comes only after the first drop.
    pub kernel_drops: Option<u32>,
    /// UDP_GRO: the bytes are several datagrams of one peer, each so long, the last one perhaps shorter.
    pub segment: Option<usize>,
}

/// Where a datagram was sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Destination {
    /// The address in its header.
    pub address: IpAddr,
    /// Whether that address is ours alone.
    pub cast: Cast,
    /// The interface it arrived on.
    pub interface: u32,
}

/// For how many a datagram is meant, as far as the kernel tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cast {
    /// For the one who has that address.
    One,
    /// For a whole network or group. A network's own broadcast address, such as 127.255.255.255, does not look it: the
    /// kernel tells it by another local address in `ipi_spec_dst` (ip(7)).
    Group,
}

impl Cast {
    fn of(address: IpAddr, local: IpAddr) -> Cast {
        let group = match address {
            IpAddr::V4(ip) => ip.is_multicast() || ip.is_broadcast() || address != local,
            IpAddr::V6(ip) => ip.is_multicast(),
        };
        if group { Cast::Group } else { Cast::One }
    }
}

/// An answer to the datagram in one slot of an [`Inbox`]; it goes to that datagram's sender.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The slot.
    pub slot: usize,
    /// What to send.
    pub text: Text,
    /// Our address that was asked, so that the answer comes from there; `None`: the socket's own.
    pub from: Option<Destination>,
    /// The time to live to send with; `None`: the socket's own.
    pub ttl: Option<i32>,
    /// UDP_SEGMENT: cut into datagrams of this length, the last one perhaps shorter.
    pub segment: Option<u16>,
}

/// The bytes of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Text {
    /// A part of the slot.
    Slot(Range<usize>),
    /// A handler's own.
    Fixed(&'static [u8]),
}
