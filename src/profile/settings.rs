//! A profile as plain data: every key of the file, typed, each with the place it came from.
//!
//! This is what the file *says*, not yet what makes sense: whether a backlog belongs to a datagram socket is decided by
//! the plan, which can point at the place because each [`Setting`] knows its [`Origin`].

use std::path::PathBuf;
use std::time::Duration;

use super::choices::{
    CloseKey, EngineKey, FormatKey, FramingKey, LevelKey, Need, OverloadKey, ReplyKey, RequestsKey,
    Scope, TriggerKey, TruncatedKey, WorkersKey,
};
use super::expect::Expectation;
use super::problem::{Invalid, Problem};
use super::report::line_number;
use crate::option::{Row, Value};
use crate::socket::{Family, Inherited, Phase, Protocol, Type, UnixName};

/// A value and where it came from.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting<T> {
    /// The value.
    pub value: T,
    /// Where it was written.
    pub origin: Origin,
}

/// Where a value came from; precedence rises from top to bottom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nobody wrote it.
    Default,
    /// In the text of a source (the file, or one `--set`): index into [`Profile::sources`] and byte range.
    At {
        /// Which source.
        source: usize,
        /// First byte of the value.
        start: usize,
        /// One past its last byte.
        end: usize,
    },
    /// A flag or the ADDRESS of the command line.
    Flag(&'static str),
}

impl Origin {
    /// Whether this place has precedence over the other: flags over every `--set`, those over the file, that over defaults.
    pub fn overrides(self, other: Origin) -> bool {
        match (self, other) {
            (Origin::At { source, .. }, Origin::At { source: before, .. }) => source > before,
            (Origin::Flag(_), Origin::Default | Origin::At { .. })
            | (Origin::At { .. }, Origin::Default) => true,
            (Origin::Default, _) | (_, Origin::Flag(_)) => false,
        }
    }
}

impl<T> Setting<T> {
    /// A value that nobody wrote.
    pub const fn default(value: T) -> Setting<T> {
        Setting {
            value,
            origin: Origin::Default,
        }
    }

    /// A value from a flag or the ADDRESS.
    pub const fn flag(value: T, flag: &'static str) -> Setting<T> {
        Setting {
            value,
            origin: Origin::Flag(flag),
        }
    }

    /// Whether somebody wrote it.
    pub fn is_set(&self) -> bool {
        self.origin != Origin::Default
    }
}

/// A text that values come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// `configs/tcp4.toml`, `built-in tcp4`, `--set`.
    pub name: String,
    /// The whole text.
    pub text: String,
}

impl Source {
    /// The name of a `--set` text; other flags are sources under their own names.
    pub const SET: &str = "--set";
    /// How the name of an embedded profile begins.
    pub const BUILTIN: &str = "built-in ";
}

/// The whole profile.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    /// How it is called: the built-in's name, the path, or `-`.
    pub name: String,
    /// The file first, then each `--set`.
    pub sources: Vec<Source>,
    /// Metadata.
    pub title: Option<Setting<String>>,
    /// Metadata.
    pub summary: Option<Setting<String>>,
    /// `[socket]`
    pub socket: SocketKeys,
    /// `[address]`
    pub address: AddressKeys,
    /// `[options]`, `[serve.options]`, `[accept.options]`, `[connect.options]`, in the order of the text.
    pub options: Vec<OptionKey>,
    /// `[[raw_option]]`
    pub raw_options: Vec<RawOption>,
    /// `[io]`
    pub io: IoKeys,
    /// `[serve]`
    pub serve: ServeKeys,
    /// `[connect]`
    pub connect: ConnectKeys,
    /// `[probe]`
    pub probe: ProbeKeys,
    /// `[log]`
    pub log: LogKeys,
    /// `[expect]`
    pub expect: Vec<Setting<Expectation>>,
}

impl Profile {
    /// Where a value came from, for people: `default`, `configs/tcp4.toml:12`, `--set`, `--engine`. Not escaped.
    pub fn place(&self, origin: Origin) -> String {
        match origin {
            Origin::Default => "default".into(),
            Origin::Flag(flag) => flag.into(),
            Origin::At { source, start, .. } => match self.sources.get(source) {
                Some(flag) if flag.name.starts_with("--") => flag.name.clone(),
                Some(file) => format!("{}:{}", file.name, line_number(&file.text, start)),
                None => "default".into(),
            },
        }
    }

    /// Whether a value stands in a profile that is embedded in the program.
    pub fn is_builtin(&self, origin: Origin) -> bool {
        match origin {
            Origin::At { source, .. } => self
                .sources
                .get(source)
                .is_some_and(|s| s.name.starts_with(Source::BUILTIN)),
            Origin::Default | Origin::Flag(_) => false,
        }
    }

    /// Problems that somebody else found in this profile, with the texts that they point into.
    pub fn invalid(&self, problems: Vec<Problem>) -> Invalid {
        Invalid {
            sources: self.sources.clone(),
            problems,
            left_off: 0,
        }
    }
}

/// `[socket]`
#[derive(Clone, Debug, PartialEq)]
pub struct SocketKeys {
    /// `family`
    pub family: Setting<Family>,
    /// `type`
    pub ty: Setting<Type>,
    /// `protocol`
    pub protocol: Setting<Protocol>,
    /// `fd`
    pub fd: Option<Setting<Inherited>>,
}

/// `[address]`
#[derive(Clone, Debug, PartialEq)]
pub struct AddressKeys {
    /// `host`; the default is the family's loopback: 127.0.0.1 or ::1.
    pub host: Setting<String>,
    /// `port`, 35555 unless written.
    pub port: Setting<u16>,
    /// `path`
    pub path: Option<Setting<UnixName>>,
    /// `mode` of the unix path, 0o600 unless written (`"0660"` as text, or 0o660).
    pub mode: Setting<u32>,
    /// `unlink_stale`
    pub unlink_stale: Setting<bool>,
}

/// One line of an options table.
#[derive(Clone, Debug)]
pub struct OptionKey {
    /// The registry's row.
    pub row: &'static Row,
    /// The value, checked against the row (`row.encode` accepts it).
    pub value: Setting<Value>,
    /// `phase`, where written.
    pub phase: Option<Setting<Phase>>,
    /// `optional`
    pub need: Need,
    /// The table it stands in.
    pub scope: Scope,
    /// Where the name stands, for carets.
    pub name_at: Origin,
}

/// One `[[raw_option]]`.
#[derive(Clone, Debug, PartialEq)]
pub struct RawOption {
    /// `level`: number or symbol; the symbol is kept for display.
    pub level: Setting<(i32, String)>,
    /// `name`: number or symbol.
    pub number: Setting<(i32, String)>,
    /// `value` (a C int) or `bytes` (hexadecimal).
    pub bytes: Setting<Vec<u8>>,
    /// `phase`, post-socket unless written.
    pub phase: Setting<Phase>,
    /// `optional`
    pub need: Need,
}

/// `[io]`
#[derive(Clone, Debug, PartialEq)]
pub struct IoKeys {
    /// 1 B to 16 MiB
    pub buffer_size: Setting<usize>,
    /// `framing`, `delimiter`, `prefix_bytes`, `message_size`
    pub framing: Setting<FramingKey>,
    /// Where `delimiter`, `prefix_bytes` or `message_size` was written.
    pub companion: Origin,
    /// `read_timeout`
    pub read_timeout: Option<Setting<Duration>>,
}

/// `pause = { … }`
#[derive(Clone, Debug, PartialEq)]
pub struct PauseKeys {
    /// Before accept(2).
    pub before_accept: Setting<Duration>,
    /// Before the first receive of a connection.
    pub before_read: Setting<Duration>,
    /// Before each further receive.
    pub between_reads: Setting<Duration>,
    /// Before close(2).
    pub before_close: Setting<Duration>,
}

/// `[serve]`
#[derive(Clone, Debug, PartialEq)]
pub struct ServeKeys {
    /// `backlog`; `None`: left out, min(SOMAXCONN, 128).
    pub backlog: Option<Setting<u32>>,
    /// `engine`
    pub engine: Setting<EngineKey>,
    /// `workers`
    pub workers: Setting<WorkersKey>,
    /// `requests`
    pub requests: Setting<RequestsKey>,
    /// `reply`
    pub reply: Setting<ReplyKey>,
    /// `max_connections`
    pub max_connections: Setting<u32>,
    /// `idle_timeout`
    pub idle_timeout: Setting<Duration>,
    /// `drain_timeout`, 5 s
    pub drain_timeout: Setting<Duration>,
    /// `pause`
    pub pause: PauseKeys,
    /// `close`
    pub close: Setting<CloseKey>,
    /// `overload`
    pub overload: Setting<OverloadKey>,
    /// `allow_loops`
    pub allow_loops: Setting<bool>,
    /// `truncated`
    pub truncated: Setting<TruncatedKey>,
    /// `memory_budget`, 512 MiB
    pub memory_budget: Setting<usize>,
    /// `trigger`
    pub trigger: Option<Setting<TriggerKey>>,
    /// `batch`
    pub batch: Option<Setting<u32>>,
    /// `spin`
    pub spin: Option<Setting<Duration>>,
    /// `stack_size`
    pub stack_size: Option<Setting<usize>>,
    /// `[serve.ring] entries`
    pub ring_entries: Option<Setting<u32>>,
    /// `[serve.ring] buffers`
    pub ring_buffers: Option<Setting<u32>>,
}

/// `[connect]`
#[derive(Clone, Debug, PartialEq)]
pub struct ConnectKeys {
    /// `local_host`
    pub local_host: Option<Setting<String>>,
    /// `local_port`
    pub local_port: Setting<u16>,
    /// `timeout`, 5 s
    pub timeout: Setting<Duration>,
    /// `message`
    pub message: Option<Setting<String>>,
}

/// `[probe]`
#[derive(Clone, Debug, PartialEq)]
pub struct ProbeKeys {
    /// `count`
    pub count: Setting<u64>,
    /// `duration`; `None`: as long as `count` takes.
    pub duration: Option<Setting<Duration>>,
    /// `connections`
    pub connections: Setting<u32>,
    /// `size`
    pub size: Setting<usize>,
    /// `pipeline`
    pub pipeline: Setting<u32>,
    /// `rate`; `None`: as fast as the answers come.
    pub rate: Option<Setting<u64>>,
    /// `warmup`
    pub warmup: Setting<u64>,
    /// `writes`
    pub writes: Setting<u32>,
}

/// `[log]`
#[derive(Clone, Debug, PartialEq)]
pub struct LogKeys {
    /// `level`
    pub level: Setting<LevelKey>,
    /// `format`
    pub format: Setting<FormatKey>,
    /// `file`
    pub file: Option<Setting<PathBuf>>,
}
