//! Who holds a port, as far as /proc tells: its tables of sockets, then the descriptors of each process.

use std::path::Path;

use crate::escape;
use crate::socket::{Protocol, Triple, Type};

/// What keeps a port from being bound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Holder {
    /// `nginx (pid 812)`
    Process(String),
    /// Nobody any more: a connection that has closed.
    TimeWait,
}

/// Looks for a socket of the triple's protocol on `port`, in both families, since a dual-stack one holds both.
pub(super) fn of_port(triple: Triple, port: u16) -> Option<Holder> {
    let tables: &[&str] = match (triple.ty, triple.effective_protocol()) {
        (Type::Stream, _) => &["tcp", "tcp6"],
        (_, Protocol::UDPLITE) => &["udplite", "udplite6"],
        (Type::Datagram, _) => &["udp", "udp6"],
        _ => return None,
    };
    let text: String = tables
        .iter()
        .filter_map(|t| std::fs::read_to_string(format!("/proc/net/{t}")).ok())
        .collect();
    let on_port: Vec<Entry> = text
        .lines()
        .filter_map(Entry::parse)
        .filter(|e| e.port == port)
        .collect();
    let live = on_port
        .iter()
        .filter(|e| e.inode != 0)
        .find_map(|e| process_with(e.inode));
    live.map(Holder::Process).or_else(|| {
        on_port
            .iter()
            .any(|e| e.state == TIME_WAIT)
            .then_some(Holder::TimeWait)
    })
}

const TIME_WAIT: u8 = 6; // TCP_TIME_WAIT of net/tcp_states.h

/// The columns of /proc/net/tcp that matter here, proc_net_tcp(5).
#[derive(Debug, PartialEq, Eq)]
struct Entry {
    port: u16,
    state: u8,
    inode: u64,
}

impl Entry {
    fn parse(line: &str) -> Option<Entry> {
        let mut columns = line.split_whitespace();
        let local = columns.nth(1)?;
        let state = columns.nth(1)?;
        let inode = columns.nth(5)?;
        Some(Entry {
            port: u16::from_str_radix(local.rsplit_once(':')?.1, 16).ok()?,
            state: u8::from_str_radix(state, 16).ok()?,
            inode: inode.parse().ok()?,
        })
    }
}

fn process_with(inode: u64) -> Option<String> {
    let wanted = format!("socket:[{inode}]");
    for entry in std::fs::read_dir("/proc").ok()?.flatten() {
        let pid: Option<u32> = entry.file_name().to_str().and_then(|n| n.parse().ok());
        let Some(pid) = pid else { continue };
        if has_descriptor(&entry.path().join("fd"), &wanted) {
            let name = std::fs::read(entry.path().join("comm")).unwrap_or_default();
            return Some(format!("{} (pid {pid})", escape::bytes(name.trim_ascii())));
        }
    }
    None
}

fn has_descriptor(fds: &Path, wanted: &str) -> bool {
    let Ok(entries) = std::fs::read_dir(fds) else {
        return false;
    };
    entries
        .flatten()
        .any(|fd| std::fs::read_link(fd.path()).is_ok_and(|to| to.as_os_str() == wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_proc_net_tcp_is_read() {
        let line = "   0: 0100007F:8AE3 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4242 1 0";
        assert_eq!(
            Entry::parse(line),
            Some(Entry {
                port: 0x8AE3,
                state: 0x0A,
                inode: 4242
            })
        );
        assert_eq!(Entry::parse("  sl  local_address rem_address   st"), None);
    }

    #[test]
    fn the_holder_of_a_port_is_this_process() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let triple = Triple::new(crate::socket::Family::Ipv4, Type::Stream);
        let Some(Holder::Process(who)) = of_port(triple, port) else {
            panic!("not found")
        };
        assert!(who.contains(&std::process::id().to_string()), "{who}");
    }
}
