//! setsockopt(2) and getsockopt(2), for any level, name and bytes.

use std::io;
use std::os::fd::{AsRawFd as _, BorrowedFd};

use super::Sys;
use crate::event::{Arg, Observer};
use crate::option::{self, OptionName, Patch, Payload};
use crate::socket::Family;

impl<O: Observer> Sys<'_, O> {
    /// setsockopt(2), after what only this machine knows has been filled in.
    pub fn setsockopt(
        &self,
        fd: BorrowedFd<'_>,
        option: &OptionName,
        payload: &Payload,
    ) -> io::Result<()> {
        let mut bytes = payload.bytes.clone();
        match &payload.patch {
            Some(Patch::InterfaceIndex { offset, name }) => {
                fill(
                    &mut bytes,
                    *offset,
                    self.interface_index(name)?.to_ne_bytes(),
                )?;
            }
            Some(Patch::InterfaceIndexBe { offset, name }) => {
                fill(
                    &mut bytes,
                    *offset,
                    self.interface_index(name)?.to_be_bytes(),
                )?;
            }
            Some(Patch::FilterProgram) | None => {}
        }
        let program = matches!(payload.patch, Some(Patch::FilterProgram));
        let len = if program {
            size_of::<libc::sock_fprog>()
        } else {
            bytes.len()
        };
        let run = || {
            if program {
                attach(fd, option, &bytes)
            } else {
                set(fd, option, &bytes)
            }
        };
        let args = |_: &_| {
            vec![
                Arg::Fd(fd.as_raw_fd()),
                Arg::symbol(option.level_in_trace.clone()),
                Arg::symbol(option.name.clone()),
                Arg::symbol(option.in_trace(&bytes)),
                Arg::Int(len as i64),
            ]
        };
        self.observed("setsockopt", run, args, |()| 0)
    }

    /// getsockopt(2); returns as many bytes as the kernel wrote.
    pub fn getsockopt(&self, fd: BorrowedFd<'_>, option: &OptionName) -> io::Result<Vec<u8>> {
        let buffer = option.buffer();
        let room = buffer.len();
        let run = || get(fd, option, buffer);
        let args = |outcome: &io::Result<Vec<u8>>| {
            let (value, len) = match outcome {
                Ok(bytes) => (option.in_trace(bytes), bytes.len()),
                Err(_) => ("NULL".to_owned(), room),
            };
            vec![
                Arg::Fd(fd.as_raw_fd()),
                Arg::symbol(option.level_in_trace.clone()),
                Arg::symbol(option.name.clone()),
                Arg::symbol(value),
                Arg::symbol(format!("[{len}]")),
            ]
        };
        self.observed("getsockopt", run, args, |_| 0)
    }

    /// An option whose value is one int, by its row's name.
    pub(super) fn getsockopt_int(&self, fd: BorrowedFd<'_>, name: &'static str) -> io::Result<i32> {
        let row = option::find(name).expect("the gate asks for rows that the registry has");
        let bytes = self.getsockopt(fd, &OptionName::of(row))?;
        let bytes: [u8; 4] = bytes
            .try_into()
            .map_err(|_| io::Error::from_raw_os_error(libc::EINVAL))?;
        Ok(i32::from_ne_bytes(bytes))
    }

    /// SO_ERROR: the error that is waiting to be told, such as an ICMP answer to a datagram. Reading it clears it.
    pub fn take_error(&self, fd: BorrowedFd<'_>) -> io::Result<Option<io::Error>> {
        let number = self.getsockopt_int(fd, "SO_ERROR")?;
        Ok((number != 0).then(|| io::Error::from_raw_os_error(number)))
    }

    /// Sets a row to a value that the program itself chose.
    pub(super) fn setsockopt_row(
        &self,
        fd: BorrowedFd<'_>,
        name: &'static str,
        bytes: Vec<u8>,
    ) -> io::Result<()> {
        let row = option::find(name).expect("the gate sets rows that the registry has");
        self.setsockopt(fd, &OptionName::of(row), &Payload { bytes, patch: None })
    }

    /// SO_LINGER {1, 0}: the next close(2) throws unsent bytes away and sends a reset.
    pub(super) fn reset_on_close(&self, fd: BorrowedFd<'_>) {
        let mut bytes = 1_i32.to_ne_bytes().to_vec();
        bytes.extend_from_slice(&0_i32.to_ne_bytes());
        // A peer that is gone already refuses it, and then there is nobody left to reset.
        let _ = self.setsockopt_row(fd, "SO_LINGER", bytes);
    }

    /// SO_RCVTIMEO or SO_SNDTIMEO: how long one call waits.
    pub fn set_timeout(
        &self,
        fd: BorrowedFd<'_>,
        what: Timeout,
        after: std::time::Duration,
    ) -> io::Result<()> {
        let name = match what {
            Timeout::Receive => "SO_RCVTIMEO",
            Timeout::Send => "SO_SNDTIMEO",
        };
        let time = libc::timeval {
            tv_sec: libc::time_t::try_from(after.as_secs()).unwrap_or(libc::time_t::MAX),
            tv_usec: libc::suseconds_t::from(after.subsec_micros()),
        };
        let mut bytes = time.tv_sec.to_ne_bytes().to_vec();
        bytes.extend_from_slice(&time.tv_usec.to_ne_bytes());
        self.setsockopt_row(fd, name, bytes)
    }

    /// IP_RECVTTL or IPV6_RECVHOPLIMIT: recvmsg(2) then tells how many hops a packet had left.
    pub fn ask_for_ttl(&self, fd: BorrowedFd<'_>, family: Family) -> io::Result<()> {
        let name = match family {
            Family::Ipv6 => "IPV6_RECVHOPLIMIT",
            _ => "IP_RECVTTL",
        };
        self.setsockopt_row(fd, name, 1_i32.to_ne_bytes().to_vec())
    }

    /// The user of the process at the other end of a unix socket (SO_PEERCRED), if it is neither ours nor root.
    pub fn foreign_user(&self, fd: BorrowedFd<'_>) -> Option<u32> {
        const UID: std::ops::Range<usize> = 4..8; // struct ucred: pid, uid, gid
        let row = option::find("SO_PEERCRED")?;
        let bytes = self.getsockopt(fd, &OptionName::of(row)).ok()?;
        let uid = u32::from_ne_bytes(bytes.get(UID)?.try_into().ok()?);
        (uid != 0 && uid != nix::unistd::geteuid().as_raw()).then_some(uid)
    }

    /// How many messages found the receive buffer full, or were wrong, since the socket was opened: SK_MEMINFO_DROPS of
    /// SO_MEMINFO, the counter that SO_RXQ_OVFL attaches to messages.
    pub fn drops(&self, fd: BorrowedFd<'_>) -> io::Result<u32> {
        const DROPS: std::ops::Range<usize> = 32..36; // linux/sock_diag.h
        let row = option::find("SO_MEMINFO").expect("SO_MEMINFO is a row of the registry");
        let bytes = self.getsockopt(fd, &OptionName::of(row))?;
        let drops = bytes.get(DROPS).and_then(|b| b.try_into().ok());
        drops
            .map(u32::from_ne_bytes)
            .ok_or_else(|| io::Error::from_raw_os_error(libc::ENOPROTOOPT))
    }

    /// if_nametoindex(3)
    pub(super) fn interface_index(&self, name: &str) -> io::Result<u32> {
        let run = || Ok(nix::net::if_::if_nametoindex(name)?);
        let args = |_: &_| vec![Arg::data(name.as_bytes())];
        self.observed("if_nametoindex", run, args, |&index| index.into())
    }
}

/// Which of the two directions a timeout is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timeout {
    /// SO_RCVTIMEO
    Receive,
    /// SO_SNDTIMEO
    Send,
}

/// Puts an index where the registry left room for it.
fn fill(bytes: &mut [u8], offset: usize, index: [u8; 4]) -> io::Result<()> {
    let room = bytes
        .get_mut(offset..offset + 4)
        .ok_or_else(|| io::Error::from_raw_os_error(libc::EINVAL))?;
    room.copy_from_slice(&index);
    Ok(())
}

fn outcome(result: libc::c_int) -> io::Result<()> {
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

fn set(fd: BorrowedFd<'_>, option: &OptionName, bytes: &[u8]) -> io::Result<()> {
    // SAFETY: the pointer and the length describe a live slice, which the kernel only reads.
    #[allow(unsafe_code, reason = "setsockopt(2) takes any bytes")]
    outcome(unsafe {
        libc::setsockopt(
            fd.as_raw_fd(),
            option.level,
            option.number,
            bytes.as_ptr().cast(),
            bytes.len() as libc::socklen_t,
        )
    })
}

/// A program of sock_filter instructions, which setsockopt(2) takes behind a pointer.
fn attach(fd: BorrowedFd<'_>, option: &OptionName, bytes: &[u8]) -> io::Result<()> {
    let mut filter: Vec<libc::sock_filter> = bytes
        .chunks_exact(size_of::<libc::sock_filter>())
        .map(|i| libc::sock_filter {
            code: u16::from_ne_bytes([i[0], i[1]]),
            jt: i[2],
            jf: i[3],
            k: u32::from_ne_bytes([i[4], i[5], i[6], i[7]]),
        })
        .collect();
    let program = libc::sock_fprog {
        len: filter.len() as u16,
        filter: filter.as_mut_ptr(),
    };
    // SAFETY: `program` points to `filter`, both live until the kernel has copied them.
    #[allow(unsafe_code, reason = "setsockopt(2) takes any bytes")]
    outcome(unsafe {
        libc::setsockopt(
            fd.as_raw_fd(),
            option.level,
            option.number,
            (&raw const program).cast(),
            size_of::<libc::sock_fprog>() as libc::socklen_t,
        )
    })
}

fn get(fd: BorrowedFd<'_>, option: &OptionName, mut buffer: Vec<u8>) -> io::Result<Vec<u8>> {
    let mut len = buffer.len() as libc::socklen_t;
    // SAFETY: the kernel writes at most `len` bytes to a buffer of that size and tells how many.
    #[allow(unsafe_code, reason = "getsockopt(2) fills any bytes")]
    outcome(unsafe {
        libc::getsockopt(
            fd.as_raw_fd(),
            option.level,
            option.number,
            buffer.as_mut_ptr().cast(),
            &raw mut len,
        )
    })?;
    // Some options answer with the length they would need: never believe more than the room there was.
    buffer.truncate(option.answered(len as usize));
    Ok(buffer)
}

/// bind(2) with the family alone: the kernel picks an abstract name.
pub(super) fn autobind(fd: BorrowedFd<'_>) -> io::Result<()> {
    let family = libc::AF_UNIX as libc::sa_family_t;
    // SAFETY: the address is two bytes long and that is the length given.
    #[allow(unsafe_code, reason = "no safe wrapper binds to a family alone")]
    outcome(unsafe {
        libc::bind(
            fd.as_raw_fd(),
            (&raw const family).cast(),
            size_of_val(&family) as libc::socklen_t,
        )
    })
}
