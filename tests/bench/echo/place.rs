//! Where the measurement happens: a network namespace of its own, and two cores that do not share work.
//!
//! In the machine's own namespace the congestion control may pace loopback (bbr does), other traffic shares the ports,
//! and half a million closed connections would stay behind. Separate because it must run before anything else: a user
//! namespace can only be entered while there is one thread.

use std::fs;
use std::io;
use std::os::fd::AsRawFd as _;
use std::time::Duration;

use nix::sched::{CloneFlags, CpuSet, sched_getaffinity, sched_setaffinity, unshare};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::time::{ClockId, clock_gettime};
use nix::unistd::{Pid, getgid, getuid};
use socket2::{Domain, Socket, Type};

/// What the place came to be.
pub struct Place {
    /// Whether the network is ours alone, else why it is not.
    pub network: Result<(), String>,
    /// The core that servers run on, and the one that the load runs on.
    pub cores: Cores,
    /// What did not work, in sentences.
    pub notes: Vec<String>,
}

/// Server and load, by core.
#[derive(Clone, Copy)]
pub struct Cores {
    pub server: usize,
    pub load: usize,
}

/// tcp(7), ip(7). No buckets: the side that closes first, our load, leaves no TIME_WAIT behind, so ports do not run out
/// and the search for one does not slow down from one section to the next.
const SETTINGS: &[(&str, &str)] = &[
    ("ipv4/tcp_congestion_control", "reno"),
    ("ipv4/tcp_no_metrics_save", "1"),
    ("ipv4/tcp_max_tw_buckets", "0"),
    ("ipv4/ip_local_port_range", "10000 65000"),
];

impl Place {
    /// Enters the namespace, raises the limit on descriptors and pins this process to the load's core.
    pub fn enter() -> Place {
        let mut notes = Vec::new();
        let network = private_network();
        if network.is_ok() {
            for (key, value) in SETTINGS {
                if let Err(e) = fs::write(format!("/proc/sys/net/{key}"), value) {
                    notes.push(format!("net.{key} = {value} was refused: {e}"));
                }
            }
        } else {
            notes.push(
                "no namespace: other traffic and the machine's congestion control take part".into(),
            );
        }
        if let Err(e) = raise_descriptors() {
            notes.push(format!("the limit on descriptors stays: {e}"));
        }
        let cores = Cores::choose();
        if cores.server == cores.load {
            notes.push(
                "one core only: server and load take turns on it, rates and latencies say little"
                    .into(),
            );
        }
        pin(cores.load);
        Place {
            network,
            cores,
            notes,
        }
    }
}

impl Place {
    /// For the head of the table, beside what `machine` says.
    pub fn words(&self) -> [(&'static str, String); 2] {
        let network = match &self.network {
            Ok(()) => "a namespace of its own".to_owned(),
            Err(why) => format!("the machine's own: {why}"),
        };
        let Cores { server, load } = self.cores;
        let pinned = format!("server on core {server}, load on core {load}");
        [("network", network), ("pinned", pinned)]
    }
}

fn private_network() -> Result<(), String> {
    let (user, group) = (getuid(), getgid());
    if unshare(CloneFlags::CLONE_NEWNET).is_err() {
        unshare(CloneFlags::CLONE_NEWUSER | CloneFlags::CLONE_NEWNET)
            .map_err(|e| format!("unshare: {e}"))?;
        // user_namespaces(7): an unprivileged process must give up setgroups before it may map its group.
        let map = |file: &str, text: String| fs::write(format!("/proc/self/{file}"), text);
        map("setgroups", "deny".into())
            .and_then(|()| map("uid_map", format!("0 {user} 1")))
            .and_then(|()| map("gid_map", format!("0 {group} 1")))
            .map_err(|e| format!("mapping the user: {e}"))?;
    }
    loopback_up().map_err(|e| format!("taking lo up: {e}"))
}

/// netdevice(7). A new namespace has a loopback that is down.
#[allow(unsafe_code, reason = "no crate here offers SIOCSIFFLAGS")]
fn loopback_up() -> io::Result<()> {
    let socket = Socket::new(Domain::IPV4, Type::DGRAM, None)?;
    let mut name = [0; libc::IFNAMSIZ];
    name[0] = b'l'.cast_signed();
    name[1] = b'o'.cast_signed();
    let mut request = libc::ifreq {
        ifr_name: name,
        ifr_ifru: libc::__c_anonymous_ifr_ifru {
            ifru_flags: (libc::IFF_UP | libc::IFF_RUNNING) as libc::c_short,
        },
    };
    // SAFETY: the request is a whole ifreq, which SIOCSIFFLAGS reads during the call and does not keep.
    let result = unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCSIFFLAGS, &raw mut request) };
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// For 10 000 connections, here and in the servers that inherit the limit.
fn raise_descriptors() -> nix::Result<()> {
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    setrlimit(Resource::RLIMIT_NOFILE, hard, hard)
}

impl Cores {
    /// The first that this process may run on, and the next that shares no execution units with it.
    fn choose() -> Cores {
        let allowed = sched_getaffinity(Pid::from_raw(0)).unwrap_or_default();
        let cores = (0..CpuSet::count()).filter(|&core| allowed.is_set(core) == Ok(true));
        let cores: Vec<usize> = cores.collect();
        let server = cores.first().copied().unwrap_or(0);
        let alone = cores
            .iter()
            .find(|&&c| c != server && siblings(c) != siblings(server));
        let load = alone.or(cores.get(1)).copied().unwrap_or(server);
        Cores { server, load }
    }
}

/// Hyperthreads of one core have the same list.
fn siblings(core: usize) -> Option<String> {
    let file = format!("/sys/devices/system/cpu/cpu{core}/topology/thread_siblings_list");
    fs::read_to_string(file).ok()
}

/// Pins the calling thread, and whatever it starts.
pub fn pin(core: usize) {
    let mut set = CpuSet::new();
    // Both fail only for a core that we are not allowed, and we chose among the allowed ones.
    if set.set(core).is_ok() {
        let _ = sched_setaffinity(Pid::from_raw(0), &set);
    }
}

/// CPU time of this process so far.
pub fn own_cpu() -> Duration {
    clock_gettime(ClockId::CLOCK_PROCESS_CPUTIME_ID).map_or(Duration::ZERO, Duration::from)
}

/// What the numbers depend on, for the head of the table.
pub fn machine() -> Vec<(&'static str, String)> {
    let read = |path: &str| fs::read_to_string(path).map_or("?".into(), |s| s.trim().to_owned());
    let cpuinfo = read("/proc/cpuinfo");
    let model = cpuinfo.lines().find(|l| l.starts_with("model name"));
    let model = model
        .and_then(|l| l.split_once(": "))
        .map_or("?", |(_, m)| m);
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    vec![
        ("kernel", read("/proc/sys/kernel/osrelease")),
        ("cpu", model.to_owned()),
        (
            "cores",
            cores
                .max(cpuinfo.matches("processor\t").count())
                .to_string(),
        ),
        (
            "governor",
            read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
        ),
        (
            "congestion_control",
            read("/proc/sys/net/ipv4/tcp_congestion_control"),
        ),
        ("load_average", read("/proc/loadavg")),
    ]
}
