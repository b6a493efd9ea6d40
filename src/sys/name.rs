//! Socket addresses between the kernel's structs and our words.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::os::fd::{AsRawFd as _, BorrowedFd, FromRawFd as _, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;

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

/// A name of any family from what recvmsg(2) filled in: the kernel's length decides how much of it may be read. A
/// sender that was never bound has none, and neither has the end of a receive that shutdown(2) woke.
#[inline]
pub(super) fn from_filled_in(storage: &libc::sockaddr_storage, len: libc::socklen_t) -> SocketName {
    let len = (len as usize).min(size_of_val(storage));
    // SAFETY: every byte of a sockaddr_storage may be read, and `len` is not more than it has.
    #[allow(
        unsafe_code,
        reason = "the type is chosen by the family, after the receive"
    )]
    let bytes =
        unsafe { std::slice::from_raw_parts(std::ptr::from_ref(storage).cast::<u8>(), len) };
    let Some((family, rest)) = bytes.split_first_chunk::<2>() else {
        return SocketName::UNNAMED;
    };
    match i32::from(libc::sa_family_t::from_ne_bytes(*family)) {
        libc::AF_INET => inet4(rest).unwrap_or(SocketName::UNNAMED),
        libc::AF_INET6 => inet6(rest).unwrap_or(SocketName::UNNAMED),
        libc::AF_UNIX => SocketName::Unix(UnixName::from_sun_path(rest)),
        _ => SocketName::UNNAMED,
    }
}

/// struct sockaddr_in behind its family: port and address in network order.
fn inet4(rest: &[u8]) -> Option<SocketName> {
    let (port, rest) = rest.split_first_chunk()?;
    let ip = Ipv4Addr::from(*rest.first_chunk::<4>()?);
    let address = SocketAddrV4::new(ip, u16::from_be_bytes(*port));
    Some(SocketName::Inet(SocketAddr::V4(address)))
}

/// struct sockaddr_in6 behind its family: port and flow in network order, address, scope in our own order. The flow is
/// kept as the standard library keeps it, in the order of the struct.
fn inet6(rest: &[u8]) -> Option<SocketName> {
    let (port, rest) = rest.split_first_chunk()?;
    let (flow, rest) = rest.split_first_chunk()?;
    let (ip, rest) = rest.split_first_chunk::<16>()?;
    let scope = u32::from_ne_bytes(*rest.first_chunk()?);
    let (port, flow) = (u16::from_be_bytes(*port), u32::from_ne_bytes(*flow));
    let address = SocketAddrV6::new(Ipv6Addr::from(*ip), port, flow, scope);
    Some(SocketName::Inet(SocketAddr::V6(address)))
}

/// A name from the bytes of a struct sockaddr_in or sockaddr_in6, such as ancillary data brings; `None` of any other.
pub(super) fn inet_from_bytes(bytes: &[u8]) -> Option<SocketName> {
    let (family, rest) = bytes.split_first_chunk::<2>()?;
    match i32::from(libc::sa_family_t::from_ne_bytes(*family)) {
        libc::AF_INET => inet4(rest),
        libc::AF_INET6 => inet6(rest),
        _ => None,
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use socket2::SockAddrStorage;

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
            let filled_in = to_sockaddr(&name).unwrap();
            let mut storage = SockAddrStorage::zeroed();
            // SAFETY: the type is the one that a SockAddrStorage stands for.
            #[allow(unsafe_code, reason = "the kernel's view of it")]
            let view = unsafe { storage.view_as::<libc::sockaddr_storage>() };
            // SAFETY: a SockAddr is never longer than a sockaddr_storage.
            #[allow(unsafe_code, reason = "what the kernel does")]
            unsafe {
                std::ptr::copy_nonoverlapping(
                    filled_in.as_ptr().cast::<u8>(),
                    std::ptr::from_mut(view).cast(),
                    filled_in.len() as usize,
                );
            }
            assert_eq!(from_filled_in(view, filled_in.len()), name);
            for short in 0..filled_in.len().min(7) {
                assert!(!matches!(from_filled_in(view, short), SocketName::Inet(_)));
            }
        }
    }
}
