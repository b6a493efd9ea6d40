//! What a test needs from the machine: without it the test is skipped and says why, except on CI, where nothing skips.

use socket2::{Domain, Protocol, Socket, Type};

fn verdict(there: bool, what: &str) -> bool {
    if !there {
        let on_ci = std::env::var_os("CI").is_some_and(|v| v == "true");
        assert!(!on_ci, "needs {what}, and nothing may be missing on CI");
        eprintln!("skipped: needs {what}");
    }
    there
}

/// A capability by its name: `CAP_NET_RAW`.
pub fn needs(capability: &str) -> bool {
    let wanted = capability
        .parse()
        .expect("a capability's name, see capabilities(7)");
    let there = caps::has_cap(None, caps::CapSet::Effective, wanted).unwrap_or(false);
    verdict(there, capability)
}

/// A program in PATH.
pub fn needs_program(name: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let there = std::env::split_paths(&path).any(|dir| dir.join(name).is_file());
    verdict(there, &format!("the program {name}"))
}

/// A triple of socket(2) that a kernel may be built without.
pub fn needs_socket(domain: Domain, ty: Type, protocol: i32) -> bool {
    let there = Socket::new(domain, ty, Some(Protocol::from(protocol)));
    let what = format!("socket({domain:?}, {ty:?}, {protocol})");
    verdict(there.is_ok(), &what)
}

/// Room for so many connections in this process, or for as many as its limit of descriptors allows: says so if those are
/// fewer.
pub fn room_for(connections: usize) -> usize {
    /// What a test needs besides.
    const SPARE: usize = 500;
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).expect("getrlimit");
    setrlimit(Resource::RLIMIT_NOFILE, hard, hard).expect("the soft limit may be as high");
    let room = usize::try_from(hard).unwrap_or(usize::MAX) - SPARE;
    if room < connections {
        eprintln!("only {room} of {connections} connections: the limit of descriptors is {hard}");
    }
    room.min(connections)
}
