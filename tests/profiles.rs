//! Profiles as a user writes them: the shipped ones, some hundred invalid ones and what is said about each, valid ones
//! that read back as they were written, and mutated ones that must not panic.

#[path = "profiles/hostile.rs"]
mod hostile;
#[path = "profiles/invalid.rs"]
mod invalid;
#[path = "profiles/valid.rs"]
mod valid;
#[path = "profiles/values.rs"]
mod values;
