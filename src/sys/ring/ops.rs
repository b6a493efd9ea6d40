//! The operations that a ring knows: one method each, typed, queued until the next `enter`.

use std::os::fd::{AsRawFd as _, BorrowedFd, FromRawFd as _, OwnedFd, RawFd};
use std::time::Duration;

use io_uring::squeue::Flags;
use io_uring::types::{Fd, Timespec};
use io_uring::{opcode, squeue};

use super::buffers::Group;
use super::{Completion, Ring};
use crate::event::{Arg, Observer};
use crate::sys::show;

/// Whose operation it is: an engine's own number, at most 56 bits of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key(pub u64);

/// The operations, by what they are for. The kernel hands the word back with each completion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Op {
    /// IORING_OP_ACCEPT, once or multishot.
    Accept,
    /// IORING_OP_RECV, multishot, into [`Group::Shared`].
    RecvMany,
    /// IORING_OP_RECV, once, into [`Group::Whole`].
    Recv,
    /// IORING_OP_SEND
    Send,
    /// IORING_OP_POLL_ADD, multishot.
    Poll,
    /// IORING_OP_TIMEOUT
    Timeout,
    /// IORING_OP_ASYNC_CANCEL
    Cancel,
}

impl Op {
    const ALL: [Op; 7] = [
        Op::Accept,
        Op::RecvMany,
        Op::Recv,
        Op::Send,
        Op::Poll,
        Op::Timeout,
        Op::Cancel,
    ];

    /// The word of the manual.
    pub(super) const fn c_name(self) -> &'static str {
        match self {
            Op::Accept => "IORING_OP_ACCEPT",
            Op::RecvMany | Op::Recv => "IORING_OP_RECV",
            Op::Send => "IORING_OP_SEND",
            Op::Poll => "IORING_OP_POLL_ADD",
            Op::Timeout => "IORING_OP_TIMEOUT",
            Op::Cancel => "IORING_OP_ASYNC_CANCEL",
        }
    }

    /// Where it receives.
    pub const fn group(self) -> Option<Group> {
        match self {
            Op::RecvMany => Some(Group::Shared),
            Op::Recv => Some(Group::Whole),
            _ => None,
        }
    }
}

const OP_SHIFT: u32 = 56;

pub(super) const fn pack(op: Op, key: Key) -> u64 {
    ((op as u64) << OP_SHIFT) | key.0
}

pub(super) fn unpack(data: u64) -> (Op, Key) {
    let op = Op::ALL[(data >> OP_SHIFT) as usize % Op::ALL.len()];
    (op, Key(data & ((1 << OP_SHIFT) - 1)))
}

/// How often an operation may complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shots {
    /// Once.
    One,
    /// Again and again, until it fails or is cancelled.
    Many,
}

/// How a send goes about a full send buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// It does not wait, and completes inside of the `enter` that hands it over: all or a part was taken, or EAGAIN. If
    /// all was taken there is no completion (IOSQE_CQE_SKIP_SUCCESS).
    NoneAndSilent,
    /// It waits until there is room, and says how much was taken.
    Waits,
}

impl<O: Observer> Ring<'_, O> {
    /// accept4(2) with SOCK_CLOEXEC.
    pub fn accept(&mut self, listener: BorrowedFd<'_>, shots: Shots, key: Key) {
        let fd = listener.as_raw_fd();
        let entry = match shots {
            Shots::Many => opcode::AcceptMulti::new(Fd(fd))
                .flags(libc::SOCK_CLOEXEC)
                .build(),
            Shots::One => opcode::Accept::new(Fd(fd), std::ptr::null_mut(), std::ptr::null_mut())
                .flags(libc::SOCK_CLOEXEC)
                .build(),
        };
        let how = || match shots {
            Shots::Many => "flags=SOCK_CLOEXEC, ioprio=IORING_ACCEPT_MULTISHOT".to_owned(),
            Shots::One => "flags=SOCK_CLOEXEC".to_owned(),
        };
        self.queue(Op::Accept, fd, key, entry, how);
    }

    /// recv(2) again and again, each time into a part of a buffer of [`Group::Shared`].
    pub fn recv_many(&mut self, fd: BorrowedFd<'_>, key: Key) {
        let entry = opcode::RecvMulti::new(Fd(fd.as_raw_fd()), Group::Shared.number()).build();
        self.queue(Op::RecvMany, fd.as_raw_fd(), key, entry, || {
            "flags=IOSQE_BUFFER_SELECT, ioprio=IORING_RECV_MULTISHOT, buf_group=0".to_owned()
        });
    }

    /// recv(2) once, into a buffer of [`Group::Whole`]; at most `len` bytes.
    pub fn recv(&mut self, fd: BorrowedFd<'_>, len: u32, flags: i32, key: Key) {
        let entry = opcode::Recv::new(Fd(fd.as_raw_fd()), std::ptr::null_mut(), len)
            .flags(flags)
            .buf_group(Group::Whole.number())
            .build()
            .flags(Flags::BUFFER_SELECT);
        self.queue(Op::Recv, fd.as_raw_fd(), key, entry, || {
            let flags = show::message_flags(flags);
            format!("len={len}, msg_flags={flags}, flags=IOSQE_BUFFER_SELECT, buf_group=1")
        });
    }

    /// send(2) with MSG_NOSIGNAL.
    ///
    /// # Safety
    ///
    /// The bytes must stay where and what they are until the operation is over: with [`Patience::NoneAndSilent`] when
    /// the kernel has taken it ([`Ring::taken`]), else until its completion came.
    #[allow(
        unsafe_code,
        reason = "the kernel reads the bytes after this call has returned"
    )]
    // SAFETY: the caller's promise, above.
    pub unsafe fn send(&mut self, fd: BorrowedFd<'_>, bytes: *const [u8], how: Patience, key: Key) {
        let send = opcode::Send::new(Fd(fd.as_raw_fd()), bytes.cast(), bytes.len() as u32);
        let impatient = libc::MSG_NOSIGNAL | libc::MSG_DONTWAIT | libc::MSG_WAITALL;
        let entry = match how {
            // With WAITALL a part counts as a failure, so that it is told.
            Patience::NoneAndSilent => send.flags(impatient).build().flags(Flags::SKIP_SUCCESS),
            Patience::Waits => send.flags(libc::MSG_NOSIGNAL).build(),
        };
        self.queue(Op::Send, fd.as_raw_fd(), key, entry, || {
            let (flags, skip) = match how {
                Patience::NoneAndSilent => (impatient, ", flags=IOSQE_CQE_SKIP_SUCCESS"),
                Patience::Waits => (libc::MSG_NOSIGNAL, ""),
            };
            // SAFETY: the caller has promised that the bytes stay.
            let data = Arg::data(unsafe { &*bytes });
            let flags = show::message_flags(flags);
            format!("buf={data}, len={}, msg_flags={flags}{skip}", bytes.len())
        });
    }

    /// poll(2): completes whenever the descriptor becomes readable.
    pub fn poll_readable(&mut self, fd: BorrowedFd<'_>, key: Key) {
        let entry = opcode::PollAdd::new(Fd(fd.as_raw_fd()), libc::POLLIN as u32)
            .multi(true)
            .build();
        self.queue(Op::Poll, fd.as_raw_fd(), key, entry, || {
            "events=POLLIN, len=IORING_POLL_ADD_MULTI".to_owned()
        });
    }

    /// Completes with ETIME after so long. One at a time.
    pub fn timeout(&mut self, after: Duration, key: Key) {
        *self.timeout = Timespec::from(after);
        let entry = opcode::Timeout::new(&raw const *self.timeout).build();
        self.queue(Op::Timeout, -1, key, entry, || format!("after={after:?}"));
    }

    /// Ends an operation early; it then completes with ECANCELED, unless it was just about to complete otherwise. A
    /// cancellation that found something has no completion of its own.
    pub fn cancel(&mut self, op: Op, key: Key) {
        let entry = opcode::AsyncCancel::new(pack(op, key))
            .build()
            .flags(Flags::SKIP_SUCCESS);
        let fd = if O::ON { self.shown.fd_of(op, key) } else { -1 };
        self.queue(Op::Cancel, fd, key, entry, || {
            format!("what={}, flags=IOSQE_CQE_SKIP_SUCCESS", op.c_name())
        });
    }

    #[inline]
    fn queue(
        &mut self,
        op: Op,
        fd: RawFd,
        key: Key,
        entry: squeue::Entry,
        how: impl FnOnce() -> String,
    ) {
        if O::ON {
            self.shown.queued(op, fd, key, &how());
        }
        self.push(&entry.user_data(pack(op, key)));
    }
}

impl Completion {
    /// The socket that an accept gave.
    pub fn into_accepted(self) -> std::io::Result<OwnedFd> {
        match self.error() {
            None if self.op == Op::Accept => {
                // SAFETY: the kernel has just made this descriptor for us, and the completion goes with this call.
                #[allow(unsafe_code, reason = "a completion carries a descriptor as a number")]
                Ok(unsafe { OwnedFd::from_raw_fd(self.res()) })
            }
            None => Err(std::io::Error::from_raw_os_error(libc::EBADF)),
            Some(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_comes_back() {
        for op in Op::ALL {
            let key = Key((7 << 32) | 5);
            assert_eq!(unpack(pack(op, key)), (op, key));
        }
    }
}
