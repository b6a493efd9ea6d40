//! What holds when nobody writes anything: the article's server.

use std::time::Duration;

use super::choices::{
    CloseKey, EngineKey, FormatKey, FramingKey, LevelKey, OverloadKey, ReplyKey, RequestsKey,
    TruncatedKey, WorkersKey,
};
use super::settings::{
    AddressKeys, ConnectKeys, IoKeys, LogKeys, Origin, PauseKeys, ProbeKeys, Profile, ServeKeys,
    Setting, SocketKeys,
};
use crate::socket::{Family, Protocol, Type};

impl Profile {
    /// All defaults and no option.
    pub(super) fn blank() -> Profile {
        Profile {
            name: String::new(),
            sources: Vec::new(),
            title: None,
            summary: None,
            socket: SocketKeys {
                family: Setting::default(Family::Ipv4),
                ty: Setting::default(Type::Stream),
                protocol: Setting::default(Protocol::DEFAULT),
                fd: None,
            },
            address: AddressKeys {
                host: Setting::default(loopback(Family::Ipv4).to_owned()),
                port: Setting::default(35555),
                path: None,
                mode: Setting::default(0o600),
                unlink_stale: Setting::default(false),
            },
            options: Vec::new(),
            raw_options: Vec::new(),
            io: IoKeys {
                buffer_size: Setting::default(1024),
                framing: Setting::default(FramingKey::None),
                companion: Origin::Default,
                read_timeout: None,
            },
            serve: serve(),
            connect: ConnectKeys {
                local_host: None,
                local_port: Setting::default(0),
                timeout: Setting::default(Duration::from_secs(5)),
                message: None,
            },
            probe: ProbeKeys {
                count: Setting::default(1000),
                duration: None,
                connections: Setting::default(1),
                size: Setting::default(64),
                pipeline: Setting::default(1),
                rate: None,
                warmup: Setting::default(0),
                writes: Setting::default(1),
            },
            log: LogKeys {
                level: Setting::default(LevelKey::Info),
                format: Setting::default(FormatKey::Article),
                file: None,
            },
            expect: Vec::new(),
        }
    }
}

/// The host that is meant when none is written: nothing is opened to the network by accident.
pub(super) const fn loopback(family: Family) -> &'static str {
    match family {
        Family::Ipv4 | Family::Unix => "127.0.0.1",
        Family::Ipv6 => "::1",
    }
}

fn serve() -> ServeKeys {
    ServeKeys {
        backlog: None,
        engine: Setting::default(EngineKey::Sequential),
        workers: Setting::default(WorkersKey::Count(1)),
        requests: Setting::default(RequestsKey::Count(1)),
        reply: Setting::default(ReplyKey::Echo),
        max_connections: Setting::default(1024),
        idle_timeout: Setting::default(Duration::from_secs(300)),
        drain_timeout: Setting::default(Duration::from_secs(5)),
        pause: PauseKeys {
            before_accept: Setting::default(Duration::ZERO),
            before_read: Setting::default(Duration::ZERO),
            between_reads: Setting::default(Duration::ZERO),
            before_close: Setting::default(Duration::ZERO),
        },
        close: Setting::default(CloseKey::Fin),
        overload: Setting::default(OverloadKey::Wait),
        allow_loops: Setting::default(false),
        truncated: Setting::default(TruncatedKey::Drop),
        memory_budget: Setting::default(512 << 20),
        trigger: None,
        batch: None,
        spin: None,
        stack_size: None,
        ring_entries: None,
        ring_buffers: None,
    }
}
