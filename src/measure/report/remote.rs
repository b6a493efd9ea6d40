//! What a server that is not ours does, as far as a client can see.

use std::time::Duration;

/// Everything that was found out about a server.
#[derive(Clone, Debug, Default)]
pub struct Remote {
    /// What its name stands for.
    pub resolution: Resolution,
    /// Each address that was tried, in order; the last one is the one that was used, if it answered.
    pub attempts: Vec<Attempt>,
    /// One sentence per topic, in the order of [`Topic`].
    pub findings: Vec<Finding>,
}

impl Remote {
    /// What was found on a topic.
    pub fn finding(&self, topic: Topic) -> Option<&Finding> {
        self.findings.iter().find(|f| f.topic == topic)
    }
}

/// getaddrinfo(3): what a name stands for.
#[derive(Clone, Debug, Default)]
pub struct Resolution {
    /// As it was given.
    pub name: String,
    /// How long the resolver took; `None`: a number or a path needs none.
    pub took: Option<Duration>,
    /// All its answers, in its order.
    pub answers: Vec<Answer>,
}

/// One address of a name.
#[derive(Clone, Debug)]
pub struct Answer {
    /// `127.0.0.1:35555`
    pub address: String,
    /// Whether this one was used.
    pub used: bool,
    /// Why it was not even tried: another family than the one asked for.
    pub passed_over: Option<String>,
}

/// One connect(2).
#[derive(Clone, Debug)]
pub struct Attempt {
    /// `127.0.0.1:35555`
    pub address: String,
    /// How long it took.
    pub took: Duration,
    /// Why it failed, if it did.
    pub refused: Option<Refusal>,
}

/// An errno, explained.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// `ECONNREFUSED`
    pub errno: String,
    /// `connection refused: nobody listens on that port`
    pub says: String,
}

/// What a finding is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Topic {
    /// Whether the server speaks first.
    Greeting,
    /// Whether it sends back what it gets.
    Echo,
    /// How many requests a connection is good for.
    Requests,
    /// Whether two messages come back glued, or one in pieces.
    Boundaries,
    /// The largest message that comes back whole.
    Largest,
    /// What it does with a client that has said all.
    HalfClose,
    /// How it closes: FIN, RST, never.
    Close,
    /// The path's MTU and the MSS.
    Path,
    /// The TTL or hop limit of its packets.
    Ttl,
}

impl Topic {
    /// The key in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Topic::Greeting => "greeting",
            Topic::Echo => "echo",
            Topic::Requests => "requests",
            Topic::Boundaries => "boundaries",
            Topic::Largest => "largest",
            Topic::HalfClose => "half_close",
            Topic::Close => "close",
            Topic::Path => "path",
            Topic::Ttl => "ttl",
        }
    }
}

/// One thing that was found out.
#[derive(Clone, Debug)]
pub struct Finding {
    /// About what.
    pub topic: Topic,
    /// In a word that programs can rely on: `echoes`, `one-request`, `fin`, `rst`, `silent`.
    pub outcome: &'static str,
    /// In a sentence, escaped.
    pub says: String,
    /// The number in it, in the topic's unit (bytes, requests, hops).
    pub value: Option<u64>,
}
