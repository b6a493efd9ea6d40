//! From arguments to a valid plan and a running logger: what serve, connect and probe have in common.

use std::fs::{File, OpenOptions};
use std::io::IsTerminal as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use log::LevelFilter;

use crate::cli::Common;
use crate::error::Error;
use crate::logger;
use crate::plan::{NoPlan, Plan};
use crate::profile::{
    self, FormatKey, FramingKey, Invalid, LevelKey, Overlay, Profile, ReplyKey, RequestsKey,
    Setting,
};
use crate::socket::{Address, Family, Given, Role, Type, UnixName};
use crate::sys::errno;

/// Where to start when no profile is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Start {
    /// From the article's server.
    Article,
    /// From an ADDRESS: it decides family and type, and no option is set.
    Address,
}

/// Reads an ADDRESS.
pub(super) fn given(address: Option<&str>) -> Result<Option<Given>, Error> {
    address
        .map(Given::parse)
        .transpose()
        .map_err(|e| Error::Usage(format!("ADDRESS: {e}")))
}

/// Reads the profile, the overlays over it.
pub(super) fn profile(
    config: Option<&str>,
    overlays: &[Overlay],
    given: Option<&Given>,
    start: Start,
) -> Result<Profile, Error> {
    let read = match (config, start, given) {
        (None, Start::Address, Some(given)) => return from_address(overlays, given),
        (None, Start::Article, Some(given)) => profile::load(Some(suited(given)), overlays),
        (config, _, _) => profile::load(config, overlays),
    };
    read.map_err(|invalid| rejected(&invalid))
}

/// The built-in profile of an ADDRESS's family and type: whoever says where to listen has said that much.
fn suited(given: &Given) -> &'static str {
    let (family, ty) = given.decides();
    match (family, ty.unwrap_or(Type::Stream)) {
        (Some(Family::Ipv6), Type::Stream) => "tcp6",
        (Some(Family::Ipv6), Type::Datagram) => "udp6",
        (Some(Family::Unix), Type::Datagram) => "unix-datagram",
        (Some(Family::Unix), Type::Seqpacket) => "unix-seqpacket",
        (Some(Family::Unix), _)
            if matches!(given.address, Address::Unix(UnixName::Abstract(_))) =>
        {
            "unix-abstract"
        }
        (Some(Family::Unix), _) => "unix-stream",
        (_, Type::Datagram) => "udp4",
        _ => "tcp4",
    }
}

fn from_address(overlays: &[Overlay], given: &Given) -> Result<Profile, Error> {
    let mut profile = profile::without_file(overlays).map_err(|invalid| rejected(&invalid))?;
    let triple = given.triple();
    let (family, ty) = given.decides();
    let unwritten_family = !profile.socket.family.is_set();
    let unwritten_type = !profile.socket.ty.is_set();
    if unwritten_family && (family.is_some() || triple.family != Family::Ipv4) {
        profile.socket.family.value = triple.family;
    }
    if unwritten_type && ty.is_some() {
        profile.socket.ty.value = triple.ty;
    }
    if family.is_none()
        && unwritten_family
        && let Some(found) = family_of_name(given)
    {
        profile.socket.family.value = found;
    }
    Ok(profile)
}

/// The family of the first address that a name stands for: only then is it clear what `connect name:port` means.
fn family_of_name(given: &Given) -> Option<Family> {
    use std::net::ToSocketAddrs as _;
    let Address::Inet { host, port } = &given.address else {
        return None;
    };
    if host.is_empty() {
        return None;
    }
    let first = (host.as_str(), *port).to_socket_addrs().ok()?.next()?;
    Some(if first.is_ipv6() {
        Family::Ipv6
    } else {
        Family::Ipv4
    })
}

/// `--sockperf` is a word for two keys of the profile. A client of sockperf keeps its connection, so a limit of requests has to
/// be the user's own wish: one that a built-in profile brought along is not.
pub(super) fn speak_sockperf(profile: &mut Profile) {
    const FLAG: &str = "--sockperf";
    profile.serve.reply = Setting::flag(ReplyKey::Sockperf, FLAG);
    let ty = profile.socket.ty.value;
    if ty == Type::Stream {
        profile.io.framing = Setting::flag(FramingKey::Sockperf, FLAG);
    }
    let requests = profile.serve.requests.origin;
    let is_wish = profile.serve.requests.is_set() && !profile.is_builtin(requests);
    if ty.has_connections() && !is_wish {
        profile.serve.requests = Setting::flag(RequestsKey::Unlimited, FLAG);
    }
}

/// Resolves the profile for one end.
pub(super) fn plan(profile: &Profile, role: Role, given: Option<&Given>) -> Result<Plan, Error> {
    Plan::new(profile, role, given).map_err(|no_plan| match no_plan {
        NoPlan::Address(unsuitable) => Error::Usage(unsuitable.to_string()),
        NoPlan::Profile(invalid) => rejected(&invalid),
    })
}

/// Every problem of a profile, with carets.
pub(super) fn rejected(invalid: &Invalid) -> Error {
    let colour = match anstream::stderr().current_choice() {
        anstream::ColorChoice::Never => false,
        _ => std::io::stderr().is_terminal(),
    };
    Error::Profile(invalid.render(colour))
}

/// Starts the logger as profile and flags say.
pub(super) fn logging(profile: &Profile, common: &Common) -> Result<(), Error> {
    let written = match profile.log.level.value {
        LevelKey::Error => LevelFilter::Error,
        LevelKey::Warn => LevelFilter::Warn,
        LevelKey::Info => LevelFilter::Info,
        LevelKey::Debug => LevelFilter::Debug,
        LevelKey::Trace => LevelFilter::Trace,
    };
    let level = match (common.quiet, common.verbose) {
        (true, _) => LevelFilter::Error,
        (_, true) => written.max(LevelFilter::Debug),
        _ => written,
    };
    let file = common
        .log_file
        .as_deref()
        .or(profile.log.file.as_ref().map(|f| f.value.as_path()));
    let form = match profile.log.format.value {
        FormatKey::Article => logger::Form::Article,
        FormatKey::Json => logger::Form::Json,
    };
    let help = "log.file and --log-file name a file that can be written";
    let file = file
        .map(|path| opened(path, OpenOptions::new().create(true).append(true), help))
        .transpose()?;
    logger::start(logger::Settings { level, form, file })
}

/// A file that the user named, beside the sockets.
pub(super) fn opened(path: &Path, how: &OpenOptions, help: &str) -> Result<File, Error> {
    how.open(path).map_err(|e| {
        let shown = crate::escape::bytes(path.as_os_str().as_bytes());
        Error::from(errno::failure("open", shown, &e)).with_help(help)
    })
}
