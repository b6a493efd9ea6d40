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
    // A program with file capabilities, such as setcap(8) gives it, could not open its own uid_map otherwise (proc(5)).
    nix::sys::prctl::set_dumpable(true).map_err(|e| refused("PR_SET_DUMPABLE is", &e.into()))?;
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
    if errno.number == 0 {
        return format!("{what} refused here ({})", errno.says);
    }
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

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream, UdpSocket};

    use nix::unistd::{Gid, Uid, setresgid, setresuid};

    use super::super::alone::alone;
    use super::super::privilege;
    use super::*;

    /// What a network of one's own has to have.
    fn is_ours() {
        for address in ["127.0.0.1:80", "[::1]:80"] {
            let listener = match TcpListener::bind(address) {
                // A kernel without IPv6 has none in here either.
                Err(_)
                    if address.starts_with('[') && !fs::exists("/proc/net/if_inet6").unwrap() =>
                {
                    continue;
                }
                listener => listener.expect("a low port is free, and allowed"),
            };
            TcpStream::connect(address).expect("lo is up");
            drop(listener);
        }
        UdpSocket::bind("127.255.0.1:7").expect("all of 127/8 is here");
        assert_eq!(sysctl::number("net.ipv4.tcp_no_metrics_save"), Some(1));
        sysctl::set_sysctl("net.core.somaxconn", "7").unwrap();
        assert_eq!(sysctl::number("net.core.somaxconn"), Some(7));
        let wrong = sysctl::set_sysctl("net.core.somaxconn", "zebra").unwrap_err();
        assert_eq!(wrong.raw_os_error(), Some(libc::EINVAL));
        let devices = fs::read_to_string("/proc/self/net/dev").unwrap();
        assert!(devices.lines().any(|l| l.trim().starts_with("lo:")));
        assert!(!devices.contains("eth0:"), "{devices}");
        for capability in ["CAP_NET_ADMIN", "CAP_NET_RAW", "CAP_NET_BIND_SERVICE"] {
            assert!(privilege::holds(capability).unwrap(), "{capability}");
        }
    }

    /// Root of a user namespace that has no other user cannot.
    fn become_nobody() -> bool {
        const NOBODY: u32 = 65534;
        let (user, group) = (Uid::from_raw(NOBODY), Gid::from_raw(NOBODY));
        if geteuid().is_root()
            && let Err(why) =
                setresgid(group, group, group).and_then(|()| setresuid(user, user, user))
        {
            eprintln!("skip: cannot become nobody: {why}");
            return false;
        }
        assert!(!privilege::holds("CAP_SYS_ADMIN").unwrap());
        true
    }

    fn enter_or_skip() -> bool {
        match enter() {
            Network::Own => true,
            Network::Shared { why } => {
                assert!(why.contains(" refused here ("), "{why}");
                eprintln!("skip: {why}");
                false
            }
        }
    }

    #[test]
    fn whoever_may_gets_a_network_of_their_own() {
        let before = sysctl::number("net.core.somaxconn");
        let skipped = alone(|| {
            if enter_or_skip() {
                is_ours();
            }
        });
        eprint!("{skipped}");
        assert_eq!(sysctl::number("net.core.somaxconn"), before);
    }

    /// The way of an ordinary user. Whoever was root a moment ago is not dumpable, as a program of setcap(8).
    #[test]
    fn an_ordinary_user_is_root_there() {
        let skipped = alone(|| {
            if become_nobody() && enter_or_skip() {
                assert!(geteuid().is_root());
                is_ours();
            }
        });
        eprint!("{skipped}");
    }

    #[test]
    fn a_refusal_says_why_and_leaves_everything_as_it_was() {
        // user_namespaces(7): they nest 32 levels deep.
        const DEEPEST: usize = 33;
        alone(|| {
            for _ in 0..=DEEPEST {
                privilege::drop("CAP_SYS_ADMIN").unwrap();
                let inside = fs::read_link("/proc/self/ns/net").unwrap();
                let Network::Shared { why } = enter() else {
                    continue;
                };
                assert!(why.contains(" refused here (E"), "{why}");
                assert_eq!(fs::read_link("/proc/self/ns/net").unwrap(), inside);
                return;
            }
            panic!("nothing was ever refused");
        });
    }

    #[test]
    fn a_process_with_threads_stays_where_it_is() {
        let Network::Shared { why } = enter() else {
            panic!("this process has several threads");
        };
        assert!(why.contains("threads cannot fork"), "{why}");
    }
}
