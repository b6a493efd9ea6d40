//! `sockplay probe`: whom to examine, how much to send, what to compare, and where the results go.
//!
//! A flag that stands for a key of `[probe]` takes what that key takes, in the same words; it is laid over the profile
//! as `--set` is.

use std::path::PathBuf;

use clap::Args;

use super::Common;
use crate::profile::{self, Expectation, Overlay};

/// `sockplay probe`
#[derive(Debug, Args)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is a flag of the command line, there or not"
)]
pub struct Probe {
    /// Whom to examine; without it both ends of the profile are opened in this process
    #[arg(value_name = "ADDRESS")]
    pub address: Option<String>,
    /// Profile: a name (`sockplay profile list`), a path, or - for standard input; several are compared
    #[arg(short, long, value_name = "NAME|PATH|-")]
    pub config: Vec<String>,
    /// Compare one profile under several values of a key: serve.engine=threads,epoll,uring; may be repeated
    #[arg(long, value_name = "KEY=A,B…", value_parser = Vary::parse)]
    pub vary: Vec<Vary>,
    /// How much to send, and how.
    #[command(flatten)]
    pub load: Load,
    /// Fail (exit 5) unless this holds, e.g. 'echo.rtt_ns.p99 < 2ms'; may be repeated
    #[arg(long, value_name = "PATH<BOUND", value_parser = Expectation::parse, help_heading = "Results")]
    pub expect: Vec<Expectation>,
    /// Show how the round trips are distributed
    #[arg(long, help_heading = "Results")]
    pub histogram: bool,
    /// Write every round trip to this file, in nanoseconds, one per line
    #[arg(long, value_name = "FILE", help_heading = "Results")]
    pub samples: Option<PathBuf>,
    /// Write the report to this file as JSON
    #[arg(long, value_name = "FILE", help_heading = "Results")]
    pub export_json: Option<PathBuf>,
    /// Write the report to this file as Markdown
    #[arg(long, value_name = "FILE", help_heading = "Results")]
    pub export_markdown: Option<PathBuf>,
    /// Write the report to this file as one HTML page
    #[arg(long, value_name = "FILE", help_heading = "Results")]
    pub export_html: Option<PathBuf>,
    /// Settings and output.
    #[command(flatten)]
    pub common: Common,
}

/// How much to send, and how.
#[derive(Debug, Args)]
#[command(next_help_heading = "Load")]
pub struct Load {
    /// Measured messages (1000)
    #[arg(long, value_name = "N", value_parser = key("probe.count"), conflicts_with = "duration")]
    pub count: Option<String>,
    /// Measure for so long instead of a number of messages, e.g. 10s
    #[arg(long, value_name = "TIME", value_parser = key("probe.duration"))]
    pub duration: Option<String>,
    /// Connections at a time (1)
    #[arg(long, value_name = "N", value_parser = key("probe.connections"))]
    pub connections: Option<String>,
    /// Bytes of a message (64), e.g. 1KiB
    #[arg(long, value_name = "SIZE", value_parser = key("probe.size"))]
    pub size: Option<String>,
    /// Messages under way on each connection (1)
    #[arg(long, value_name = "N", value_parser = key("probe.pipeline"))]
    pub pipeline: Option<String>,
    /// Messages per second over all connections, each timed from when it should have been sent
    #[arg(long, value_name = "N", value_parser = key("probe.rate"))]
    pub rate: Option<String>,
    /// Messages before the measured ones (0)
    #[arg(long, value_name = "N", value_parser = key("probe.warmup"))]
    pub warmup: Option<String>,
    /// Speak sockperf's message header, as `serve --sockperf` and `sockperf server` understand it
    #[arg(long)]
    pub sockperf: bool,
}

/// Takes what the profile's key of that path takes.
fn key(path: &'static str) -> impl Fn(&str) -> Result<String, String> + Clone + Send + Sync {
    move |text| profile::allowed(path, text).map(|()| text.to_owned())
}

impl Load {
    /// The flags as what they lay over the profile.
    pub fn overlays(&self) -> Vec<Overlay> {
        let written = [
            ("--count", "probe.count", &self.count),
            ("--duration", "probe.duration", &self.duration),
            ("--connections", "probe.connections", &self.connections),
            ("--size", "probe.size", &self.size),
            ("--pipeline", "probe.pipeline", &self.pipeline),
            ("--rate", "probe.rate", &self.rate),
            ("--warmup", "probe.warmup", &self.warmup),
        ];
        written
            .into_iter()
            .filter_map(|(flag, key, value)| Some(Overlay::flag(flag, key, value.as_deref()?)))
            .collect()
    }
}

/// One key and the values that it takes, one after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vary {
    /// `serve.engine`
    pub key: String,
    /// `threads`, `epoll`: as they would stand in `--set`.
    pub values: Vec<String>,
}

impl Vary {
    /// The most values of one key.
    const MOST: usize = 16;

    /// Reads `KEY=A,B`: commas within quotes, brackets and braces belong to a value.
    fn parse(text: &str) -> Result<Vary, String> {
        let Some((key, list)) = text.split_once('=') else {
            return Err("it takes KEY=A,B, for example options.TCP_NODELAY=true,false".into());
        };
        let values = split(list);
        if key.trim().is_empty() || values.iter().any(|value| value.trim().is_empty()) {
            return Err("a key and each of its values must be there: KEY=A,B".into());
        }
        if values.len() < 2 {
            let set = crate::escape::text(text);
            return Err(format!(
                "there is one value, and nothing to compare; --set {set} sets it"
            ));
        }
        if values.len() > Vary::MOST {
            return Err(format!("at most {} values are compared", Vary::MOST));
        }
        Ok(Vary {
            key: key.trim().to_owned(),
            values,
        })
    }
}

fn split(list: &str) -> Vec<String> {
    let mut values = vec![String::new()];
    let (mut depth, mut quote) = (0_i32, None);
    for c in list.chars() {
        match (c, quote) {
            ('"' | '\'', None) => quote = Some(c),
            (_, Some(open)) if c == open => quote = None,
            ('[' | '{', None) => depth += 1,
            (']' | '}', None) => depth -= 1,
            (',', None) if depth <= 0 => {
                values.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(last) = values.last_mut() {
            last.push(c);
        }
    }
    values.iter().map(|value| value.trim().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comma_within_brackets_or_quotes_belongs_to_the_value() {
        let values = |text: &str| Vary::parse(text).map(|vary| vary.values);
        assert_eq!(values("a=1,2, 3").unwrap(), ["1", "2", "3"]);
        let lingers = "a={ onoff = 1, linger = 0 },false";
        assert_eq!(
            values(lingers).unwrap(),
            ["{ onoff = 1, linger = 0 }", "false"]
        );
        assert_eq!(values("a=\"x,y\",z").unwrap(), ["\"x,y\"", "z"]);
        for wrong in ["a", "=1,2", "a=1", "a=1,,2", "a="] {
            assert!(values(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_flag_takes_what_its_key_takes() {
        let count = key("probe.count");
        assert!(count("1000").is_ok());
        assert!(count("0").unwrap_err().contains("from 1 to"));
        assert!(key("probe.size")("64K").unwrap_err().contains("ambiguous"));
        assert!(key("probe.duration")("5").unwrap_err().contains("unit"));
    }
}
