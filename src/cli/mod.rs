//! The command line as clap reads it: structs and help, no logic.
//!
//! Every subcommand that follows a profile takes the same [`Common`] arguments.

mod lab;
mod probe;
mod schema;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub use lab::{Lab, LabAction};
pub use probe::{Probe, Vary};
pub use schema::{Schema, SchemaKind};

use crate::profile::{EngineKey, Overlay, Word as _};

/// sockplay: turn every knob of a socket, see every call, and what the kernel made of it.
#[derive(Debug, Parser)]
#[command(
    name = "sockplay",
    version,
    about,
    propagate_version = true,
    arg_required_else_help = false
)]
pub struct Cli {
    /// Colours on the terminal
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    pub color: Color,
    /// What to do; nothing shows four examples.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// When to colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal
    Auto,
    /// Even into a pipe
    Always,
    /// Not at all
    Never,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Open a profile's socket and answer whoever comes
    Serve(Serve),
    /// Talk to a server: a byte pipe, or line by line on a terminal
    Connect(Connect),
    /// Open both ends of a profile, or one against ADDRESS, and report what the kernel made of it; measure; compare
    Probe(Box<Probe>),
    /// Run experiments: what is said about sockets, and what this kernel does
    Lab(Lab),
    /// The reference of every socket option, with this kernel's answers
    Options(Options),
    /// The profiles: list, show, check
    Profile(Profile),
    /// Print the JSON Schema of an output or of the profile
    Schema(Schema),
    /// Print the completion script of a shell
    Completions(Completions),
    /// Print the manual page
    Man,
}

/// What every command that follows a profile takes.
#[derive(Clone, Debug, Default, Args)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is a flag of the command line, there or not"
)]
pub struct Common {
    /// Set one key over the profile, e.g. address.port=0 or options.TCP_NODELAY=true; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Print the calls that would be made, with the origin of every value, and open nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Show every system call as it happens, on standard error
    #[arg(long, value_enum, value_name = "FORM", num_args = 0..=1, require_equals = true, default_missing_value = "call")]
    pub trace: Option<TraceForm>,
    /// Write the trace to this file instead (as JSON unless --trace says otherwise)
    #[arg(long, value_name = "FILE")]
    pub trace_file: Option<PathBuf>,
    /// Results as JSON on standard output
    #[arg(long)]
    pub json: bool,
    /// Say more
    #[arg(short, long, conflicts_with = "quiet")]
    pub verbose: bool,
    /// Say nothing but errors
    #[arg(short, long)]
    pub quiet: bool,
    /// Append the log to this file too
    #[arg(long, value_name = "FILE")]
    pub log_file: Option<PathBuf>,
}

impl Common {
    /// What `--set` lays over the profile.
    pub fn overlays(&self) -> Vec<Overlay> {
        self.set.iter().map(Overlay::set).collect()
    }
}

/// How a trace looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TraceForm {
    /// One line per call, as strace prints it
    Call,
    /// A column per end, with what moved between them
    Ladder,
    /// One object per call
    Json,
}

/// Reads a word of `serve.engine`; ways of waiting that are none of them are answered with the nearest.
fn engine(word: &str) -> Result<EngineKey, String> {
    EngineKey::from_word(word).ok_or_else(|| match word {
        "select" => {
            "select(2) cannot see descriptors above 1023; `poll` asks the same without that limit"
                .into()
        }
        "fork" => {
            "a process per peer is not offered; `threads` is the same within one process".into()
        }
        _ => {
            let near = |name: &str| strsim::jaro_winkler(word, name);
            let names = EngineKey::NAMES.iter().copied();
            let nearest = names.max_by(|a, b| near(a).total_cmp(&near(b)));
            let meant = nearest.filter(|name| near(name) > 0.8);
            let meant = meant.map(|name| format!("did you mean '{name}'? "));
            format!(
                "{}it is one of {}",
                meant.unwrap_or_default(),
                EngineKey::NAMES.join(", ")
            )
        }
    })
}

/// `sockplay serve`
#[derive(Debug, Args)]
pub struct Serve {
    /// Where to listen.
    #[arg(
        value_name = "ADDRESS",
        help = "Where to listen, instead of the profile's address: 127.0.0.1:35555, [::1]:35555, :35555, /path, @name, fd:3"
    )]
    pub address: Option<String>,
    /// Profile: a name (`sockplay profile list`), a path, or - for standard input
    #[arg(short, long, value_name = "NAME|PATH|-")]
    pub config: Option<String>,
    /// How to wait for many clients: sequential, threads, poll, epoll, async, uring
    #[arg(long, value_parser = engine, value_name = "NAME")]
    pub engine: Option<EngineKey>,
    /// Answer clients of sockperf: io.framing and serve.reply = "sockperf", requests = "unlimited" unless written
    #[arg(long)]
    pub sockperf: bool,
    /// Settings and output.
    #[command(flatten)]
    pub common: Common,
}

/// `sockplay connect`
#[derive(Debug, Args)]
pub struct Connect {
    /// Whom to talk to: 127.0.0.1:35555, :35555, name:port, udp://name:port, /path, unixgram:///path, @name
    #[arg(value_name = "ADDRESS")]
    pub address: Option<String>,
    /// Profile: a name (`sockplay profile list`), a path, or - for standard input
    #[arg(short, long, value_name = "NAME|PATH|-")]
    pub config: Option<String>,
    /// Settings and output.
    #[command(flatten)]
    pub common: Common,
}

/// `sockplay options`
#[derive(Debug, Args)]
pub struct Options {
    /// One option's page; a level such as SOL_SOCKET lists that level
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
    /// As JSON on standard output
    #[arg(long)]
    pub json: bool,
}

/// `sockplay profile`
#[derive(Debug, Args)]
pub struct Profile {
    /// What to do with profiles
    #[command(subcommand)]
    pub action: ProfileAction,
}

/// The verbs of `sockplay profile`.
#[derive(Debug, Subcommand)]
pub enum ProfileAction {
    /// Every built-in profile, with its title
    List,
    /// A profile with every key and its value, as a profile
    Show {
        /// NAME, PATH or -; tcp4 if left out
        name: Option<String>,
        /// Set one key over the profile
        #[arg(long, value_name = "KEY=VALUE")]
        set: Vec<String>,
        /// Say where each value came from
        #[arg(long)]
        origin: bool,
    },
    /// Read profiles and report everything that is wrong with them
    Check {
        /// NAME, PATH or -
        #[arg(required = true, value_name = "FILE")]
        files: Vec<String>,
    },
}

/// `sockplay completions`
#[derive(Debug, Args)]
pub struct Completions {
    /// Which shell
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}
