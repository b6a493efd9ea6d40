//! A report for programs: `sockplay.probe`, and its JSON Schema from the same types.
//!
//! The structs are the contract: a key is a field, its documentation the schema's description, its unit a part of its
//! name. They mirror [`Report`] and add nothing but what can be counted. Keys are only ever added. `sockets` has what the
//! kernel says of each socket, `echo` the load, `remote` a server of others, `comparison` several runs and expectations.

mod comparison;
mod echo;
mod remote;
mod sockets;

use std::time::Duration;

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::Serialize;
use serde_json::Value as Json;

use crate::measure::{self, Report};
use comparison::{Comparison, Expectation};
use echo::{Echo, Load};
use remote::Remote;
use sockets::{Backlog, Buffers, Held, Opened, Requested, Tcp};

/// The report as one JSON object.
pub fn json(report: &Report) -> Json {
    serde_json::to_value(Probe::of(report)).expect("the keys are text and the values plain")
}

/// The JSON Schema (draft 2020-12) of [`json`].
pub fn schema() -> Json {
    let generator = SchemaSettings::draft2020_12()
        .for_serialize()
        .into_generator();
    generator.into_root_schema_for::<Probe>().to_value()
}

/// What `sockplay probe --json` prints: what the kernel made of each profile's values, and what came of the load.
#[derive(Serialize, JsonSchema)]
#[schemars(title = "sockplay probe --json")]
struct Probe<'a> {
    /// Always the same.
    #[schemars(extend("const" = "sockplay.probe"))]
    schema: &'static str,
    /// Changes only when a key goes or changes its meaning.
    #[schemars(extend("const" = 1))]
    version: u32,
    /// One per profile, in the order of the command line.
    runs: Vec<Run<'a>>,
    /// What the runs differ in; null with a single run.
    comparison: Option<Comparison<'a>>,
    /// What was expected, and whether it came.
    expectations: Vec<Expectation<'a>>,
}

impl<'a> Probe<'a> {
    fn of(report: &'a Report) -> Probe<'a> {
        Probe {
            schema: "sockplay.probe",
            version: 1,
            runs: report.runs.iter().map(Run::of).collect(),
            comparison: report
                .comparison
                .as_ref()
                .map(|c| Comparison::of(c, &report.runs)),
            expectations: report.expectations.iter().map(Expectation::of).collect(),
        }
    }
}

/// One probe of one profile.
#[derive(Serialize, JsonSchema)]
struct Run<'a> {
    /// The profile's name.
    profile: &'a str,
    /// What this run is called beside others.
    label: &'a str,
    /// What was opened.
    socket: Opened<'a>,
    /// How the server waits; null if it is not ours.
    engine: Option<&'a str>,
    /// Where the server listens; null if it is not ours.
    listener: Option<&'a str>,
    /// The backlog; null without a listener of ours.
    backlog: Option<Backlog>,
    /// The client's end.
    local: &'a str,
    /// The server's end.
    peer: &'a str,
    /// One per requested option.
    options: Vec<Requested<'a>>,
    /// What each socket holds of the requested options.
    sockets: Held,
    /// The buffers of each socket.
    buffers: Vec<Buffers<'a>>,
    /// TCP_INFO of the client's socket after the load; null where there is none.
    tcp: Option<Tcp<'a>>,
    /// What a server that is not ours does; null for one that is.
    remote: Option<Remote<'a>>,
    /// Time spent in the first connect(2).
    connect_ns: Option<u64>,
    /// What was sent.
    load: Load<'a>,
    /// What came back; null if nothing was sent.
    echo: Option<Echo<'a>>,
    /// Other things to know, a sentence each.
    notes: &'a [String],
}

impl<'a> Run<'a> {
    fn of(run: &'a measure::Run) -> Run<'a> {
        Run {
            profile: &run.profile,
            label: &run.label,
            socket: Opened::of(run),
            engine: run.engine,
            listener: run.listener.as_deref(),
            backlog: run.backlog.map(Backlog::of),
            local: &run.local,
            peer: &run.peer,
            options: run.options.iter().map(Requested::of).collect(),
            sockets: Held::of(&run.options),
            buffers: run.buffers.iter().map(Buffers::of).collect(),
            tcp: run.tcp.as_ref().map(Tcp::of),
            remote: run.remote.as_ref().map(Remote::of),
            connect_ns: (!run.connect.is_zero()).then(|| nanos(run.connect)),
            load: Load::of(&run.load),
            echo: run.echo.as_ref().map(Echo::of),
            notes: &run.notes,
        }
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// The schema of text that is one of a few words.
fn one_of(words: &[&str]) -> schemars::Schema {
    schemars::json_schema!({"type": "string", "enum": words})
}

#[cfg(test)]
mod tests {
    use super::super::tests::sample;
    use super::*;

    /// Every object of the schema says which keys it has, and every key what it means.
    #[test]
    fn every_key_is_required_and_documented() {
        fn walk(schema: &Json, at: &str, seen: &mut usize) {
            if let Some(properties) = schema["properties"].as_object() {
                let required: Vec<_> = schema["required"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .collect();
                for (key, of) in properties {
                    *seen += 1;
                    assert!(of["description"].is_string(), "{at}.{key} is not explained");
                    assert!(
                        required.iter().any(|r| *r == key),
                        "{at}.{key} may be left out"
                    );
                }
            }
            for (name, of) in schema["$defs"].as_object().into_iter().flatten() {
                walk(of, name, seen);
            }
        }
        let mut seen = 0;
        walk(&schema(), "", &mut seen);
        assert!(seen > 100, "{seen} keys");
    }

    #[test]
    fn the_keys_that_others_rely_on_stand_where_they_stood() {
        let report = json(&sample::compared());
        let run = &report["runs"][0];
        for pointer in [
            "/profile",
            "/socket/family",
            "/socket/type",
            "/socket/protocol",
            "/listener",
            "/backlog/asked",
            "/backlog/effective",
            "/local",
            "/peer",
            "/options/0/name",
            "/options/0/level",
            "/options/0/set_on",
            "/options/0/phase",
            "/options/0/requested",
            "/options/0/default",
            "/options/0/effective",
            "/options/0/verdict",
            "/options/0/why",
            "/sockets/listener/SO_RCVBUF",
            "/sockets/accepted/SO_RCVBUF",
            "/sockets/client/SO_RCVBUF",
            "/connect_ns",
            "/echo/sent",
            "/echo/rtt_ns/p999",
            "/echo/messages_per_s",
            "/echo/elapsed_ns",
            "/echo/outcome",
            "/echo/ended",
            "/notes",
        ] {
            assert!(run.pointer(pointer).is_some(), "{pointer} is gone");
        }
        assert_eq!(report["comparison"]["versus"][0]["difference"], "longer");
        assert_eq!(run["sockets"]["accepted"]["SO_RCVBUF"], 131_072);
    }

    #[test]
    fn a_number_is_in_the_unit_of_its_key() {
        let report = json(&sample::compared());
        let run = &report["runs"][0];
        assert_eq!(run["connect_ns"], 45_100);
        assert_eq!(run["tcp"]["rtt_ns"], 31_000);
        assert_eq!(run["echo"]["connect_ns"]["max"], 91_000);
        assert_eq!(
            run["echo"]["slices"]["mean_ns"].as_array().unwrap().len(),
            32
        );
        assert_eq!(report["comparison"]["versus"][0]["interval"][1], 1110.0);
    }
}
