//! An experiment as read: what its file says, checked, with nothing resolved that only a run can know.

use std::time::Duration;

use super::verbs::Verb;
use super::wanted::Wanted;
use crate::lab::report::Listed;
use crate::option::{Row, Value};
use crate::socket::{Family, Protocol, Type};

/// Which of the three lists an experiment belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// What the article says, in its order.
    Tutorial,
    /// What surprises.
    Weird,
    /// What helps.
    Useful,
}

impl Group {
    /// In the order of the list.
    pub const ALL: [Group; 3] = [Group::Tutorial, Group::Weird, Group::Useful];

    /// As a file says it.
    pub const fn name(self) -> &'static str {
        match self {
            Group::Tutorial => "tutorial",
            Group::Weird => "weird",
            Group::Useful => "useful",
        }
    }
}

/// Whether the kernel does what the claim says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Agrees {
    /// It does.
    Yes,
    /// It does something else.
    No,
    /// It does, with a difference that matters.
    NotQuite,
}

impl Agrees {
    /// Every answer.
    pub const ALL: [Agrees; 3] = [Agrees::Yes, Agrees::No, Agrees::NotQuite];

    /// As a file and the JSON say it.
    pub const fn name(self) -> &'static str {
        match self {
            Agrees::Yes => "yes",
            Agrees::No => "no",
            Agrees::NotQuite => "not quite",
        }
    }
}

/// Where an experiment's packets go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    /// Into a network namespace of its own.
    Own,
    /// Into the one that everybody uses.
    Shared,
}

/// One experiment.
#[derive(Clone, Debug)]
pub struct Experiment {
    /// What `sockplay lab` takes.
    pub name: String,
    /// The statement that holds, on one line.
    pub title: String,
    /// Its list.
    pub group: Group,
    /// What is said, where somebody says it.
    pub claim: Option<String>,
    /// What it finds out.
    pub question: String,
    /// Whether the claim holds; there iff there is a claim.
    pub agrees: Option<Agrees>,
    /// What the machine must have: capabilities, `namespace`, `ipv6`, `mptcp`, names of options.
    pub needs: Vec<String>,
    /// Actors that are processes of their own.
    pub processes: Vec<String>,
    /// The columns of its ladder.
    pub actors: Vec<String>,
    /// Where its packets go.
    pub network: Network,
    /// What happens.
    pub steps: Vec<Step>,
    /// What this kernel did, with `$saved` values.
    pub answer: String,
    /// Why.
    pub explanation: String,
    /// What to try then.
    pub next: Option<String>,
}

impl From<&Experiment> for Listed {
    fn from(experiment: &Experiment) -> Listed {
        Listed {
            name: experiment.name.clone(),
            group: experiment.group.name().to_owned(),
            title: experiment.title.clone(),
            claim: experiment.claim.clone(),
            question: experiment.question.clone(),
            needs: experiment.needs.clone(),
        }
    }
}

/// One step.
#[derive(Clone, Debug)]
pub struct Step {
    /// Who. Of a note: nobody.
    pub actor: String,
    /// What.
    pub verb: Verb,
    /// The keys and what they hold.
    pub keys: Vec<(&'static str, Held)>,
    /// The step as it stands in the file.
    pub text: String,
}

/// What a key of a step holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Held {
    /// A name, or text with `$saved` values in it.
    Text(String),
    /// Several.
    Texts(Vec<String>),
    /// A number.
    Number(i64),
    /// A time.
    Time(Duration),
    /// The first argument of socket(2).
    Family(Family),
    /// The second.
    Type(Type),
    /// The third.
    Protocol(Protocol),
    /// An option.
    Option(OptionRow),
    /// An option's value.
    Value(Value),
    /// Options and values.
    Ancillary(Vec<(OptionRow, Value)>),
    /// A set of bits of poll(2) or of send(2) and recv(2).
    Bits(i32),
    /// A relation.
    Wanted(Wanted),
    /// Relations of fields.
    Fields(Vec<(String, Wanted)>),
}

/// A row of the registry, compared by its unique name.
#[derive(Clone, Copy, Debug)]
pub struct OptionRow(pub &'static Row);

impl PartialEq for OptionRow {
    fn eq(&self, other: &OptionRow) -> bool {
        self.0.name == other.0.name
    }
}

impl Step {
    /// What a key holds.
    pub fn get(&self, key: &str) -> Option<&Held> {
        self.keys.iter().find(|(k, _)| *k == key).map(|(_, h)| h)
    }

    /// Text or a name.
    pub fn text(&self, key: &str) -> Option<&str> {
        match self.get(key) {
            Some(Held::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// Several texts.
    pub fn texts(&self, key: &str) -> &[String] {
        match self.get(key) {
            Some(Held::Texts(texts)) => texts,
            _ => &[],
        }
    }

    /// A time.
    pub fn time(&self, key: &str) -> Option<Duration> {
        match self.get(key) {
            Some(Held::Time(time)) => Some(*time),
            _ => None,
        }
    }

    /// Bits; 0 where there are none.
    pub fn bits(&self, key: &str) -> i32 {
        match self.get(key) {
            Some(Held::Bits(bits)) => *bits,
            _ => 0,
        }
    }

    /// A relation.
    pub fn wanted(&self, key: &str) -> Option<&Wanted> {
        match self.get(key) {
            Some(Held::Wanted(wanted)) => Some(wanted),
            _ => None,
        }
    }

    /// An option.
    pub fn option(&self) -> Option<&'static Row> {
        match self.get("option") {
            Some(Held::Option(row)) => Some(row.0),
            _ => None,
        }
    }
}
