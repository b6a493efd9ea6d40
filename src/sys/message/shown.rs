//! Messages as a trace shows them: strace's shape, with the ancillary data in words.

use super::{Datagram, Reply};
use crate::event::Arg;
use crate::socket::SocketName;
use crate::sys::show;

/// A msghdr that was filled in.
pub(super) fn received(d: &Datagram, bytes: &[u8], room: usize) -> String {
    let (facts, data) = (&d.facts, Arg::data(bytes));
    let mut control = Vec::new();
    if let Some(to) = facts.to {
        control.push(format!(
            "PKTINFO={} on interface {}",
            to.address, to.interface
        ));
    }
    control.extend(facts.ttl.map(|ttl| format!("TTL={ttl}")));
    control.extend(facts.kernel_drops.map(|n| format!("SO_RXQ_OVFL={n}")));
    control.extend(facts.segment.map(|n| format!("UDP_GRO={n}")));
    let flags = if d.len > room { "MSG_TRUNC" } else { "0" };
    format!(
        "{{msg_name={}, msg_iov=[{{iov_base={data}, iov_len={room}}}], msg_control=[{}], msg_flags={flags}}}",
        show::address(&d.peer),
        control.join(", ")
    )
}

/// A msghdr to send.
pub(super) fn sent(reply: &Reply, to: &SocketName, bytes: &[u8]) -> String {
    let (data, len) = (Arg::data(bytes), bytes.len());
    let mut control = Vec::new();
    control.extend(reply.from.map(|from| format!("PKTINFO={}", from.address)));
    control.extend(reply.ttl.map(|ttl| format!("TTL={ttl}")));
    control.extend(reply.segment.map(|n| format!("UDP_SEGMENT={n}")));
    format!(
        "{{msg_name={}, msg_iov=[{{iov_base={data}, iov_len={len}}}], msg_control=[{}], msg_flags=0}}",
        show::address(to),
        control.join(", ")
    )
}

/// An array of mmsghdr: each message, and how many bytes the call moved of it.
pub(super) fn list(messages: impl Iterator<Item = (String, usize)>) -> String {
    let one = |(message, len)| format!("{{msg_hdr={message}, msg_len={len}}}");
    format!("[{}]", messages.map(one).collect::<Vec<_>>().join(", "))
}
