//! The kernel, asked without anything of ours in between: open, get, set, a connected pair.

use std::io;
use std::mem::size_of;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use sockplay::option::{Patch, Payload, Row};
use sockplay::socket::{Family, Triple, Type};

/// An errno.
pub(crate) type Errno = i32;

pub(crate) const NOT_THERE: [Errno; 2] = [libc::ENOPROTOOPT, libc::EOPNOTSUPP];

fn errno() -> Errno {
    io::Error::last_os_error().raw_os_error().unwrap_or(0)
}

pub(crate) fn name(errno: Errno) -> String {
    io::Error::from_raw_os_error(errno).to_string()
}

pub(crate) struct Socket(OwnedFd, pub Triple);

fn family(family: Family) -> i32 {
    match family {
        Family::Ipv4 => libc::AF_INET,
        Family::Ipv6 => libc::AF_INET6,
        Family::Unix => libc::AF_UNIX,
    }
}

impl Socket {
    pub(crate) fn open(triple: Triple) -> Result<Socket, Errno> {
        let ty = match triple.ty {
            Type::Stream => libc::SOCK_STREAM,
            Type::Datagram => libc::SOCK_DGRAM,
            Type::Seqpacket => libc::SOCK_SEQPACKET,
            Type::Raw => libc::SOCK_RAW,
        };
        // SAFETY: socket(2) takes no pointers; the descriptor it returns is ours alone.
        unsafe {
            match libc::socket(
                family(triple.family),
                ty | libc::SOCK_CLOEXEC,
                triple.protocol.0,
            ) {
                -1 => Err(errno()),
                fd => Ok(Socket(OwnedFd::from_raw_fd(fd), triple)),
            }
        }
    }

    fn fd(&self) -> i32 {
        self.0.as_raw_fd()
    }

    pub(crate) fn get(&self, row: &Row) -> Result<Vec<u8>, Errno> {
        let mut buffer = row.buffer();
        let mut length = buffer.len() as libc::socklen_t;
        let level = row.level_on(self.1).number;
        // SAFETY: optval points to `length` writable bytes.
        let done = unsafe {
            libc::getsockopt(
                self.fd(),
                level,
                row.number,
                buffer.as_mut_ptr().cast(),
                &raw mut length,
            )
        };
        if done == -1 {
            return Err(errno());
        }
        buffer.truncate(row.answered(length as usize));
        Ok(buffer)
    }

    pub(crate) fn set(&self, row: &Row, payload: &Payload) -> Result<(), Errno> {
        self.set_at(row, self.1, payload)
    }

    /// At the level that the option has on such a triple.
    pub(crate) fn set_at(&self, row: &Row, triple: Triple, payload: &Payload) -> Result<(), Errno> {
        let mut bytes = payload.bytes.clone();
        let mut length = bytes.len();
        let mut at = bytes.as_mut_ptr().cast::<libc::c_void>();
        let program;
        match &payload.patch {
            Some(Patch::InterfaceIndex { offset, .. }) => {
                bytes[*offset..*offset + 4].copy_from_slice(&loopback().to_ne_bytes());
            }
            Some(Patch::InterfaceIndexBe { offset, .. }) => {
                bytes[*offset..*offset + 4].copy_from_slice(&loopback().to_be_bytes());
            }
            Some(Patch::FilterProgram) => {
                program = libc::sock_fprog {
                    len: (length / 8) as u16,
                    filter: bytes.as_mut_ptr().cast(),
                };
                at = (&raw const program).cast_mut().cast();
                length = size_of::<libc::sock_fprog>();
            }
            None => {}
        }
        let level = row.level_on(triple).number;
        // SAFETY: optval points to `length` bytes that live until the call returns.
        match unsafe {
            libc::setsockopt(self.fd(), level, row.number, at, length as libc::socklen_t)
        } {
            0 => Ok(()),
            _ => Err(errno()),
        }
    }

    /// Binds to loopback (unix: a name of the kernel's choice) with a port of the kernel's choice.
    pub(crate) fn bind(&self) -> Result<(), Errno> {
        let (address, length) = loopback_address(self.1.family, 0);
        self.with_address(&address, length, libc::bind)
    }

    pub(crate) fn connect_to(&self, listener: &Socket) -> Result<(), Errno> {
        let (address, length) = listener.name()?;
        self.with_address(&address, length, libc::connect)
    }

    /// Binds to the address that another socket has.
    pub(crate) fn bind_where(&self, other: &Socket) -> Result<(), Errno> {
        let (address, length) = other.name()?;
        self.with_address(&address, length, libc::bind)
    }

    /// The local port, 0 when there is none.
    pub(crate) fn port(&self) -> u16 {
        let (address, _) = self.name().unwrap_or(([0; 128], 0));
        u16::from_be_bytes([address[2], address[3]])
    }

    fn name(&self) -> Result<([u8; 128], libc::socklen_t), Errno> {
        let mut address = [0; 128];
        let mut length = address.len() as libc::socklen_t;
        // SAFETY: the address has room for `length` bytes.
        let done =
            unsafe { libc::getsockname(self.fd(), address.as_mut_ptr().cast(), &raw mut length) };
        if done == -1 {
            Err(errno())
        } else {
            Ok((address, length))
        }
    }

    fn with_address(
        &self,
        address: &[u8; 128],
        length: libc::socklen_t,
        call: unsafe extern "C" fn(i32, *const libc::sockaddr, libc::socklen_t) -> i32,
    ) -> Result<(), Errno> {
        // SAFETY: the address holds `length` bytes, at most 128.
        match unsafe { call(self.fd(), address.as_ptr().cast(), length) } {
            0 => Ok(()),
            _ => Err(errno()),
        }
    }

    pub(crate) fn listen(&self) -> Result<(), Errno> {
        // SAFETY: listen(2) takes no pointers.
        match unsafe { libc::listen(self.fd(), 8) } {
            0 => Ok(()),
            _ => Err(errno()),
        }
    }

    pub(crate) fn accept(&self) -> Result<Socket, Errno> {
        let null = std::ptr::null_mut();
        // SAFETY: accept4(2) allows null for "no address wanted"; the descriptor it returns is ours alone.
        unsafe {
            match libc::accept4(self.fd(), null, null.cast(), libc::SOCK_CLOEXEC) {
                -1 => Err(errno()),
                fd => Ok(Socket(OwnedFd::from_raw_fd(fd), self.1)),
            }
        }
    }

    pub(crate) fn send(&self, bytes: &[u8]) {
        // SAFETY: the buffer holds as many bytes as are said.
        let sent = unsafe {
            libc::send(
                self.fd(),
                bytes.as_ptr().cast(),
                bytes.len(),
                libc::MSG_NOSIGNAL,
            )
        };
        assert_eq!(sent, bytes.len() as isize);
    }
}

fn loopback_address(of: Family, port: u16) -> ([u8; 128], libc::socklen_t) {
    let mut address = [0; 128];
    address[..2].copy_from_slice(&(family(of) as u16).to_ne_bytes());
    address[2..4].copy_from_slice(&port.to_be_bytes());
    let length = match of {
        Family::Ipv4 => {
            address[4..8].copy_from_slice(&[127, 0, 0, 1]);
            16
        }
        Family::Ipv6 => {
            address[23] = 1;
            28
        }
        // unix(7): only the family, and the kernel picks an abstract name.
        Family::Unix => 2,
    };
    (address, length)
}

/// A listener that `prepare` has seen before listen(2), a client, and the accepted socket.
pub(crate) fn pair(triple: Triple, prepare: impl Fn(&Socket)) -> Result<[Socket; 3], Errno> {
    let listener = Socket::open(triple)?;
    prepare(&listener);
    listener.bind()?;
    listener.listen()?;
    let client = Socket::open(triple)?;
    client.connect_to(&listener)?;
    // TCP_DEFER_ACCEPT gives nothing to accept before there is data.
    client.send(b"x");
    let accepted = listener.accept()?;
    Ok([listener, client, accepted])
}

/// The index of `lo`.
pub(crate) fn loopback() -> u32 {
    // SAFETY: the name is a C string.
    unsafe { libc::if_nametoindex(c"lo".as_ptr()) }
}

/// Whether the capabilities that the rows name are ours where the kernel asks for them: most ask in the first user
/// namespace, so root of a container or of `unshare -Ur` is nobody special.
pub(crate) fn is_root() -> bool {
    let read = |path| std::fs::read_to_string(path).unwrap_or_default();
    let map = read("/proc/self/uid_map");
    let is_first = map.split_whitespace().eq(["0", "0", "4294967295"]);
    let status = read("/proc/self/status");
    let held = status.lines().find_map(|l| l.strip_prefix("CapEff:"));
    let held = held
        .and_then(|hex| u64::from_str_radix(hex.trim(), 16).ok())
        .unwrap_or(0);
    // CAP_NET_ADMIN and CAP_NET_RAW of capabilities(7).
    let wanted = 1 << 12 | 1 << 13;
    is_first && held & wanted == wanted
}

/// Whether nothing at all is allowed that others are not.
pub(crate) fn is_nobody() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status
        .lines()
        .any(|l| l.starts_with("CapEff:") && l.ends_with("0000000000000000"))
}

pub(crate) fn sysctl(name: &str) -> Option<i64> {
    let path = format!("/proc/sys/{}", name.replace('.', "/"));
    std::fs::read_to_string(path).ok()?.trim().parse().ok()
}

/// Whether the running kernel is older than what a row's "(Linux 6.16)" asks for.
pub(crate) fn is_older_than(doc: &str) -> bool {
    let pair = |text: &str| -> Option<(u32, u32)> {
        let mut parts = text.split(['.', ')', '-']);
        Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
    };
    let since = doc.split_once("(Linux ").and_then(|(_, v)| pair(v));
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    matches!((since, pair(release.trim())), (Some(since), Some(running)) if running < since)
}
