//! The attack laboratory: labelled mixes of attackers and honest people against the real throttles and the
//! built-in detection rules, on a clock of its own (THR-15, S6).
//!
//! It is a simulation at the level of the rules: 100,000 sign-ins over HTTP would hash 100,000 passwords. What
//! is left out is HTTP and the database; events, observations, rules, blocks and limits are those of the
//! server, a sign-in takes both steps as there, and what rules find takes force a second later.
//! `detection.rs` and `many_guesses.rs` show the rest end to end.

mod house;
mod mixes;
mod people;
mod steps;
mod table;
mod verdicts;
