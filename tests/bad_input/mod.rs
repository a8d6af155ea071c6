//! Every parameter of every endpoint: missing, empty, repeated, huge, of a wrong type, in a wrong
//! encoding. Each gets the error its specification names, on the channel it names, and what is refused
//! leaves nothing behind. The tables say what is expected, [`wrongs`] how a value can be wrong,
//! [`remains`] what could be left.

mod authorization;
mod direct;
mod people;
mod registration;
pub mod remains;
mod sizes;
mod wrongs;

use sekisho_server::config::Config;

/// No measure against a scanner answers in the place of what is looked at.
fn without_watch(config: &mut Config) {
    let file = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/bad_input/probes_off.toml"
    );
    config.guard.rules = Some(file.into());
}
