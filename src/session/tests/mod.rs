//! The session by example ([`examples`], [`sockperf`]) and by chance ([`model`]), over an engine that needs no kernel
//! ([`driver`]).

mod driver;
mod examples;
mod model;
mod sockperf;
