//! What an experiment needs of the machine, decided before it starts: an errno in a step never skips.

use std::os::fd::AsFd as _;

use super::file::step::Experiment;
use crate::event::Off;
use crate::option::{self, OptionName};
use crate::socket::{Family, Protocol, Triple, Type};
use crate::sys::namespace::Network;
use crate::sys::{Sys, privilege};

/// Whether a file may ask for it.
pub fn is_known(need: &str) -> bool {
    matches!(need, "namespace" | "ipv6" | "mptcp")
        || privilege::names().contains(&need)
        || option::find(need).is_some()
}

/// The first need that is not there, with the reason; `None`: all are.
pub fn missing(experiment: &Experiment, network: &Network) -> Option<String> {
    experiment
        .needs
        .iter()
        .find_map(|need| lacks(need, network))
}

fn lacks(need: &str, network: &Network) -> Option<String> {
    match (need, network) {
        ("namespace", Network::Own) => None,
        ("namespace", Network::Shared { why }) => {
            Some(format!("it needs a network of its own, and {why}"))
        }
        ("ipv6", _) => no_ipv6(),
        ("mptcp", _) => {
            let mptcp = Triple::new(Family::Ipv4, Type::Stream).with(Protocol(262));
            let opened = Sys::new(&Off, "").socket(mptcp);
            let why = |e| format!("this kernel opens no MPTCP socket: {e}");
            opened.err().map(why)
        }
        _ => lacks_capability(need, network).or_else(|| lacks_option(need)),
    }
}

/// bind(2) to ::1 tells more than socket(2): the module may be there and the address not.
fn no_ipv6() -> Option<String> {
    let sys = Sys::new(&Off, "");
    let loopback = crate::socket::SocketName::Inet((std::net::Ipv6Addr::LOCALHOST, 0).into());
    let bound = sys
        .socket(Triple::new(Family::Ipv6, Type::Stream))
        .and_then(|fd| sys.bind(fd.as_fd(), &loopback));
    bound.err().map(|e| format!("there is no IPv6 here: {e}"))
}

fn lacks_capability(need: &str, network: &Network) -> Option<String> {
    if !need.starts_with("CAP_") {
        return None;
    }
    let why = match network {
        Network::Own => String::new(),
        Network::Shared { why } => format!("; a network of its own would bring it, but {why}"),
    };
    match privilege::holds(need) {
        Ok(true) => None,
        Ok(false) => Some(format!(
            "it needs {need}, which this process does not have{why}"
        )),
        Err(error) => Some(error),
    }
}

/// Asked on the first kind of socket that the registry gives the option to.
fn lacks_option(need: &str) -> Option<String> {
    let row = option::find(need)?;
    let no = |why: &str| Some(format!("it needs {}, which {why}", row.name));
    if !row.available() {
        return no("belongs to another platform");
    }
    let triple = row.first_triple()?;
    let sys = Sys::new(&Off, "");
    let Ok(fd) = sys.socket(triple) else {
        return None;
    };
    match sys.getsockopt(fd.as_fd(), &OptionName::on(row, triple)) {
        Err(error) if error.raw_os_error() == Some(libc::ENOPROTOOPT) => {
            no("this kernel does not know (ENOPROTOOPT)")
        }
        _ => None,
    }
}
