//! The backlog, counted: clients connect to a twin of the listener until one is not let in.
//!
//! The twin follows the same plan at another port or name, so that nobody is ever left in the queue of the listener that
//! serves. Linux lets one more in than the backlog says (`sk_acceptq_is_full` compares with `>`); a client that finds the
//! queue full is dropped on TCP and would block on unix, so nothing here waits for a time limit.

use std::io;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};

use crate::event::Observer;
use crate::option::{OptionName, Value, find};
use crate::plan::{Act, Plan};
use crate::socket::{Address, Family, SocketName, Triple, UnixName};
use crate::sys::{Blocking, Linger, Readback, Readiness, Server, Sys, descriptor_limit, errno};

/// More clients than this are not tried: two thousand take a twentieth of a second.
const MOST: u32 = 5000;
/// Descriptors that are left to the rest of the program.
const SPARE: u64 = 256;
/// How long a handshake over loopback may take that the kernel has put off to another thread.
const PUT_OFF_MS: i32 = 50;

/// What was counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Counted {
    /// Clients that were let in before anybody accepted.
    pub(super) clients: u32,
    /// There was room for more.
    pub(super) more: bool,
}

/// Counts on a twin of `server`; the error is the reason why that is not possible, as part of a sentence.
pub(super) fn admitted<O: Observer>(
    sys: Sys<'_, O>,
    server: &Server,
    plan: &Plan,
) -> Result<Counted, String> {
    if plan.sets("TCP_DEFER_ACCEPT") {
        return Err(
            "with TCP_DEFER_ACCEPT a client counts as connected before it is in the queue".into(),
        );
    }
    let (plan, name) = twin(plan, &server.name).ok_or("the socket was inherited")?;
    let twin = sys
        .task("twin")
        .open_server_at(&plan, &name, Readback::Nothing)
        .map_err(|e| format!("a twin of the listener was refused: {e}"))?;
    let mut clients = Vec::new();
    let counted = fill(sys.task("twin"), &twin, plan.triple, &mut clients);
    for client in clients {
        sys.task("twin").close(client, Linger::Reset);
    }
    sys.task("twin").close_server(twin);
    match counted {
        Ok(Counted {
            clients: 0,
            more: false,
        }) => Err(
            "not even the first client was let in, as if an option of the listener kept it out"
                .into(),
        ),
        Ok(counted) => Ok(counted),
        Err((call, e)) => Err(format!("{call} failed: {}", errno::of(&e).name)),
    }
}

/// The same plan at a port or name of the kernel's choice; a unix socket is in no file system then.
fn twin(plan: &Plan, name: &SocketName) -> Option<(Plan, SocketName)> {
    let mut plan = plan.clone();
    let bind = plan.steps.iter_mut().find_map(|step| match &mut step.act {
        Act::Bind(address) => Some(address),
        _ => None,
    })?;
    let name = match name {
        SocketName::Inet(address) => {
            let mut address = *address;
            address.set_port(0);
            SocketName::Inet(address)
        }
        SocketName::Unix(_) => {
            *bind = Address::Unix(UnixName::Unnamed);
            SocketName::UNNAMED
        }
    };
    Some((plan, name))
}

/// Connects without accepting, until one is not let in.
fn fill<O: Observer>(
    sys: Sys<'_, O>,
    twin: &Server,
    triple: Triple,
    clients: &mut Vec<OwnedFd>,
) -> Result<Counted, (&'static str, io::Error)> {
    let to = reachable(&twin.name);
    let room = u32::try_from(descriptor_limit().saturating_sub(SPARE)).unwrap_or(MOST);
    let most = MOST.min(room);
    for n in 0..most {
        let so_far = |more| Counted { clients: n, more };
        // Bare sockets: what the profile sets on a client must not decide what the listener's queue takes.
        let client = match sys.socket(triple) {
            Ok(client) => client,
            Err(e) if n > 0 && is_ours(&e) => return Ok(so_far(true)),
            Err(e) => return Err(("socket", e)),
        };
        let let_in = connects(sys, client.as_fd(), &to, twin.fd.as_fd());
        clients.push(client);
        match let_in {
            Ok(true) => {}
            Ok(false) => return Ok(so_far(false)),
            Err(e) if n > 0 && is_ours(&e) => return Ok(so_far(true)),
            Err(e) => return Err(("connect", e)),
        }
    }
    match most {
        0 => Err(("socket", io::Error::from_raw_os_error(libc::EMFILE))),
        clients => Ok(Counted {
            clients,
            more: true,
        }),
    }
}

/// Whether it is this process or machine that has no room for one more, and not the queue.
fn is_ours(error: &io::Error) -> bool {
    let ours = [
        libc::EMFILE,
        libc::ENFILE,
        libc::ENOBUFS,
        libc::ENOMEM,
        libc::EADDRNOTAVAIL,
    ];
    error
        .raw_os_error()
        .is_some_and(|errno| ours.contains(&errno))
}

/// Whether this client is let in at once.
fn connects<O: Observer>(
    sys: Sys<'_, O>,
    client: BorrowedFd<'_>,
    to: &SocketName,
    listener: BorrowedFd<'_>,
) -> io::Result<bool> {
    sys.set_nonblocking(client, Blocking::No)?;
    match sys.connect(client, to) {
        Ok(()) => Ok(true),
        // unix(7): the queue is full.
        Err(e) if to.family() == Family::Unix && e.kind() == io::ErrorKind::WouldBlock => Ok(false),
        // Over loopback the handshake is done inside of connect(2), unless the kernel was busy.
        Err(e) if e.raw_os_error() == Some(libc::EINPROGRESS) => {
            let patience = if is_full(sys, listener) {
                0
            } else {
                PUT_OFF_MS
            };
            let ready = sys.poll(&[(client, Readiness::Writable)], patience)?;
            Ok(ready == [true])
        }
        Err(e) => Err(e),
    }
}

/// TCP_INFO of a listener: tcpi_unacked is the length of the queue, tcpi_sacked the backlog; one more fits.
fn is_full<O: Observer>(sys: Sys<'_, O>, listener: BorrowedFd<'_>) -> bool {
    let row = find("TCP_INFO").expect("TCP_INFO is a row of the registry");
    let Ok(bytes) = sys.getsockopt(listener, &OptionName::of(row)) else {
        return false;
    };
    let info = row.decode(&bytes);
    match (info.field("unacked"), info.field("sacked")) {
        (Some(Value::Int(queued)), Some(Value::Int(limit))) => queued > limit,
        _ => false,
    }
}

/// Every interface is no place to connect to; loopback is one of them.
fn reachable(name: &SocketName) -> SocketName {
    use std::net::{Ipv4Addr, Ipv6Addr};
    match name {
        SocketName::Inet(address) if address.ip().is_unspecified() => {
            let mut address = *address;
            address.set_ip(match address.ip() {
                std::net::IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
                std::net::IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
            });
            SocketName::Inet(address)
        }
        name => name.clone(),
    }
}
