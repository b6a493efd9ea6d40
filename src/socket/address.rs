//! Where a socket is: as a user writes it, and as the kernel reports it.
//!
//! [`Given`] is an ADDRESS of the command line (`tcp://name:port`, `/path`, `@name`, `fd:3`); [`Address`] is what a
//! profile or an ADDRESS asks for, names not yet resolved; [`SocketName`] is what getsockname(2) and its kin return.

use std::ffi::OsStr;
use std::fmt;
use std::net::SocketAddr;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::PathBuf;

use super::{Family, Triple, Type};
use crate::escape;

/// What a user asks for. A host may still be a name, with a scope (`fe80::1%eth0`); `""` is every interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// ip(7), ipv6(7).
    Inet {
        /// Name, number, or "" for every interface.
        host: String,
        /// 0: the kernel picks.
        port: u16,
    },
    /// unix(7).
    Unix(UnixName),
    /// A descriptor that somebody else opened.
    Fd(Inherited),
}

/// The three kinds of unix(7) address.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum UnixName {
    /// A path in the file system.
    Path(PathBuf),
    /// Linux's abstract namespace: bytes without a file, written `@name`.
    Abstract(Vec<u8>),
    /// A socket that was never bound.
    Unnamed,
}

/// A descriptor that is inherited, not opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inherited {
    /// The number, as in Python's `socket(fileno=3)`.
    Number(i32),
    /// The first (or the named) descriptor of sd_listen_fds(3).
    Systemd(Option<String>),
}

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
}

/// Why an ADDRESS cannot be read, and what one looks like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadAddress(pub String);

impl fmt::Display for BadAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BadAddress {}

/// The longest path or abstract name: sun_path has 108 bytes, one of which ends a path or starts a name.
pub const SUN_PATH_MAX: usize = 107;

impl Given {
    /// Reads `[scheme://]ADDRESS`: `127.0.0.1:35555`, `[::1]:35555`, `:35555`, `name:port`, a bare address for raw
    /// sockets, `/path`, `./path`, `unix:path`, `@abstract`, `fd:3`, `fd:systemd`.
    pub fn parse(given: &str) -> Result<Given, BadAddress> {
        if given.is_empty() {
            return Err(BadAddress(
                "an ADDRESS is empty; write 127.0.0.1:35555, [::1]:35555, /path or @name".into(),
            ));
        }
        let (scheme, rest) = split_scheme(given)?;
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
            parse_inet(rest)?
        };
        Ok(Given { address, scheme })
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

/// The family of a numeric host, with or without a scope; `None` for a name or "".
pub fn literal_family(host: &str) -> Option<Family> {
    let number = host.split('%').next().unwrap_or(host);
    match number.parse() {
        Ok(std::net::IpAddr::V4(_)) => Some(Family::Ipv4),
        Ok(std::net::IpAddr::V6(_)) => Some(Family::Ipv6),
        Err(_) => None,
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

fn parse_inet(rest: &str) -> Result<Address, BadAddress> {
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
    Ok(Address::Inet {
        host: host.to_owned(),
        port,
    })
}

impl UnixName {
    /// Reads a path, or `@name` for the abstract namespace. A leading `./` keeps an `@` that belongs to a path.
    pub fn parse(text: &str) -> Result<UnixName, BadAddress> {
        let (length, what) = match text.strip_prefix('@') {
            Some(name) => (name.len(), "abstract name"),
            None => (text.len(), "unix path"),
        };
        if length > SUN_PATH_MAX {
            return Err(BadAddress(format!(
                "a {what} holds at most {SUN_PATH_MAX} bytes (sun_path), this one has {length}"
            )));
        }
        if length == 0 {
            return Err(BadAddress(format!("the {what} is empty")));
        }
        match text.strip_prefix('@') {
            Some(name) => Ok(UnixName::Abstract(name.as_bytes().to_vec())),
            None if text.contains('\0') => {
                Err(BadAddress("a unix path cannot hold a NUL byte".into()))
            }
            None => Ok(UnixName::Path(PathBuf::from(text))),
        }
    }

    /// From sun_path as the kernel fills it: empty, a leading NUL for the abstract namespace, or a path.
    pub fn from_sun_path(bytes: &[u8]) -> UnixName {
        match bytes {
            [] => UnixName::Unnamed,
            [0, name @ ..] => UnixName::Abstract(name.to_vec()),
            path => {
                let end = path.iter().position(|&b| b == 0).unwrap_or(path.len());
                UnixName::Path(PathBuf::from(std::ffi::OsString::from_vec(
                    path[..end].to_vec(),
                )))
            }
        }
    }

    /// The file, where there is one.
    pub fn path(&self) -> Option<&std::path::Path> {
        match self {
            UnixName::Path(path) => Some(path),
            _ => None,
        }
    }
}

impl Inherited {
    /// Reads `3`, `systemd` or `systemd:NAME`.
    pub fn parse(text: &str) -> Result<Inherited, BadAddress> {
        match text.split_once(':') {
            _ if text == "systemd" => Ok(Inherited::Systemd(None)),
            Some(("systemd", name)) if !name.is_empty() => {
                Ok(Inherited::Systemd(Some(name.to_owned())))
            }
            _ => match text.parse() {
                Ok(number) if number >= 0 => Ok(Inherited::Number(number)),
                _ => Err(BadAddress(format!(
                    "`{}` is no descriptor; write a number from 0, \"systemd\" or \"systemd:NAME\"",
                    escape::text(text)
                ))),
            },
        }
    }
}

impl fmt::Display for Inherited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Inherited::Number(n) => write!(f, "{n}"),
            Inherited::Systemd(None) => f.write_str("systemd"),
            Inherited::Systemd(Some(name)) => write!(f, "systemd:{}", escape::text(name)),
        }
    }
}

impl fmt::Display for UnixName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            UnixName::Path(path) => f.write_str(&escape::bytes(path.as_os_str().as_bytes())),
            UnixName::Abstract(name) => write!(f, "@{}", escape::bytes(name)),
            UnixName::Unnamed => f.write_str("(unnamed)"),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Inet { host, port } if host.contains(':') => {
                write!(f, "[{}]:{port}", escape::text(host))
            }
            Address::Inet { host, port } if host.is_empty() => write!(f, "*:{port}"),
            Address::Inet { host, port } => write!(f, "{}:{port}", escape::text(host)),
            Address::Unix(name) => write!(f, "{name}"),
            Address::Fd(fd) => write!(f, "fd:{fd}"),
        }
    }
}

/// A name that the kernel gave: getsockname(2), getpeername(2), accept(2), recvmsg(2).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum SocketName {
    /// Port 0 where the socket is raw.
    Inet(SocketAddr),
    /// Path, abstract name or none.
    Unix(UnixName),
}

impl SocketName {
    /// A name for a socket that was never bound.
    pub const UNNAMED: SocketName = SocketName::Unix(UnixName::Unnamed);

    /// A unix path, from the operating system's own string.
    pub fn from_path(path: &OsStr) -> SocketName {
        SocketName::Unix(UnixName::Path(PathBuf::from(path)))
    }

    /// The family this name belongs to.
    pub const fn family(&self) -> Family {
        match self {
            SocketName::Inet(SocketAddr::V4(_)) => Family::Ipv4,
            SocketName::Inet(SocketAddr::V6(_)) => Family::Ipv6,
            SocketName::Unix(_) => Family::Unix,
        }
    }

    /// The port, where addresses of this family have one.
    pub fn port(&self) -> Option<u16> {
        match self {
            SocketName::Inet(address) => Some(address.port()),
            SocketName::Unix(_) => None,
        }
    }

    /// As Python's socket module prints it: `('127.0.0.1', 45534)`, four fields for IPv6, a string for unix.
    pub fn python(&self) -> String {
        match self {
            SocketName::Inet(SocketAddr::V4(a)) => format!("('{}', {})", a.ip(), a.port()),
            SocketName::Inet(SocketAddr::V6(a)) => {
                format!(
                    "('{}', {}, {}, {})",
                    a.ip(),
                    a.port(),
                    a.flowinfo(),
                    a.scope_id()
                )
            }
            SocketName::Unix(UnixName::Unnamed) => "''".into(),
            SocketName::Unix(name) => format!("'{name}'"),
        }
    }

    /// As the ready line shows it: no port for raw sockets.
    pub fn ready(&self, ty: Type) -> String {
        match (self, ty) {
            (SocketName::Inet(a), Type::Raw) => a.ip().to_string(),
            _ => self.to_string(),
        }
    }
}

impl fmt::Display for SocketName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SocketName::Inet(address) => write!(f, "{address}"),
            SocketName::Unix(name) => write!(f, "{name}"),
        }
    }
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

    #[test]
    fn kernel_names_read_as_python_prints_them() {
        let v4 = SocketName::Inet("127.0.0.1:45534".parse().unwrap());
        assert_eq!(v4.python(), "('127.0.0.1', 45534)");
        let v6 = SocketName::Inet("[::1]:1".parse().unwrap());
        assert_eq!(v6.python(), "('::1', 1, 0, 0)");
        assert_eq!(v6.to_string(), "[::1]:1");
        assert_eq!(v4.ready(Type::Raw), "127.0.0.1");
        assert_eq!(
            UnixName::from_sun_path(b"\0ab"),
            UnixName::Abstract(b"ab".to_vec())
        );
        assert_eq!(
            UnixName::from_sun_path(b"/a\0\0"),
            UnixName::Path("/a".into())
        );
    }
}
