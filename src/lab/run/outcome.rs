//! What came of a step: plain data, so that an actor in another process can tell it.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::lab::file::wanted::time;
use crate::socket::{SocketName, UnixName};

/// What came of one step.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Outcome {
    /// What the call returned: bytes for input and output, a count, 0; −1 when it failed.
    pub(super) result: i64,
    /// The errno's name, when it failed; UnicodeDecodeError and its kin of helpers.
    pub(super) errno: Option<String>,
    /// The address that the step is about: where a socket is bound, who was accepted.
    pub(super) name: Option<String>,
    /// Who sent what was received.
    pub(super) from: Option<String>,
    /// What was received.
    pub(super) data: Option<Vec<u8>>,
    /// The flags that recvmsg(2) gives back.
    pub(super) msg_flags: Option<String>,
    /// Control messages by name.
    pub(super) ancillary: Vec<(String, Json)>,
    /// Descriptors that came along.
    pub(super) passed: Option<i64>,
    /// What poll(2) found.
    pub(super) revents: Option<String>,
    /// The value of an option, a state, a sysctl.
    pub(super) value: Option<Json>,
    /// The same as the constant's name, where it is one: `SOCK_DGRAM`.
    pub(super) named: Option<String>,
    /// Parts of the result that have a name.
    pub(super) parts: Vec<(String, String)>,
    /// What the ladder shows beside the calls.
    pub(super) aside: Option<String>,
    /// The signal that killed the actor's process.
    pub(super) killed: Option<String>,
    /// Why the step could not be tried: a mistake in the file that only shows in a run.
    pub(super) trouble: Option<String>,
    /// How long it took.
    pub(super) elapsed_ns: u64,
}

impl Outcome {
    /// It returned this.
    pub(super) fn of(result: i64) -> Outcome {
        Outcome {
            result,
            ..Outcome::default()
        }
    }

    /// It returned so many bytes, or so much of anything.
    pub(super) fn count(n: usize) -> Outcome {
        Outcome::of(i64::try_from(n).unwrap_or(i64::MAX))
    }

    /// It failed.
    pub(super) fn failed(errno: impl Into<String>) -> Outcome {
        Outcome {
            result: -1,
            errno: Some(errno.into()),
            ..Outcome::default()
        }
    }

    /// It is about this address.
    pub(super) fn at(name: &SocketName) -> Outcome {
        Outcome {
            name: Some(written(name)),
            ..Outcome::default()
        }
    }

    /// It read this value.
    pub(super) fn value(value: Json) -> Outcome {
        Outcome {
            result: value.as_i64().unwrap_or_default(),
            value: Some(value),
            ..Outcome::default()
        }
    }

    /// The ladder shows this beside the calls.
    pub(super) fn aside(self, text: impl Into<String>) -> Outcome {
        Outcome {
            aside: Some(text.into()),
            ..self
        }
    }

    /// In one word, as a saved value: the errno, the value, the address, the number.
    pub(super) fn told(&self) -> String {
        if let Some(errno) = &self.errno {
            return errno.clone();
        }
        match (&self.value, &self.name) {
            (Some(value), _) => plain(value),
            (None, Some(name)) => name.clone(),
            (None, None) => self.result.to_string(),
        }
    }

    /// Everything that has a name of its own.
    pub(super) fn parts(&self) -> Vec<(String, String)> {
        let mut parts = self.parts.clone();
        let fields = |json: &Json| -> Vec<(String, String)> {
            let object = json.as_object().into_iter().flatten();
            object.map(|(k, v)| (k.clone(), plain(v))).collect()
        };
        parts.extend(self.value.iter().flat_map(fields));
        for (name, value) in &self.ancillary {
            parts.push((name.clone(), plain(value)));
            parts.extend(fields(value));
        }
        // As the manual writes the fields of struct tcp_info.
        let known = parts.iter().any(|(key, _)| key == "rcv_wscale");
        if known {
            let long = |(k, v): &(String, String)| (format!("tcpi_{k}"), v.clone());
            let with_prefix: Vec<_> = parts.iter().map(long).collect();
            parts.extend(with_prefix);
        }
        if let Some(name) = &self.name
            && let Some((host, port)) = name.rsplit_once(':')
        {
            parts.push(("host".into(), host.trim_matches(['[', ']']).to_owned()));
            parts.push(("port".into(), port.to_owned()));
        }
        parts
    }
}

/// A struct timeval as a time.
pub(super) fn nanoseconds(value: &Json) -> Option<u64> {
    let part = |key| value.get(key)?.as_u64();
    Some(part("tv_sec")? * 1_000_000_000 + part("tv_usec")? * 1_000)
}

/// An address as a step writes it; one that has no name is empty.
pub(super) fn written(name: &SocketName) -> String {
    match name {
        SocketName::Unix(UnixName::Unnamed) => String::new(),
        named => named.to_string(),
    }
}

/// A value of JSON as text stands for it: without quotes.
pub(super) fn plain(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        Json::Object(_) if nanoseconds(value).is_some() => {
            time(nanoseconds(value).unwrap_or_default())
        }
        other => other.to_string(),
    }
}
