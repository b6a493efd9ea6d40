//! From a host name to addresses: getaddrinfo(3).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6, ToSocketAddrs as _};
use std::time::{Duration, Instant};

use super::{Sys, errno};
use crate::error::{Error, Failure};
use crate::escape;
use crate::event::{Arg, Observer};
use crate::socket::{Address, Family, SocketName, UnixName};

impl<O: Observer> Sys<'_, O> {
    /// Every address that the host stands for in this family, in the resolver's order. "" is every interface; a
    /// number with a scope (`fe80::1%eth0`) needs no resolver.
    pub fn resolve(&self, address: &Address, family: Family) -> Result<Vec<SocketName>, Error> {
        match address {
            Address::Unix(name) => Ok(vec![SocketName::Unix(name.clone())]),
            Address::Fd(_) => Ok(vec![SocketName::Unix(UnixName::Unnamed)]),
            Address::Inet { host, port } => self.resolve_host(host, *port, family),
        }
    }

    fn resolve_host(
        &self,
        host: &str,
        port: u16,
        family: Family,
    ) -> Result<Vec<SocketName>, Error> {
        if let Some(number) = literal(host, family) {
            return Ok(vec![SocketName::Inet(SocketAddr::new(number, port))]);
        }
        if let Some((number, scope)) = host.split_once('%')
            && let Ok(number) = number.parse::<Ipv6Addr>()
        {
            let index = self.scope(scope).map_err(|e| no_interface(scope, &e))?;
            return Ok(vec![SocketName::Inet(
                SocketAddrV6::new(number, port, 0, index).into(),
            )]);
        }
        let mut names = self.getaddrinfo(host, port)?;
        names.retain(|name| name.family() == family);
        if names.is_empty() {
            let host = escape::text(host);
            return Err(Error::failed(format!(
                "getaddrinfo {host}: the name has no {} address",
                family.name()
            ))
            .with_help("set socket.family to the other family, or use another name"));
        }
        Ok(names)
    }

    /// Every address that the host stands for, of both families of IP in the resolver's order, and how long the resolver
    /// took; a number, a path or a descriptor needs none.
    pub fn look_up(
        &self,
        address: &Address,
        family: Family,
    ) -> Result<(Vec<SocketName>, Option<Duration>), Error> {
        match address {
            Address::Inet { host, port } if is_name(host) => {
                let before = Instant::now();
                let names = self.getaddrinfo(host, *port)?;
                Ok((names, Some(before.elapsed())))
            }
            address => Ok((self.resolve(address, family)?, None)),
        }
    }

    /// getaddrinfo(3) for both families of IP.
    fn getaddrinfo(&self, host: &str, port: u16) -> Result<Vec<SocketName>, Error> {
        let run = || {
            (host, port)
                .to_socket_addrs()
                .map(Iterator::collect::<Vec<_>>)
        };
        let args = |_: &_| vec![Arg::data(host.as_bytes())];
        let found = self
            .observed("getaddrinfo", run, args, |all| all.len() as i64)
            .map_err(|e| {
                Error::failed(format!(
                    "getaddrinfo {}: {}",
                    escape::text(host),
                    escape::text(&e.to_string())
                ))
                .with_help("is the name spelt right? a number such as 127.0.0.1 needs no resolver")
            })?;
        let mut names: Vec<_> = found.into_iter().map(SocketName::Inet).collect();
        names.dedup();
        Ok(names)
    }

    fn scope(&self, scope: &str) -> std::io::Result<u32> {
        match scope.parse() {
            Ok(index) => Ok(index),
            Err(_) => self.interface_index(scope),
        }
    }
}

/// Whether only the resolver knows what it stands for.
fn is_name(host: &str) -> bool {
    let number = host.split_once('%').map_or(host, |(number, _)| number);
    !host.is_empty() && number.parse::<IpAddr>().is_err()
}

fn literal(host: &str, family: Family) -> Option<IpAddr> {
    match (host, family) {
        ("", Family::Ipv6) => Some(Ipv6Addr::UNSPECIFIED.into()),
        ("", _) => Some(Ipv4Addr::UNSPECIFIED.into()),
        (number, _) => number.parse().ok(),
    }
}

fn no_interface(scope: &str, error: &std::io::Error) -> Error {
    let mut failure: Failure = errno::failure("if_nametoindex", escape::text(scope), error);
    failure.cause = Some("the part after % is an interface of this machine".into());
    failure.help.push("`ip link` lists the interfaces".into());
    failure.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_no_name() {
        for number in ["", "127.0.0.1", "::1", "fe80::1%eth0", "fe80::1%2"] {
            assert!(!is_name(number), "{number}");
        }
        for name in ["localhost", "127.0.0.1.example", "a%b", "::g"] {
            assert!(is_name(name), "{name}");
        }
    }
}
