//! What is opened and where: the profile's triple and address, unless the command line's ADDRESS says otherwise.

use std::fmt;

use crate::profile::{Origin, Profile, Setting};
use crate::socket::{Address, Family, Given, GivenPort, Role, Triple, UnixName};

/// Family, type and addresses, decided.
#[derive(Clone, Debug)]
pub(super) struct Chosen {
    pub(super) role: Role,
    pub(super) triple: Triple,
    pub(super) address: Setting<Address>,
    pub(super) local: Option<Setting<Address>>,
}

/// An ADDRESS that does not go with the profile: exit 2, names both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsuitable(String);

impl fmt::Display for Unsuitable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

pub(super) fn choose(
    profile: &Profile,
    role: Role,
    given: Option<&Given>,
) -> Result<Chosen, Unsuitable> {
    let triple = Triple {
        family: profile.socket.family.value,
        ty: profile.socket.ty.value,
        protocol: profile.socket.protocol.value,
    };
    let address = match given {
        Some(given) => {
            suits(profile, triple, role, given)?;
            Setting::flag(with_port(given, profile, triple), "ADDRESS")
        }
        None => own_address(profile, triple.family),
    };
    let address = match role {
        Role::Serve => address,
        Role::Connect => reachable(address, triple.family),
    };
    let local = match role {
        Role::Serve => None,
        Role::Connect => local_address(profile, triple, &address.value),
    };
    Ok(Chosen {
        role,
        triple,
        address,
        local,
    })
}

/// An ADDRESS of another family or type than the profile's is a mistake, not a wish to mix them.
fn suits(profile: &Profile, triple: Triple, role: Role, given: &Given) -> Result<(), Unsuitable> {
    let (family, ty) = given.decides();
    let wrong_family = family
        .filter(|&f| f != triple.family)
        .map(|f| format!("{} address", with_article(f.name())));
    let not_inet = matches!(given.address, Address::Inet { .. }) && triple.family == Family::Unix;
    let wrong_family = wrong_family.or_else(|| not_inet.then(|| "host and port".to_owned()));
    let wrong_type = ty
        .filter(|&t| t != triple.ty)
        .map(|t| format!("a {} address", t.name()));
    match wrong_family.or(wrong_type) {
        None if has_no_port(given) && triple.has_ports() && role == Role::Connect => {
            let host = host_of(given);
            let with_port = if host.contains(':') {
                format!("[{host}]:35555")
            } else {
                format!("{host}:35555")
            };
            Err(Unsuitable(format!(
                "the ADDRESS {host} has no port to connect to; write for example {with_port}"
            )))
        }
        None => Ok(()),
        Some(what) => Err(Unsuitable(format!(
            "the ADDRESS {} is {what}, but the profile {} opens {} {} sockets\n\
             help: leave one of the two out, or choose a profile of that kind: `sockplay profile list`",
            given.address,
            crate::escape::text(&profile.name),
            triple.family.name(),
            triple.ty.name()
        ))),
    }
}

/// "an ipv6", "a unix"
fn with_article(word: &str) -> String {
    let article = if word.starts_with('i') { "an" } else { "a" };
    format!("{article} {word}")
}

fn host_of(given: &Given) -> String {
    match &given.address {
        Address::Inet { host, .. } => crate::escape::text(host),
        other => other.to_string(),
    }
}

/// A bare host leaves the port to the profile.
fn with_port(given: &Given, profile: &Profile, triple: Triple) -> Address {
    match &given.address {
        Address::Inet { host, .. } if given.port == GivenPort::LeftOut && triple.has_ports() => {
            Address::Inet {
                host: host.clone(),
                port: profile.address.port.value,
            }
        }
        address => address.clone(),
    }
}

fn has_no_port(given: &Given) -> bool {
    matches!(given.address, Address::Inet { port: 0, .. })
}

fn own_address(profile: &Profile, family: Family) -> Setting<Address> {
    let keys = &profile.address;
    if let Some(fd) = &profile.socket.fd {
        return Setting {
            value: Address::Fd(fd.value.clone()),
            origin: fd.origin,
        };
    }
    if family == Family::Unix {
        return match &keys.path {
            Some(path) => Setting {
                value: Address::Unix(path.value.clone()),
                origin: path.origin,
            },
            None => Setting::default(Address::Unix(UnixName::Path("/tmp/sockplay.sock".into()))),
        };
    }
    let host = if keys.host.is_set() {
        keys.host.value.clone()
    } else {
        loopback(family).to_owned()
    };
    let origin = if keys.host.is_set() {
        keys.host.origin
    } else {
        keys.port.origin
    };
    Setting {
        value: Address::Inet {
            host,
            port: keys.port.value,
        },
        origin,
    }
}

const fn loopback(family: Family) -> &'static str {
    match family {
        Family::Ipv6 => "::1",
        _ => "127.0.0.1",
    }
}

/// "" is every interface to a server; to a client, and so on this machine, it is the loopback one.
fn reachable(address: Setting<Address>, family: Family) -> Setting<Address> {
    match address.value {
        Address::Inet { ref host, port } if host.is_empty() => Setting {
            value: Address::Inet {
                host: loopback(family).into(),
                port,
            },
            origin: address.origin,
        },
        _ => address,
    }
}

/// Where the client binds: as asked for; a unix datagram client autobinds, or nobody could answer it (unix(7)).
fn local_address(profile: &Profile, triple: Triple, peer: &Address) -> Option<Setting<Address>> {
    let keys = &profile.connect;
    if triple.family == Family::Unix {
        let answers =
            triple.ty == crate::socket::Type::Datagram || triple.ty == crate::socket::Type::Raw;
        let opened = !matches!(peer, Address::Fd(_));
        return (answers && opened).then(|| Setting::default(Address::Unix(UnixName::Unnamed)));
    }
    let origin = match &keys.local_host {
        Some(host) => host.origin,
        None if keys.local_port.is_set() && keys.local_port.value != 0 => keys.local_port.origin,
        None => return None,
    };
    let host = keys
        .local_host
        .as_ref()
        .map_or_else(String::new, |h| h.value.clone());
    Some(Setting {
        value: Address::Inet {
            host,
            port: keys.local_port.value,
        },
        origin,
    })
}

/// listen(2)'s argument: as written, else the habit of Rust and Python.
pub(super) fn backlog(profile: &Profile) -> Setting<u32> {
    const HABIT: u32 = 128; // min(SOMAXCONN, 128); Linux's SOMAXCONN is 4096 since 5.4
    profile.serve.backlog.clone().unwrap_or(Setting {
        value: HABIT,
        origin: Origin::Default,
    })
}
