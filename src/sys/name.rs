//! Socket addresses between the kernel's structs and our words.

use std::io;
use std::net::{SocketAddr, SocketAddrV4, SocketAddrV6};
use std::os::fd::{AsRawFd as _, BorrowedFd, FromRawFd as _, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;

use nix::sys::socket::{AddressFamily, SockaddrLike as _, SockaddrStorage, UnixAddr};
use socket2::SockAddr;

use crate::socket::{SocketName, UnixName};

/// The struct that bind(2), connect(2) and sendmsg(2) take.
pub(super) fn to_sockaddr(name: &SocketName) -> io::Result<SockAddr> {
    match name {
        SocketName::Inet(address) => Ok(SockAddr::from(*address)),
        SocketName::Unix(UnixName::Path(path)) => SockAddr::unix(path),
        SocketName::Unix(UnixName::Abstract(name)) => {
            let mut sun_path = Vec::with_capacity(name.len() + 1);
            sun_path.push(0);
            sun_path.extend_from_slice(name);
            SockAddr::unix(std::ffi::OsStr::from_bytes(&sun_path))
        }
        // A unix address of the family alone makes bind(2) pick an abstract name ("autobind", unix(7)).
        SocketName::Unix(UnixName::Unnamed) => SockAddr::unix(""),
    }
}

/// A name from what accept(2), getsockname(2) and getpeername(2) return. A family that is none of ours (which only an
/// inherited descriptor can have) reads as unnamed.
pub(super) fn from_sockaddr(address: &SockAddr) -> SocketName {
    if let Some(inet) = address.as_socket() {
        return SocketName::Inet(inet);
    }
    let path = address
        .as_pathname()
        .map(|path| UnixName::Path(path.to_owned()));
    let name = path.or_else(|| {
        address
            .as_abstract_namespace()
            .map(|n| UnixName::Abstract(n.to_vec()))
    });
    SocketName::Unix(name.unwrap_or(UnixName::Unnamed))
}

fn from_storage(storage: Option<&SockaddrStorage>) -> SocketName {
    let Some(storage) = storage else {
        return SocketName::UNNAMED;
    };
    match storage.family() {
        Some(AddressFamily::Inet) => storage.as_sockaddr_in().map_or(SocketName::UNNAMED, |a| {
            SocketName::Inet(SocketAddr::V4(SocketAddrV4::new(a.ip(), a.port())))
        }),
        Some(AddressFamily::Inet6) => storage.as_sockaddr_in6().map_or(SocketName::UNNAMED, |a| {
            SocketName::Inet(SocketAddr::V6(SocketAddrV6::new(
                a.ip(),
                a.port(),
                a.flowinfo(),
                a.scope_id(),
            )))
        }),
        _ => SocketName::UNNAMED,
    }
}

/// A name of any family from what recvmsg(2) filled in: the kernel's length decides how much of it may be read. A
/// sender that was never bound has none, and neither has the end of a receive that shutdown(2) woke.
pub(super) fn from_filled_in(address: Option<&UnixAddr>) -> SocketName {
    let shortest = size_of::<libc::sa_family_t>() as libc::socklen_t;
    let Some(address) = address.filter(|a| a.len() >= shortest) else {
        return SocketName::UNNAMED;
    };
    // SAFETY: the kernel has filled in `len` bytes, which are at least the family.
    #[allow(
        unsafe_code,
        reason = "the type is chosen by the family, after the receive"
    )]
    let storage =
        unsafe { SockaddrStorage::from_raw(address.as_ptr().cast(), Some(address.len())) };
    match storage.as_ref().and_then(SockaddrStorage::as_unix_addr) {
        Some(unix) => from_unix(unix),
        None => from_storage(storage.as_ref()),
    }
}

fn from_unix(address: &UnixAddr) -> SocketName {
    let path = address.path().map(|path| UnixName::Path(path.to_owned()));
    let name = path.or_else(|| {
        address
            .as_abstract()
            .map(|name| UnixName::Abstract(name.to_vec()))
    });
    SocketName::Unix(name.unwrap_or(UnixName::Unnamed))
}

/// accept4(2) with its address, which the safe wrappers give only without the flags.
pub(super) fn accept4(
    listener: BorrowedFd<'_>,
    flags: libc::c_int,
) -> io::Result<(OwnedFd, SocketName)> {
    // SAFETY: accept4(2) fills in at most the length that it is given, and says how much that was.
    #[allow(unsafe_code, reason = "no safe wrapper has both flags and address")]
    let (fd, address) = unsafe {
        SockAddr::try_init(|storage, len| {
            match libc::accept4(listener.as_raw_fd(), storage.cast(), len, flags) {
                -1 => Err(io::Error::last_os_error()),
                fd => Ok(OwnedFd::from_raw_fd(fd)),
            }
        })
    }?;
    Ok((fd, from_sockaddr(&address)))
}

/// The struct for sendmsg(2) as nix takes it.
pub(super) fn to_storage(name: &SocketName) -> io::Result<SockaddrStorage> {
    match name {
        SocketName::Inet(address) => Ok(SockaddrStorage::from(*address)),
        SocketName::Unix(unix) => {
            let address = match unix {
                UnixName::Path(path) => UnixAddr::new(path.as_path())?,
                UnixName::Abstract(name) => UnixAddr::new_abstract(name)?,
                UnixName::Unnamed => return Err(io::Error::from_raw_os_error(libc::ENOTCONN)),
            };
            // SAFETY: UnixAddr is a valid sockaddr_un of the given length.
            #[allow(unsafe_code, reason = "nix offers no safe conversion from UnixAddr")]
            unsafe { SockaddrStorage::from_raw(address.as_ptr().cast(), Some(address.len())) }
                .ok_or_else(|| io::Error::from_raw_os_error(libc::EINVAL))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_survive_the_way_to_the_kernel_and_back() {
        for name in [
            SocketName::Inet("127.0.0.1:80".parse().unwrap()),
            SocketName::Inet("[::1]:80".parse().unwrap()),
            SocketName::Unix(UnixName::Path("/tmp/x".into())),
            SocketName::Unix(UnixName::Abstract(b"a\0b".to_vec())),
            SocketName::Unix(UnixName::Unnamed),
        ] {
            assert_eq!(from_sockaddr(&to_sockaddr(&name).unwrap()), name);
            if name != SocketName::UNNAMED {
                let storage = to_storage(&name).unwrap();
                let read = match &name {
                    SocketName::Inet(_) => from_storage(Some(&storage)),
                    SocketName::Unix(_) => from_unix(storage.as_unix_addr().unwrap()),
                };
                assert_eq!(read, name);
            }
        }
    }
}
