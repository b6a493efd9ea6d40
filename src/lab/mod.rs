//! The laboratory: statements about sockets as experiments that pass or fail on this kernel.
//!
//! An experiment is a TOML file of steps, one line each; `configs/lab/` is the shipped set ([`shipped`]). [`file`] reads one,
//! [`needs`] says before it starts whether this machine can do it, [`run`] lets its actors do the steps through the same
//! gate as everything else and holds each result against what is expected; [`report`] is what came of it, as plain data.
//! A run belongs into a process of its own, in a network of its own: `command::lab` starts one for each.

pub mod file;
pub mod needs;
pub mod report;
pub mod run;
pub mod shipped;
