//! One row per key of a profile: its path, what it may hold, where it is kept, and one line of documentation.
//!
//! The rows drive reading, messages, suggestions, `profile show`, the documentation and the schema; a new key is a row
//! here, a field in [`settings`](super::settings) and its default. Kinds are explained in [`kind`](super::kind).

use std::time::Duration;

use super::choices::Scope;
use super::draft::{Draft, Slot};
use super::kind::Kind;
use super::words::{FramingWord, Word};

/// One key.
pub struct Key {
    /// Dotted: `serve.pause.before_read`.
    pub path: &'static str,
    /// What it may hold; its `Display` is the sentence that says so.
    pub kind: Kind,
    /// One line of documentation.
    pub doc: &'static str,
    slot: Option<Field>,
}

/// Where a key is kept.
struct Field {
    of: fn(&Draft) -> &dyn Slot,
    of_mut: fn(&mut Draft) -> &mut dyn Slot,
}

impl Key {
    /// The default as TOML; `None`: left out, nothing.
    pub fn default(&self) -> Option<String> {
        self.slot(&Draft::blank())?
            .write(&self.kind)
            .map(|(text, _)| text)
    }

    /// The table that it stands in, dotted, "" at the top, and its name there.
    pub fn split(&self) -> (&'static str, &'static str) {
        self.path.rsplit_once('.').unwrap_or(("", self.path))
    }

    pub(super) fn slot<'a>(&self, draft: &'a Draft) -> Option<&'a dyn Slot> {
        self.slot.as_ref().map(|field| (field.of)(draft))
    }

    pub(super) fn slot_mut<'a>(&self, draft: &'a mut Draft) -> Option<&'a mut dyn Slot> {
        self.slot.as_ref().map(|field| (field.of_mut)(draft))
    }
}

/// Every key, in the order of the documentation.
pub fn keys() -> &'static [Key] {
    KEYS
}

/// The key of that path.
pub(super) fn find(path: &str) -> Option<&'static Key> {
    KEYS.iter().find(|k| k.path == path)
}

/// Whether a path is a table that holds keys.
pub(super) fn is_table(path: &str) -> bool {
    KEYS.iter().any(|k| {
        k.path
            .strip_prefix(path)
            .is_some_and(|rest| rest.starts_with('.'))
    })
}

const fn key(path: &'static str, kind: Kind, doc: &'static str) -> Key {
    Key {
        path,
        kind,
        doc,
        slot: None,
    }
}

macro_rules! key {
    ($path:literal, $kind:expr, $($field:ident).+, $doc:literal) => {
        Key {
            slot: Some(Field { of: |d| &d.$($field).+, of_mut: |d| &mut d.$($field).+ }),
            ..key($path, $kind, $doc)
        }
    };
}

const INT_MAX: u64 = i32::MAX as u64;
const MIB: u64 = 1 << 20;
const BUFFER: Kind = Kind::Size(1, 16 * MIB);
const DAY: Duration = Duration::from_secs(24 * 3600);
const TIME: Kind = Kind::Time(Duration::from_millis(1), DAY);
const PAUSE: Kind = Kind::Time(Duration::ZERO, DAY);
const FAMILIES: &[&str] = &["ipv4", "ipv6", "unix"];
const TYPES: &[&str] = &["stream", "datagram", "seqpacket", "raw"];

const fn words<W: Word>() -> Kind {
    Kind::Words(W::NAMES)
}

#[rustfmt::skip]
static KEYS: &[Key] = &[
    key("$schema", Kind::Ignored, "for editors; nothing reads it"),
    key!("title", Kind::Text(0, 1000), profile.title, "what it is, on one line"),
    key!("summary", Kind::Text(0, 10_000), profile.summary, "what it shows"),
    key!("socket.family", Kind::Words(FAMILIES), profile.socket.family, "the first argument of socket(2): AF_INET, AF_INET6, AF_UNIX"),
    key!("socket.type", Kind::Words(TYPES), profile.socket.ty, "the second argument of socket(2): SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET, SOCK_RAW"),
    key!("socket.protocol", Kind::Protocol, profile.socket.protocol, "the third argument of socket(2); 0: family and type decide"),
    key!("socket.fd", Kind::Descriptor, profile.socket.fd, "a descriptor that somebody else opened, instead of socket(2)"),
    key!("address.host", Kind::Host, profile.address.host, "where to bind or connect; \"\" is every interface"),
    key!("address.port", Kind::Number(0, 65535), profile.address.port, "0: the kernel picks, and the port is reported"),
    key!("address.path", Kind::UnixPath, profile.address.path, "unix(7): a path, or @name in the abstract namespace"),
    key!("address.mode", Kind::Mode, profile.address.mode, "permissions of the path: who may connect"),
    key!("address.unlink_stale", Kind::Flag, profile.address.unlink_stale, "remove a path that nobody serves any more before bind(2)"),
    key("options", Kind::Options(Scope::Any), "set on whatever socket is opened, each at its own point"),
    key("raw_option", Kind::RawOptions, "what no table knows: level and name as numbers or symbols, and an int or bytes"),
    key!("io.buffer_size", BUFFER, profile.io.buffer_size, "the most that one recv(2) returns"),
    key!("io.framing", words::<FramingWord>(), framing, "where a message ends in a stream"),
    key!("io.delimiter", Kind::Text(1, 255), delimiter, "framing = \"delimiter\": what ends a message"),
    key!("io.prefix_bytes", Kind::Choice(&[1, 2, 4, 8]), prefix_bytes, "framing = \"length-prefix\": bytes of the length, in network order; 4 unless written"),
    key!("io.message_size", BUFFER, message_size, "framing = \"fixed\": bytes of a message"),
    key!("io.read_timeout", TIME, profile.io.read_timeout, "how long one receive waits; left out: for ever"),
    key!("serve.backlog", Kind::Number(0, 65535), profile.serve.backlog, "the argument of listen(2); left out: the smaller of 128 and SOMAXCONN"),
    key!("serve.engine", words::<super::EngineKey>(), profile.serve.engine, "how to wait for many clients"),
    key!("serve.workers", Kind::NumberOr(1, 1024, "cores"), profile.serve.workers, "threads of the engine"),
    key!("serve.requests", Kind::NumberOr(0, INT_MAX, "unlimited"), profile.serve.requests, "answers per connection, then close; 0: accept and close; unlimited: until the peer closes"),
    key!("serve.reply", words::<super::ReplyKey>(), profile.serve.reply, "what to answer: RFC 862, 863, 864; sockperf: as that program's server"),
    key!("serve.max_connections", Kind::Number(1, 1 << 20), profile.serve.max_connections, "connections at a time"),
    key!("serve.idle_timeout", TIME, profile.serve.idle_timeout, "a connection on which nothing moves is closed"),
    key!("serve.drain_timeout", PAUSE, profile.serve.drain_timeout, "at the end, how long connections may finish"),
    key!("serve.pause.before_accept", PAUSE, profile.serve.pause.before_accept, "before accept(2)"),
    key!("serve.pause.before_read", PAUSE, profile.serve.pause.before_read, "before the first receive of a connection"),
    key!("serve.pause.between_reads", PAUSE, profile.serve.pause.between_reads, "before each further receive"),
    key!("serve.pause.before_close", PAUSE, profile.serve.pause.before_close, "before close(2)"),
    key!("serve.close", words::<super::CloseKey>(), profile.serve.close, "fin: an orderly release; reset: SO_LINGER {1, 0}"),
    key!("serve.overload", words::<super::OverloadKey>(), profile.serve.overload, "at max_connections: wait in the backlog, or be accepted and reset"),
    key!("serve.allow_loops", Kind::Flag, profile.serve.allow_loops, "answer datagrams that may come from another echo server"),
    key!("serve.truncated", words::<super::TruncatedKey>(), profile.serve.truncated, "what to do with a datagram longer than the buffer"),
    key!("serve.memory_budget", Kind::Size(MIB, 1 << 40), profile.serve.memory_budget, "the most memory that connections may need together"),
    key!("serve.trigger", words::<super::TriggerKey>(), profile.serve.trigger, "engine = \"epoll\": level- or edge-triggered"),
    key!("serve.batch", Kind::Number(1, 1024), profile.serve.batch, "datagrams and raw: most messages per call of recvmmsg(2) and sendmmsg(2), under any engine; else, engine = \"epoll\": events per epoll_wait(2)"),
    key!("serve.spin", Kind::Time(Duration::from_micros(1), Duration::from_secs(1)), profile.serve.spin, "how long to ask again before going to sleep"),
    key!("serve.stack_size", Kind::Size(16 << 10, 1 << 30), profile.serve.stack_size, "engine = \"threads\": stack of each thread, from PTHREAD_STACK_MIN"),
    key!("serve.ring.entries", Kind::Number(1, 32768), profile.serve.ring_entries, "engine = \"uring\": entries of the submission queue; left out: 256"),
    key!("serve.ring.buffers", Kind::Number(1, 32768), profile.serve.ring_buffers, "engine = \"uring\": provided buffers of each size; left out: 32"),
    key("serve.options", Kind::Options(Scope::Serve), "only the server's socket"),
    key("accept.options", Kind::Options(Scope::Accept), "only accepted sockets, as phase = \"post-accept\""),
    key!("connect.local_host", Kind::Host, profile.connect.local_host, "bind(2) before connect(2)"),
    key!("connect.local_port", Kind::Number(0, 65535), profile.connect.local_port, "bind(2) before connect(2); 0: the kernel picks"),
    key!("connect.timeout", TIME, profile.connect.timeout, "how long connect(2) may take"),
    key!("connect.message", Kind::Text(0, MIB as usize), profile.connect.message, "sent instead of standard input"),
    key("connect.options", Kind::Options(Scope::Connect), "only the client's socket"),
    key!("probe.count", Kind::Number(1, 1_000_000_000), profile.probe.count, "measured messages, the warm-up not counted"),
    key!("probe.duration", TIME, profile.probe.duration, "measure for so long instead of `count` messages"),
    key!("probe.connections", Kind::Number(1, 65535), profile.probe.connections, "connections at a time; without connections: sockets"),
    key!("probe.size", BUFFER, profile.probe.size, "bytes of a message"),
    key!("probe.pipeline", Kind::Number(1, 1024), profile.probe.pipeline, "messages under way on each connection"),
    key!("probe.rate", Kind::Number(1, 10_000_000), profile.probe.rate, "messages per second over all connections, each timed from when it should have been sent; left out: as fast as the answers come"),
    key!("probe.warmup", Kind::Number(0, 1_000_000_000), profile.probe.warmup, "messages before the measured ones"),
    key!("probe.writes", Kind::Number(1, 65535), profile.probe.writes, "pieces that one message is written in"),
    key!("log.level", words::<super::LevelKey>(), profile.log.level, "the least important line that is written"),
    key!("log.format", words::<super::FormatKey>(), profile.log.format, "the article's line, or one JSON object per line"),
    key!("log.file", Kind::File, profile.log.file, "where the log goes instead of standard error"),
    key("expect", Kind::Expectations, "what `probe` must find, or exit 5: \"echo.rtt_ns.p99\" = \"< 2ms\""),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::socket::{Family, Type};

    #[test]
    fn paths_are_unique_and_every_key_is_documented() {
        for (n, key) in KEYS.iter().enumerate() {
            assert!(KEYS[..n].iter().all(|k| k.path != key.path), "{}", key.path);
            assert!(!key.doc.is_empty() && key.path.is_ascii(), "{}", key.path);
            assert!(!is_table(key.path), "{} is a key and a table", key.path);
        }
    }

    #[test]
    fn each_key_has_a_slot_of_its_own() {
        let draft = Draft::blank();
        let places: Vec<*const ()> = KEYS
            .iter()
            .filter_map(|k| k.slot(&draft))
            .map(|slot| std::ptr::from_ref(slot).cast())
            .collect();
        for (n, place) in places.iter().enumerate() {
            assert!(!places[..n].contains(place), "slot {n} is shared");
        }
    }

    #[test]
    fn defaults_are_what_their_own_kind_allows() {
        for (key, default) in KEYS.iter().filter_map(|k| Some((k, k.default()?))) {
            let text = format!("{} = {default}", key.path);
            assert!(super::super::parse("x", &text, &[]).is_ok(), "{text}");
        }
        assert_eq!(
            find("serve.idle_timeout").unwrap().default().unwrap(),
            "\"5m\""
        );
        assert_eq!(
            find("io.buffer_size").unwrap().default().unwrap(),
            "\"1KiB\""
        );
    }

    #[test]
    fn the_words_of_socket_are_the_vocabulary() {
        assert_eq!(FAMILIES, Family::ALL.map(Family::name));
        assert_eq!(TYPES, Type::ALL.map(Type::name));
    }
}
