//! What a profile may not say about its triple: one function per rule, each points at the line it is about.

use super::choose::Chosen;
use super::{batch_rules, engine_rules, option_rules};
use crate::profile::{FramingKey, Origin, Problem, Profile, ReplyKey, Setting};
use crate::socket::address::literal_family;
use crate::socket::{Address, Family, Protocol, Role, Type};

type Rule = fn(&Profile, &Chosen) -> Vec<Problem>;

const RULES: &[Rule] = &[
    connection_keys_need_connections,
    framing_needs_a_stream,
    sockperf_needs_its_frames,
    message_keys_need_messages,
    unix_keys_need_unix,
    internet_keys_need_the_internet,
    host_is_of_the_family,
    descriptor_excludes_an_address,
    engine_rules::engine_keys_need_their_engine,
    engine_rules::workers_need_an_address_to_share,
    batch_rules::batch_needs_messages_or_epoll,
    batch_rules::a_batch_fits_into_memory,
    batch_rules::a_train_fits_into_the_buffer,
    icmp_is_answered_by_the_kernel,
    option_rules::options_fit_the_triple,
    option_rules::options_have_a_socket_to_be_set_on,
    option_rules::options_are_in_time,
];

pub(super) fn check(profile: &Profile, chosen: &Chosen) -> Vec<Problem> {
    RULES
        .iter()
        .flat_map(|rule| rule(profile, chosen))
        .collect()
}

/// The place of a setting, if somebody wrote it.
fn written<T>(key: &'static str, setting: &Setting<T>) -> Option<(&'static str, Origin)> {
    setting.is_set().then_some((key, setting.origin))
}

pub(super) fn written_some<T>(
    key: &'static str,
    setting: Option<&Setting<T>>,
) -> Option<(&'static str, Origin)> {
    setting.map(|s| (key, s.origin))
}

pub(super) fn refuse<const N: usize>(
    profile: &Profile,
    keys: [Option<(&'static str, Origin)>; N],
    why: &str,
    help: &str,
) -> Vec<Problem> {
    let problem = |(key, origin)| {
        let problem = Problem::error(origin, format!("`{key}` makes no sense here: {why}"));
        // Nobody can remove a line from a profile that is inside the program.
        if profile.is_builtin(origin) {
            problem.help("this line is the built-in profile's: `sockplay profile list` shows others, `--config FILE` takes yours")
        } else {
            problem.help(help)
        }
    };
    keys.into_iter().flatten().map(problem).collect()
}

fn connection_keys_need_connections(profile: &Profile, chosen: &Chosen) -> Vec<Problem> {
    if chosen.triple.ty.has_connections() {
        return Vec::new();
    }
    let s = &profile.serve;
    let keys = [
        written_some("serve.backlog", s.backlog.as_ref()),
        written("serve.requests", &s.requests),
        written("serve.max_connections", &s.max_connections),
        written("serve.overload", &s.overload),
        written("serve.idle_timeout", &s.idle_timeout),
        written("serve.close", &s.close),
        written("serve.pause.before_accept", &s.pause.before_accept),
        written("serve.pause.before_close", &s.pause.before_close),
    ];
    let why = format!("{} sockets have no connections", chosen.triple);
    refuse(
        profile,
        keys,
        &why,
        "remove the key, or choose type = \"stream\" or \"seqpacket\"",
    )
}

fn framing_needs_a_stream(profile: &Profile, chosen: &Chosen) -> Vec<Problem> {
    // The header of sockperf is a part of its messages, wherever they end.
    let fits = matches!(
        profile.io.framing.value,
        FramingKey::None | FramingKey::Sockperf
    );
    if chosen.triple.ty == Type::Stream || fits {
        return Vec::new();
    }
    let why = format!(
        "{} sockets keep message boundaries by themselves",
        chosen.triple
    );
    refuse(
        profile,
        [written("io.framing", &profile.io.framing)],
        &why,
        "remove the key, or choose type = \"stream\"",
    )
}

/// Of a stream, one receive may give half a message, or three.
fn sockperf_needs_its_frames(profile: &Profile, chosen: &Chosen) -> Vec<Problem> {
    let framed = profile.io.framing.value == FramingKey::Sockperf;
    if chosen.triple.ty != Type::Stream || framed {
        return Vec::new();
    }
    let reply = &profile.serve.reply;
    if reply.value != ReplyKey::Sockperf {
        return Vec::new();
    }
    refuse(
        profile,
        [written("serve.reply", reply)],
        "only framing = \"sockperf\" finds such messages in a stream",
        "set io.framing = \"sockperf\"",
    )
}

fn message_keys_need_messages(profile: &Profile, chosen: &Chosen) -> Vec<Problem> {
    let s = &profile.serve;
    let mut problems = Vec::new();
    if !chosen.triple.ty.has_boundaries() {
        let why = "a stream has no messages that could be cut off";
        problems.extend(refuse(
            profile,
            [written("serve.truncated", &s.truncated)],
            why,
            "remove the key",
        ));
    }
    let guarded = !chosen.triple.ty.has_connections() && chosen.triple.family != Family::Unix;
    if !guarded {
        let why = format!(
            "{} sockets cannot be made to answer themselves",
            chosen.triple
        );
        problems.extend(refuse(
            profile,
            [written("serve.allow_loops", &s.allow_loops)],
            &why,
            "remove the key",
        ));
    }
    problems
}

fn unix_keys_need_unix(profile: &Profile, chosen: &Chosen) -> Vec<Problem> {
    let a = &profile.address;
    if chosen.triple.family != Family::Unix {
        let keys = [
            written_some("address.path", a.path.as_ref()),
            written("address.mode", &a.mode),
            written("address.unlink_stale", &a.unlink_stale),
        ];
        let why = format!(
            "{} addresses are host and port",
            chosen.triple.family.name()
        );
        return refuse(
            profile,
            keys,
            &why,
            "use `host` and `port`, or family = \"unix\"",
        );
    }
    if matches!(
        chosen.address.value,
        Address::Unix(crate::socket::UnixName::Abstract(_))
    ) {
        let keys = [
            written("address.mode", &a.mode),
            written("address.unlink_stale", &a.unlink_stale),
        ];
        return refuse(
            profile,
            keys,
            "an abstract name is no file: it has no mode and leaves nothing behind",
            "remove the key",
        );
    }
    Vec::new()
}

fn internet_keys_need_the_internet(profile: &Profile, chosen: &Chosen) -> Vec<Problem> {
    let (a, c) = (&profile.address, &profile.connect);
    if chosen.triple.family == Family::Unix {
        let keys = [
            written("address.host", &a.host),
            written("address.port", &a.port),
            written_some("connect.local_host", c.local_host.as_ref()),
            written("connect.local_port", &c.local_port),
        ];
        return refuse(
            profile,
            keys,
            "a unix address is a path or an @name",
            "use `path`, or family = \"ipv4\"",
        );
    }
    if !chosen.triple.has_ports() {
        let keys = [
            written("address.port", &a.port),
            written("connect.local_port", &c.local_port),
        ];
        return refuse(
            profile,
            keys,
            "raw sockets have no ports, only addresses (raw(7))",
            "remove the key",
        );
    }
    Vec::new()
}

fn host_is_of_the_family(profile: &Profile, chosen: &Chosen) -> Vec<Problem> {
    let family = chosen.triple.family;
    let hosts = [
        Some(&profile.address.host),
        profile.connect.local_host.as_ref(),
    ];
    let wrong = |host: &&Setting<String>| literal_family(&host.value).is_some_and(|f| f != family);
    if family == Family::Unix {
        return Vec::new();
    }
    hosts
        .into_iter()
        .flatten()
        .filter(|host| host.is_set())
        .filter(wrong)
        .map(|host| {
            let other = literal_family(&host.value).map_or("", Family::name);
            let (host_text, name) = (crate::escape::text(&host.value), family.name());
            Problem::error(
                host.origin,
                format!("{host_text} is an {other} address, but the socket's family is {name}"),
            )
            .help(format!("set socket.family = \"{other}\""))
        })
        .collect()
}

fn descriptor_excludes_an_address(profile: &Profile, _: &Chosen) -> Vec<Problem> {
    let Some(fd) = &profile.socket.fd else {
        return Vec::new();
    };
    // A descriptor given on the command line takes the place of the file's address, as an ADDRESS would.
    let contradicts = |key: &(&'static str, Origin)| !fd.origin.overrides(key.1);
    let keys = [
        written("address.host", &profile.address.host).filter(contradicts),
        written("address.port", &profile.address.port).filter(contradicts),
        written_some("address.path", profile.address.path.as_ref()).filter(contradicts),
        written_some("serve.backlog", profile.serve.backlog.as_ref()).filter(contradicts),
    ];
    refuse(
        profile,
        keys,
        "an inherited descriptor is already bound and listening",
        "remove the key, or `socket.fd`",
    )
}

fn icmp_is_answered_by_the_kernel(profile: &Profile, chosen: &Chosen) -> Vec<Problem> {
    let icmp = matches!(chosen.triple.protocol, Protocol::ICMP | Protocol::ICMPV6);
    if !icmp || chosen.role != Role::Serve {
        return Vec::new();
    }
    let message =
        "the kernel answers ICMP echo requests by itself; a second echo would answer every answer";
    vec![
        Problem::error(profile.socket.protocol.origin, message)
            .help("use this profile with `sockplay connect` or `sockplay probe`: the kernel is the server"),
    ]
}
