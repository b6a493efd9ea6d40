//! An ADDRESS of the command line: `127.0.0.1:35555`, `udp://name:port`, `/path`, `@name`, `fd:3`.
//!
//! One parser for the command line and, through [`UnixName`] and [`Inherited`], for profiles.

use super::address::{BadAddress, literal_family};
use super::{Address, Family, Inherited, Triple, Type, UnixName};
use crate::escape;

/// The optional scheme of an ADDRESS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// `tcp://`: stream over IP.
    Tcp,
    /// `udp://`: datagram over IP.
    Udp,
    /// `unix:` or `unix://`: unix stream.
    Unix,
    /// `unixgram://`: unix datagram.
    Unixgram,
    /// `seqpacket://`: unix seqpacket.
    Seqpacket,
}

impl Scheme {
    /// The word before `://`.
    pub const fn name(self) -> &'static str {
        match self {
            Scheme::Tcp => "tcp",
            Scheme::Udp => "udp",
            Scheme::Unix => "unix",
            Scheme::Unixgram => "unixgram",
            Scheme::Seqpacket => "seqpacket",
        }
    }

    /// The type that the scheme asks for.
    pub const fn ty(self) -> Type {
        match self {
            Scheme::Tcp | Scheme::Unix => Type::Stream,
            Scheme::Udp | Scheme::Unixgram => Type::Datagram,
            Scheme::Seqpacket => Type::Seqpacket,
        }
    }

    const fn is_unix(self) -> bool {
        matches!(self, Scheme::Unix | Scheme::Unixgram | Scheme::Seqpacket)
    }
}

/// An ADDRESS as given: where, and the scheme that was written, if any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// Where.
    pub address: Address,
    /// What was written before `://`.
    pub scheme: Option<Scheme>,
    /// Whether a port was written.
    pub port: GivenPort,
}

/// Whether an ADDRESS says a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GivenPort {
    /// It does, or has none.
    Written,
    /// It is a bare host: raw sockets need no more, and a server has its profile's port.
    LeftOut,
}

impl Given {
    /// Reads `[scheme://]ADDRESS`: `127.0.0.1:35555`, `[::1]:35555`, `:35555`, `name:port`, a bare address for raw
    /// sockets, `/path`, `./path`, `unix:path`, `@abstract`, `fd:3`, `fd:systemd`.
    pub fn parse(given: &str) -> Result<Given, BadAddress> {
        if given.is_empty() {
            return Err(BadAddress(
                "it is empty; write 127.0.0.1:35555, [::1]:35555, /path or @name".into(),
            ));
        }
        let (scheme, rest) = split_scheme(given)?;
        let mut port = GivenPort::Written;
        let unix = scheme.is_some_and(Scheme::is_unix);
        let address = if let Some(fd) = rest.strip_prefix("fd:").filter(|_| scheme.is_none()) {
            Address::Fd(Inherited::parse(fd)?)
        } else if unix || rest.starts_with(['/', '.', '@']) {
            if let Some(s) = scheme.filter(|s| !s.is_unix()) {
                return Err(BadAddress(format!(
                    "{}:// takes host:port, not a unix path",
                    s.name()
                )));
            }
            Address::Unix(UnixName::parse(rest)?)
        } else {
            let (address, said) = parse_inet(rest)?;
            port = said;
            address
        };
        Ok(Given {
            address,
            scheme,
            port,
        })
    }

    /// Family and type that this address decides, where it does: a name decides no family, a bare path is a stream.
    pub fn decides(&self) -> (Option<Family>, Option<Type>) {
        let ty = self.scheme.map(Scheme::ty);
        match &self.address {
            Address::Unix(_) => (Some(Family::Unix), ty),
            Address::Fd(_) => (None, None),
            Address::Inet { host, .. } => (literal_family(host), ty),
        }
    }

    /// The triple for a client that has no profile: stream unless the scheme says otherwise.
    pub fn triple(&self) -> Triple {
        let (family, ty) = self.decides();
        Triple::new(family.unwrap_or(Family::Ipv4), ty.unwrap_or(Type::Stream))
    }
}

fn split_scheme(given: &str) -> Result<(Option<Scheme>, &str), BadAddress> {
    if let Some((word, rest)) = given.split_once("://") {
        let all = [
            Scheme::Tcp,
            Scheme::Udp,
            Scheme::Unix,
            Scheme::Unixgram,
            Scheme::Seqpacket,
        ];
        return match all
            .into_iter()
            .find(|s| s.name().eq_ignore_ascii_case(word))
        {
            Some(scheme) => Ok((Some(scheme), rest)),
            None => Err(BadAddress(format!(
                "unknown scheme `{}://`; known are tcp:// udp:// unix:// unixgram:// seqpacket://",
                escape::text(word)
            ))),
        };
    }
    match given.strip_prefix("unix:") {
        Some(rest) => Ok((Some(Scheme::Unix), rest)),
        None => Ok((None, given)),
    }
}

fn parse_inet(rest: &str) -> Result<(Address, GivenPort), BadAddress> {
    let (host, port) = if let Some(bracketed) = rest.strip_prefix('[') {
        let Some((host, after)) = bracketed.split_once(']') else {
            return Err(BadAddress(format!(
                "`{}` has no closing bracket; write [::1]:35555",
                escape::text(rest)
            )));
        };
        (
            host,
            after
                .strip_prefix(':')
                .or_else(|| after.is_empty().then_some("0")),
        )
    } else if literal_family(rest).is_some() {
        (rest, Some("0"))
    } else {
        match rest.rsplit_once(':') {
            Some((host, _)) if host.contains(':') => {
                return Err(BadAddress(format!(
                    "`{}` is ambiguous; an IPv6 address with a port needs brackets: [::1]:35555",
                    escape::text(rest)
                )));
            }
            Some((host, port)) => (host, Some(port)),
            None => (rest, None),
        }
    };
    let port = port.ok_or_else(|| {
        BadAddress(format!(
            "`{}` has no port; write host:port, or ./{} for a unix path",
            escape::text(rest),
            escape::text(rest)
        ))
    })?;
    let port = port.parse().map_err(|_| {
        BadAddress(format!(
            "`{}` is no port; a port is a number from 0 to 65535",
            escape::text(port)
        ))
    })?;
    if host.contains('\0') || host.chars().any(char::is_whitespace) {
        return Err(BadAddress(format!(
            "`{}` is no host name",
            escape::text(host)
        )));
    }
    let bare = literal_family(rest).is_some() || rest.ends_with(']');
    let said = if bare {
        GivenPort::LeftOut
    } else {
        GivenPort::Written
    };
    let host = host.to_owned();
    Ok((Address::Inet { host, port }, said))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inet(host: &str, port: u16) -> Address {
        Address::Inet {
            host: host.into(),
            port,
        }
    }

    #[test]
    fn every_form_of_the_manual_is_read() {
        let read = |text| Given::parse(text).map(|g| g.address);
        assert_eq!(read("127.0.0.1:35555"), Ok(inet("127.0.0.1", 35555)));
        assert_eq!(read("[::1]:35555"), Ok(inet("::1", 35555)));
        assert_eq!(read("[fe80::1%eth0]:1"), Ok(inet("fe80::1%eth0", 1)));
        assert_eq!(read(":35555"), Ok(inet("", 35555)));
        assert_eq!(read("name:80"), Ok(inet("name", 80)));
        assert_eq!(read("127.0.0.2"), Ok(inet("127.0.0.2", 0)));
        assert_eq!(read("::1"), Ok(inet("::1", 0)));
        assert_eq!(
            read("/tmp/x"),
            Ok(Address::Unix(UnixName::Path("/tmp/x".into())))
        );
        assert_eq!(
            read("unix:x"),
            Ok(Address::Unix(UnixName::Path("x".into())))
        );
        assert_eq!(
            read("@x"),
            Ok(Address::Unix(UnixName::Abstract(b"x".to_vec())))
        );
        assert_eq!(read("fd:3"), Ok(Address::Fd(Inherited::Number(3))));
        assert_eq!(
            read("fd:systemd:echo"),
            Ok(Address::Fd(Inherited::Systemd(Some("echo".into()))))
        );
    }

    #[test]
    fn a_scheme_decides_the_type() {
        let ty = |text| Given::parse(text).unwrap().triple();
        assert_eq!(
            ty("udp://127.0.0.1:1"),
            Triple::new(Family::Ipv4, Type::Datagram)
        );
        assert_eq!(
            ty("udp://[::1]:1"),
            Triple::new(Family::Ipv6, Type::Datagram)
        );
        assert_eq!(
            ty("unixgram:///tmp/x"),
            Triple::new(Family::Unix, Type::Datagram)
        );
        assert_eq!(
            ty("seqpacket://@x"),
            Triple::new(Family::Unix, Type::Seqpacket)
        );
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, word) in [
            ("", "empty"),
            ("::1:35555:", "port"),
            ("localhost", "no port"),
            ("a:70000", "no port;"),
            ("a:b:1", "brackets"),
            ("[::1", "bracket"),
            ("http://x", "scheme"),
            ("tcp:///x", "unix path"),
            ("fd:-1", "descriptor"),
            ("@", "empty"),
        ] {
            let error = Given::parse(text).expect_err(text).0;
            assert!(
                error.contains(word.trim_end_matches(';')),
                "{text}: {error}"
            );
        }
        let long = format!("/{}", "x".repeat(107));
        assert!(Given::parse(&long).unwrap_err().0.contains("108"));
        assert!(Given::parse(&long[..107]).is_ok());
    }
}
