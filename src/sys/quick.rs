//! The calls of an echo, without the C library's wrappers.
//!
//! recv(3), send(3) and epoll_wait(3) are cancellation points (pthreads(7)): as soon as there is a second thread, each
//! switches cancellation on and off, which is half of the instructions that an echo takes. Nobody is ever cancelled here.

use std::io;
use std::os::fd::{AsRawFd as _, BorrowedFd};
use std::time::Duration;

use rustix::net::{RecvFlags, SendFlags};

use super::readiness::EpollEntry;

#[inline]
pub(super) fn recv(fd: BorrowedFd<'_>, buffer: &mut [u8], flags: i32) -> io::Result<usize> {
    // The first is how much fitted; with MSG_TRUNC the second is the length of the message.
    let flags = RecvFlags::from_bits_retain(flags.cast_unsigned());
    Ok(rustix::net::recv(fd, buffer, flags)?.1)
}

#[inline]
pub(super) fn send(fd: BorrowedFd<'_>, bytes: &[u8], flags: i32) -> io::Result<usize> {
    let flags = SendFlags::from_bits_retain(flags.cast_unsigned());
    Ok(rustix::net::send(fd, bytes, flags)?)
}

#[inline]
pub(super) fn epoll_wait(
    epoll: BorrowedFd<'_>,
    ready: &mut [EpollEntry],
    timeout_ms: i32,
) -> io::Result<usize> {
    // SAFETY: the pointer and the length are a live slice's, which the kernel fills in.
    #[allow(unsafe_code, reason = "syscall(2) takes a pointer and a length")]
    let returned = unsafe {
        libc::syscall(
            SYS_EPOLL_WAIT,
            epoll.as_raw_fd(),
            ready.as_mut_ptr(),
            ready.len(),
            timeout_ms,
            std::ptr::null::<libc::sigset_t>(),
            0_usize,
        )
    };
    if returned < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(returned as usize)
}

#[inline]
pub(super) fn epoll_pwait2(
    epoll: BorrowedFd<'_>,
    ready: &mut [EpollEntry],
    timeout: Duration,
) -> io::Result<usize> {
    // The kernel's own struct: the C library's may have other fields where time_t has 32 bits.
    let timeout = [timeout.as_secs(), u64::from(timeout.subsec_nanos())];
    // SAFETY: the pointers and the length are a live slice's, which the kernel fills in, and two live numbers' of 64 bits.
    #[allow(unsafe_code, reason = "syscall(2) takes pointers and a length")]
    let returned = unsafe {
        libc::syscall(
            libc::SYS_epoll_pwait2,
            epoll.as_raw_fd(),
            ready.as_mut_ptr(),
            ready.len(),
            timeout.as_ptr(),
            std::ptr::null::<libc::sigset_t>(),
            0_usize,
        )
    };
    if returned < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(returned as usize)
}

/// Where a machine has no epoll_wait of its own, epoll_pwait(2) without a mask is the same.
#[cfg(target_arch = "x86_64")]
const SYS_EPOLL_WAIT: libc::c_long = libc::SYS_epoll_wait;
#[cfg(not(target_arch = "x86_64"))]
const SYS_EPOLL_WAIT: libc::c_long = libc::SYS_epoll_pwait;
