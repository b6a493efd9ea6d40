//! The file of an experiment: TOML in steps of one line each, read with carets and suggestions like a profile.
//!
//! [`step`] is what comes out, [`verbs`] has one row per verb of a step, [`kind`] says what a key may hold, [`wanted`] what
//! may be expected. `read` and `steps` turn the tree into an [`Experiment`](step::Experiment) and name everything that is
//! wrong at once; `script` has the rules between steps, `names` holds each `fd` and `$value` against what earlier steps have made.

mod held;
pub mod kind;
mod names;
mod read;
mod schema;
mod script;
pub mod step;
mod steps;
pub mod verbs;
pub mod wanted;

pub use read::{NAME_RULE, TOP, is_name, parse};
pub use schema::schema;
