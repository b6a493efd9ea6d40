//! `sockplay schema`: the JSON Schema of what the other commands write, and of what they read.

use clap::ValueEnum as _;
use clap::builder::PossibleValue;

use crate::cli::{Schema, SchemaKind};
use crate::error::Error;
use crate::lab;
use crate::profile;
use crate::render::{probe, schema};

use super::output;

pub(super) fn run(args: &Schema) -> Result<(), Error> {
    let Some(kind) = args.kind else {
        return Err(Error::Usage(format!(
            "schema: of what?\nhelp: one of {}",
            kinds()
        )));
    };
    let schema = match kind {
        SchemaKind::Probe => probe::schema(),
        SchemaKind::Serve => schema::events("serve"),
        SchemaKind::Connect => schema::events("connect"),
        SchemaKind::Trace => schema::trace(),
        SchemaKind::Options => schema::options(),
        SchemaKind::Lab => schema::lab(),
        SchemaKind::LabList => schema::lab_list(),
        SchemaKind::Profile => profile::schema(),
        SchemaKind::Experiment => lab::file::schema(),
    };
    output::text(&format!("{schema:#}\n"))
}

fn kinds() -> String {
    let name = |kind: &SchemaKind| {
        kind.to_possible_value()
            .as_ref()
            .map(PossibleValue::get_name)
            .map(str::to_owned)
    };
    let all: Vec<String> = SchemaKind::value_variants()
        .iter()
        .filter_map(name)
        .collect();
    all.join(", ")
}
