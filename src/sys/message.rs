//! Datagrams with their ancillary data: where to, with which time to live, and what the kernel dropped.

use std::io::{self, IoSlice, IoSliceMut};
use std::net::IpAddr;
use std::os::fd::{AsRawFd as _, BorrowedFd};

use nix::sys::socket::{
    ControlMessage, ControlMessageOwned, MsgFlags, UnixAddr, recvmsg as nix_recvmsg,
    sendmsg as nix_sendmsg,
};

use super::{Sys, name, show};
use crate::event::{Arg, Observer};
use crate::socket::{Family, SocketName};

/// A datagram that was received into the caller's buffer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Datagram {
    /// Who sent it.
    pub peer: SocketName,
    /// Its real length, which may exceed the buffer's (MSG_TRUNC).
    pub len: usize,
    /// To which of our addresses it was sent, on which interface: IP_PKTINFO, IPV6_RECVPKTINFO.
    pub to: Option<Destination>,
    /// Its time to live on arrival: IP_RECVTTL, IPV6_RECVHOPLIMIT.
    pub ttl: Option<i32>,
    /// How many datagrams the kernel has dropped on this socket so far: SO_RXQ_OVFL.
    pub kernel_drops: Option<u32>,
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

/// How to send a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reply<'a> {
    /// Whom to.
    pub to: &'a SocketName,
    /// Our address that was asked, so that the answer comes from there.
    pub from: Option<Destination>,
    /// The time to live to send with.
    pub ttl: Option<i32>,
}

/// Room for the ancillary data of one datagram, used again and again.
#[derive(Debug)]
pub struct Ancillary {
    control: Vec<u8>,
}

impl Ancillary {
    /// Room enough for everything that a profile's options can add to an internet datagram; without it recvmsg(2) cuts
    /// off what comes last (MSG_CTRUNC).
    const INTERNET: usize = 1024;

    /// For the messages of this family. A unix client could pass descriptors with each message (SCM_RIGHTS, unix(7)),
    /// until this process has no number left: where there is no room for them, the kernel closes them.
    pub fn new(family: Family) -> Ancillary {
        let room = match family {
            Family::Ipv4 | Family::Ipv6 => Ancillary::INTERNET,
            Family::Unix => 0,
        };
        Ancillary {
            control: vec![0; room],
        }
    }
}

impl<O: Observer> Sys<'_, O> {
    /// recvmsg(2) with MSG_TRUNC.
    pub fn recvmsg(
        &self,
        fd: BorrowedFd<'_>,
        buffer: &mut [u8],
        ancillary: &mut Ancillary,
    ) -> io::Result<Datagram> {
        let shown = buffer.as_ptr();
        let room = buffer.len();
        let run = || receive(fd, buffer, ancillary);
        let args = |outcome: &io::Result<Datagram>| {
            let message = match outcome {
                Ok(d) => {
                    // SAFETY: recvmsg(2) has filled at most `room` bytes of the buffer, which outlives this call.
                    #[allow(
                        unsafe_code,
                        reason = "the buffer is borrowed by the call and shown after it"
                    )]
                    let data =
                        Arg::data(unsafe { std::slice::from_raw_parts(shown, d.len.min(room)) });
                    received_args(d, &data, room)
                }
                Err(_) => "{msg_namelen=0}".to_owned(),
            };
            vec![
                Arg::Fd(fd.as_raw_fd()),
                Arg::symbol(message),
                show::message_flags(libc::MSG_TRUNC),
            ]
        };
        self.observed("recvmsg", run, args, |d| d.len as i64)
    }

    /// sendmsg(2) with MSG_DONTWAIT and MSG_NOSIGNAL: one peer that does not read must not stop the others.
    pub fn sendmsg(&self, fd: BorrowedFd<'_>, bytes: &[u8], reply: Reply<'_>) -> io::Result<usize> {
        let flags = MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_NOSIGNAL;
        let run = || transmit(fd, bytes, reply, flags);
        let args = |_: &_| {
            let message = sent_args(reply, &Arg::data(bytes), bytes.len());
            vec![
                Arg::Fd(fd.as_raw_fd()),
                Arg::symbol(message),
                show::message_flags(flags.bits()),
            ]
        };
        self.observed("sendmsg", run, args, |&n| n as i64)
    }
}

fn receive(
    fd: BorrowedFd<'_>,
    buffer: &mut [u8],
    ancillary: &mut Ancillary,
) -> io::Result<Datagram> {
    let mut iov = [IoSliceMut::new(buffer)];
    // Of nix's types only this one keeps the length that the kernel gave the address, whatever its family: without it an
    // abstract name has no end, and an address that was not filled in (shutdown(2) woke us, or the client is an unbound
    // unix socket) cannot be told from the one that was in that memory before.
    let room = Some(ancillary.control.as_mut_slice()).filter(|room| !room.is_empty());
    let has_room = room.is_some();
    let message = nix_recvmsg::<UnixAddr>(fd.as_raw_fd(), &mut iov, room, MsgFlags::MSG_TRUNC)?;
    let mut datagram = Datagram {
        peer: name::from_filled_in(message.address.as_ref()),
        len: message.bytes,
        to: None,
        ttl: None,
        kernel_drops: None,
    };
    if !has_room {
        return Ok(datagram);
    }
    for control in message.cmsgs()? {
        match control {
            ControlMessageOwned::Ipv4PacketInfo(info) => {
                let ip = |a: libc::in_addr| std::net::Ipv4Addr::from(u32::from_be(a.s_addr)).into();
                let address = ip(info.ipi_addr);
                datagram.to = Some(Destination {
                    address,
                    cast: Cast::of(address, ip(info.ipi_spec_dst)),
                    interface: info.ipi_ifindex as u32,
                });
            }
            ControlMessageOwned::Ipv6PacketInfo(info) => {
                let address = std::net::Ipv6Addr::from(info.ipi6_addr.s6_addr).into();
                datagram.to = Some(Destination {
                    address,
                    cast: Cast::of(address, address),
                    interface: info.ipi6_ifindex,
                });
            }
            ControlMessageOwned::Ipv4Ttl(ttl) | ControlMessageOwned::Ipv6HopLimit(ttl) => {
                datagram.ttl = Some(ttl);
            }
            ControlMessageOwned::RxqOvfl(drops) => datagram.kernel_drops = Some(drops),
            _ => {}
        }
    }
    Ok(datagram)
}

fn transmit(
    fd: BorrowedFd<'_>,
    bytes: &[u8],
    reply: Reply<'_>,
    flags: MsgFlags,
) -> io::Result<usize> {
    let to = name::to_storage(reply.to)?;
    let v4 = reply.from.and_then(v4_source);
    let v6 = reply.from.and_then(v6_source);
    let mut control = Vec::with_capacity(2);
    if let Some(info) = &v4 {
        control.push(ControlMessage::Ipv4PacketInfo(info));
    }
    if let Some(info) = &v6 {
        control.push(ControlMessage::Ipv6PacketInfo(info));
    }
    // The level follows the peer's family: an IPv6 socket that answers a v4-mapped peer sends IPv4.
    if let Some(ttl) = &reply.ttl {
        control.push(match reply.to {
            SocketName::Inet(std::net::SocketAddr::V6(a)) if a.ip().to_ipv4_mapped().is_none() => {
                ControlMessage::Ipv6HopLimit(ttl)
            }
            _ => ControlMessage::Ipv4Ttl(ttl),
        });
    }
    Ok(nix_sendmsg(
        fd.as_raw_fd(),
        &[IoSlice::new(bytes)],
        &control,
        flags,
        Some(&to),
    )?)
}

/// The interface is left to the routing table: a reply may leave by another one than the request came in.
fn v4_source(from: Destination) -> Option<libc::in_pktinfo> {
    let IpAddr::V4(address) = from.address else {
        return None;
    };
    let spec_dst = libc::in_addr {
        s_addr: u32::from(address).to_be(),
    };
    Some(libc::in_pktinfo {
        ipi_ifindex: 0,
        ipi_spec_dst: spec_dst,
        ipi_addr: libc::in_addr { s_addr: 0 },
    })
}

/// A link-local source is only an address together with its interface.
fn v6_source(from: Destination) -> Option<libc::in6_pktinfo> {
    let IpAddr::V6(address) = from.address else {
        return None;
    };
    let interface = if address.is_unicast_link_local() {
        from.interface
    } else {
        0
    };
    Some(libc::in6_pktinfo {
        ipi6_addr: libc::in6_addr {
            s6_addr: address.octets(),
        },
        ipi6_ifindex: interface,
    })
}

fn received_args(d: &Datagram, data: &Arg, room: usize) -> String {
    let mut control = Vec::new();
    if let Some(to) = d.to {
        control.push(format!(
            "PKTINFO={} on interface {}",
            to.address, to.interface
        ));
    }
    control.extend(d.ttl.map(|ttl| format!("TTL={ttl}")));
    control.extend(d.kernel_drops.map(|n| format!("SO_RXQ_OVFL={n}")));
    let flags = if d.len > room { "MSG_TRUNC" } else { "0" };
    format!(
        "{{msg_name={}, msg_iov=[{{iov_base={data}, iov_len={room}}}], msg_control=[{}], msg_flags={flags}}}",
        show::address(&d.peer),
        control.join(", ")
    )
}

fn sent_args(reply: Reply<'_>, data: &Arg, len: usize) -> String {
    let mut control = Vec::new();
    control.extend(reply.from.map(|from| format!("PKTINFO={}", from.address)));
    control.extend(reply.ttl.map(|ttl| format!("TTL={ttl}")));
    format!(
        "{{msg_name={}, msg_iov=[{{iov_base={data}, iov_len={len}}}], msg_control=[{}], msg_flags=0}}",
        show::address(reply.to),
        control.join(", ")
    )
}
