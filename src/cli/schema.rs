//! `sockplay schema`: which kind of output or file.

use clap::{Args, ValueEnum};

/// `sockplay schema`
#[derive(Debug, Args)]
pub struct Schema {
    /// Of what; without it, the kinds are listed
    #[arg(value_enum, value_name = "KIND")]
    pub kind: Option<SchemaKind>,
}

/// Everything that has a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SchemaKind {
    /// `probe --json`: one object
    Probe,
    /// `serve --json`: one object per line
    Serve,
    /// `connect --json`: one object per line
    Connect,
    /// `--trace=json`: one object per line
    Trace,
    /// `options --json`: one object
    Options,
    /// `lab NAME --json`: one object
    Lab,
    /// `lab --json`, the list: one object
    LabList,
    /// A profile: the TOML file as JSON
    Profile,
    /// An experiment of the lab: the TOML file as JSON
    Experiment,
}
