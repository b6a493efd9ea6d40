//! Flags by name and names as flags: `MSG_PEEK|MSG_DONTWAIT`, `POLLIN|POLLRDHUP`.
//!
//! One table for each set, for traces, which print them, and for experiments, which also write them.

use nix::sys::socket::MsgFlags;

/// What poll(2) asks for and answers, and epoll(7) under the same numbers.
pub(super) const POLL: &[(i32, &str)] = &[
    (libc::POLLIN as i32, "POLLIN"),
    (libc::POLLPRI as i32, "POLLPRI"),
    (libc::POLLOUT as i32, "POLLOUT"),
    (libc::POLLERR as i32, "POLLERR"),
    (libc::POLLHUP as i32, "POLLHUP"),
    (libc::POLLNVAL as i32, "POLLNVAL"),
    (libc::POLLRDHUP as i32, "POLLRDHUP"),
];

/// The flags of send(2) and recv(2), and those that recvmsg(2) answers with.
pub(super) const MESSAGE: &[(i32, &str)] = &[
    (libc::MSG_OOB, "MSG_OOB"),
    (libc::MSG_PEEK, "MSG_PEEK"),
    (libc::MSG_DONTROUTE, "MSG_DONTROUTE"),
    (libc::MSG_CTRUNC, "MSG_CTRUNC"),
    (libc::MSG_TRUNC, "MSG_TRUNC"),
    (libc::MSG_DONTWAIT, "MSG_DONTWAIT"),
    (libc::MSG_EOR, "MSG_EOR"),
    (libc::MSG_WAITALL, "MSG_WAITALL"),
    (libc::MSG_CONFIRM, "MSG_CONFIRM"),
    (libc::MSG_ERRQUEUE, "MSG_ERRQUEUE"),
    (libc::MSG_NOSIGNAL, "MSG_NOSIGNAL"),
    (libc::MSG_MORE, "MSG_MORE"),
    (libc::MSG_WAITFORONE, "MSG_WAITFORONE"),
    (libc::MSG_ZEROCOPY, "MSG_ZEROCOPY"),
    (libc::MSG_FASTOPEN, "MSG_FASTOPEN"),
    (libc::MSG_CMSG_CLOEXEC, "MSG_CMSG_CLOEXEC"),
];

/// The bits of `POLLIN|POLLPRI`, or of `0`; `None` where a name is none.
pub fn poll_bits(text: &str) -> Option<i16> {
    i16::try_from(bits(text, POLL)?).ok()
}

/// `POLLIN|POLLRDHUP`, or `0`; what has no name in hexadecimal.
pub fn poll_names(bits: i16) -> String {
    names(i32::from(bits.cast_unsigned()), POLL)
}

/// The bits of `MSG_PEEK|MSG_DONTWAIT`, or of `0`; `None` where a name is none.
pub fn message_flag_bits(text: &str) -> Option<MsgFlags> {
    bits(text, MESSAGE).map(MsgFlags::from_bits_retain)
}

/// `MSG_TRUNC|MSG_CTRUNC`, or `0`; what has no name in hexadecimal.
pub fn message_flag_names(bits: i32) -> String {
    names(bits, MESSAGE)
}

/// Every event that [`poll_bits`] knows.
pub fn poll_events() -> impl Iterator<Item = &'static str> {
    POLL.iter().map(|&(_, name)| name)
}

/// Every flag that [`message_flag_bits`] knows.
pub fn message_flags() -> impl Iterator<Item = &'static str> {
    MESSAGE.iter().map(|&(_, name)| name)
}

fn bits(text: &str, table: &[(i32, &str)]) -> Option<i32> {
    if text.trim() == "0" {
        return Some(0);
    }
    let bit = |word: &str| table.iter().find(|(_, name)| *name == word.trim());
    text.split('|')
        .try_fold(0, |all, word| bit(word).map(|(bit, _)| all | bit))
}

/// Bits by name, `|` between them, 0 for none.
pub(super) fn names(value: i32, table: &[(i32, &str)]) -> String {
    if value == 0 {
        return "0".to_owned();
    }
    let mut rest = value;
    let mut words = Vec::new();
    for &(bit, name) in table {
        if rest & bit == bit {
            words.push(name.to_owned());
            rest &= !bit;
        }
    }
    if rest != 0 {
        words.push(format!("{rest:#x}"));
    }
    words.join("|")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_bits_are_each_others_inverse() {
        for &(bit, name) in MESSAGE {
            assert_eq!(message_flag_bits(name).unwrap().bits(), bit);
            assert_eq!(message_flag_names(bit), name);
        }
        for &(bit, name) in POLL {
            assert_eq!(i32::from(poll_bits(name).unwrap()), bit);
            assert_eq!(poll_names(bit as i16), name);
        }
        let both = libc::MSG_PEEK | libc::MSG_DONTWAIT;
        for text in ["MSG_PEEK|MSG_DONTWAIT", "MSG_DONTWAIT | MSG_PEEK"] {
            assert_eq!(message_flag_bits(text).unwrap().bits(), both);
        }
        assert_eq!(message_flag_names(both), "MSG_PEEK|MSG_DONTWAIT");
        assert_eq!(poll_bits("POLLIN|POLLRDHUP"), Some(0x2001));
    }

    #[test]
    fn what_is_no_name_is_no_flag() {
        for text in ["", "|", "MSG_PEEK|", "msg_peek", "MSG_NONSENSE", "64"] {
            assert!(message_flag_bits(text).is_none(), "{text:?}");
        }
        assert!(poll_bits("MSG_PEEK").is_none());
        assert_eq!(poll_bits("0"), Some(0));
        assert_eq!(message_flag_names(0), "0");
        assert_eq!(message_flag_names(libc::MSG_OOB | 0x10), "MSG_OOB|0x10");
        assert_eq!(poll_names(-0x8000), "0x8000");
    }
}
