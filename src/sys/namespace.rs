//! A network of one's own: a namespace in which every port is free, every setting is the kernel's default, and nobody
//! else is (network_namespaces(7), user_namespaces(7)).
//!
//! An ordinary user gets one inside a user namespace, where it is root. Nobody can go back from there, so whatever is
//! tried is tried in a child first ([`super::process::fork_actor`]).

use std::fs;
use std::io;
use std::os::fd::{AsFd as _, AsRawFd as _};

use nix::sched::{CloneFlags, unshare};
use nix::unistd::{getegid, geteuid};

use super::process::fork_actor;
use super::{errno, sysctl};

/// In which network this process is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Network {
    /// In one of its own: `lo` is up, and is all there is; the process has every capability over it.
    Own,
    /// In the one it was started in.
    Shared {
        /// Why it has none of its own, as one clause: "user namespaces are refused here (EPERM, …)".
        why: String,
    },
}

/// The ways to one, the plainest first: root needs no user namespace, and one without it keeps its other powers.
const WAYS: [CloneFlags; 2] = [
    CloneFlags::CLONE_NEWNET,
    CloneFlags::CLONE_NEWUSER.union(CloneFlags::CLONE_NEWNET),
];

/// Moves this process, which must have one thread, into a network namespace of its own, with `lo` up and
/// `net.ipv4.tcp_no_metrics_save` = 1, so that no connection learns from an earlier one. All or nothing: where a part
/// of it fails, the process stays where it is.
pub fn enter() -> Network {
    let mut why = String::new();
    for way in WAYS {
        // The last way's reason is the one to tell: the first is for the privileged only.
        match rehearse(way).and_then(|()| go(way)) {
            Ok(()) => return Network::Own,
            Err(reason) => why = reason,
        }
    }
    Network::Shared { why }
}

/// Does it in a child that ends right away.
fn rehearse(way: CloneFlags) -> Result<(), String> {
    let child = fork_actor(|channel| {
        let outcome = go(way).err().unwrap_or_default();
        i32::from(channel.send(&outcome).is_err())
    });
    let child = child.map_err(|e| refused("a child process is", &e))?;
    match child.channel.recv() {
        Some(outcome) if outcome.is_empty() => Ok(()),
        Some(why) => Err(why),
        None => Err("a child process that tried it died".to_owned()),
    }
}

fn go(way: CloneFlags) -> Result<(), String> {
    let (user, group) = (geteuid(), getegid());
    let nested = way.contains(CloneFlags::CLONE_NEWUSER);
    unshare(way).map_err(|e| {
        let what = if nested { "user" } else { "network" };
        refused(&format!("{what} namespaces are"), &e.into())
    })?;
    if nested {
        // setgroups(2) has to be given up before an ordinary user may map a group (user_namespaces(7)).
        for (file, text) in [
            ("setgroups", "deny".to_owned()),
            ("uid_map", format!("0 {user} 1")),
            ("gid_map", format!("0 {group} 1")),
        ] {
            fs::write(format!("/proc/self/{file}"), text)
                .map_err(|e| refused(&format!("/proc/self/{file} of a user namespace is"), &e))?;
        }
    }
    raise_loopback().map_err(|e| refused("to raise lo in a network namespace is", &e))?;
    let name = "net.ipv4.tcp_no_metrics_save";
    sysctl::set_sysctl(name, "1").map_err(|e| refused(&format!("to write {name} is"), &e))
}

/// `user namespaces are refused here (EPERM, operation not permitted)`
fn refused(what: &str, error: &io::Error) -> String {
    let errno = errno::of(error);
    format!(
        "{what} refused here ({}, {})",
        errno.name,
        errno.says.to_lowercase()
    )
}

/// netdevice(7): IFF_UP of `lo`. ::1 comes with it, and so do the routes.
fn raise_loopback() -> io::Result<()> {
    let any = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::DGRAM, None)?;
    let fd = any.as_fd().as_raw_fd();
    // SAFETY: all zero is a struct ifreq without a name; it is C integers and unions of them.
    #[allow(unsafe_code, reason = "a C union has no other constructor")]
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    for (to, from) in request.ifr_name.iter_mut().zip(b"lo") {
        *to = *from as libc::c_char;
    }
    request.ifr_ifru.ifru_flags = (libc::IFF_UP | libc::IFF_RUNNING) as libc::c_short;
    // SAFETY: SIOCSIFFLAGS reads one struct ifreq, which lives until the call returns.
    #[allow(unsafe_code, reason = "no safe wrapper has this request")]
    let returned = unsafe { libc::ioctl(fd, libc::SIOCSIFFLAGS as _, &raw const request) };
    match returned {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}
