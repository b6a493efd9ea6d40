//! sendmsg(2) and recvmsg(2) with any ancillary data: descriptors, credentials, and what options attach (cmsg(3)).
//!
//! Separate from [`super::message`], which knows the few kinds that an echo needs and allocates nothing; here every kind
//! is taken apart and owned, and no descriptor that arrives is ever lost. `wire` has the bytes, `value` reads them,
//! `calls` are the two calls.

mod calls;
mod value;
mod wire;

use std::os::fd::{BorrowedFd, OwnedFd};

pub use value::name;

use crate::option::{Row, Value};
use crate::socket::SocketName;

/// One control message to send.
#[derive(Clone, Debug)]
pub enum Ancillary<'a> {
    /// SCM_RIGHTS: the receiver gets descriptors of these open files. At most 253 (SCM_MAX_FD), unix(7).
    Rights(Vec<BorrowedFd<'a>>),
    /// SCM_CREDENTIALS: who we claim to be. The kernel answers EPERM unless it is true or we are privileged.
    Credentials {
        /// The process.
        pid: i32,
        /// Its user.
        uid: u32,
        /// Its group.
        gid: u32,
    },
    /// A message whose level and type are those of an option: IP_TTL, IPV6_HOPLIMIT, IP_TOS, IP_PKTINFO, UDP_SEGMENT.
    Option {
        /// Which.
        row: &'static Row,
        /// Its data, as long as the kernel wants it.
        bytes: Vec<u8>,
    },
}

/// One control message that was received.
#[derive(Debug)]
pub enum Arrived {
    /// SCM_RIGHTS: descriptors, now ours, close-on-exec.
    Rights(Vec<OwnedFd>),
    /// SCM_CREDENTIALS: who the sender is, by the kernel's word.
    Credentials {
        /// The process, 0 where it is none of our pid namespace.
        pid: i32,
        /// Its user.
        uid: u32,
        /// Its group.
        gid: u32,
    },
    /// SCM_PIDFD: a descriptor of the sending process (SO_PASSPIDFD).
    Pidfd(OwnedFd),
    /// Any other, which some option of the socket asked for.
    Other {
        /// cmsg_level
        level: i32,
        /// cmsg_type
        ty: i32,
        /// The constant of the type: `IP_TTL`, `SO_RXQ_OVFL`, `SCM_TIMESTAMP`; the number where nothing better is known.
        name: String,
        /// cmsg_data
        bytes: Vec<u8>,
    },
}

impl Arrived {
    /// The constant of the type: `SCM_RIGHTS`, `IP_TTL`.
    pub fn name(&self) -> &str {
        match self {
            Arrived::Rights(_) => "SCM_RIGHTS",
            Arrived::Credentials { .. } => "SCM_CREDENTIALS",
            Arrived::Pidfd(_) => "SCM_PIDFD",
            Arrived::Other { name, .. } => name,
        }
    }

    /// What it says: a number as [`Value::Int`], a struct with C's fields, else the bytes. Of descriptors, how many.
    pub fn value(&self) -> Value {
        match self {
            Arrived::Rights(fds) => Value::Int(fds.len() as i64),
            Arrived::Pidfd(_) => Value::Int(1),
            &Arrived::Credentials { pid, uid, gid } => value::credentials(pid, uid, gid),
            Arrived::Other {
                level, ty, bytes, ..
            } => value::of(*level, *ty, bytes),
        }
    }
}

/// What recvmsg(2) returned, but for the bytes.
#[derive(Debug)]
pub struct Incoming {
    /// The return value: bytes received; with MSG_TRUNC the message's real length, which may exceed the buffer's.
    pub len: usize,
    /// Whom it is from. `None`: the kernel gave no name, as for a connection, and for a unix socket that was never bound.
    pub from: Option<SocketName>,
    /// msg_flags: MSG_TRUNC, MSG_CTRUNC, MSG_EOR, MSG_OOB, MSG_ERRQUEUE. MSG_CMSG_CLOEXEC, which the gate asks for itself
    /// and the kernel repeats, is not among them.
    pub flags: i32,
    /// The control messages, in the kernel's order.
    pub control: Vec<Arrived>,
}
