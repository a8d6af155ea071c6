//! Printing: results to standard output, everything else to standard error. The one module that may.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line prints"
)]

use std::io::IsTerminal as _;
use std::path::Path;

use serde::Serialize;

use super::error::CliError;
use super::tree::Form;
use crate::http::app::Dev;

/// One column of a table.
pub(super) type Row = Vec<String>;

/// Prints rows as a table, or the values as a JSON array.
pub(super) fn list<T: Serialize>(
    form: Form,
    heads: &[&str],
    values: &[T],
    row: impl Fn(&T) -> Row,
) {
    match form {
        Form::Json => json(&values),
        Form::Table => table(heads, &values.iter().map(row).collect::<Vec<_>>()),
    }
}

/// Prints one value: as JSON, or as lines `name  value`.
pub(super) fn one<T: Serialize>(form: Form, value: &T) {
    let Ok(tree) = serde_json::to_value(value) else {
        return;
    };
    match (form, tree.as_object()) {
        (Form::Table, Some(members)) => {
            let width = members.keys().map(String::len).max().unwrap_or(0);
            for (name, value) in members {
                let text = value
                    .as_str()
                    .map_or_else(|| value.to_string(), str::to_owned);
                println!("{name:width$}  {text}");
            }
        }
        (Form::Table | Form::Json, _) => json(value),
    }
}

fn json<T: Serialize>(value: &T) {
    match serde_json::to_string_pretty(value) {
        Ok(text) => println!("{text}"),
        Err(error) => eprintln!("{error}"),
    }
}

fn table(heads: &[&str], rows: &[Row]) {
    let width = |column: usize| {
        let cells = rows
            .iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.chars().count());
        let head = heads.get(column).map_or(0, |head| head.chars().count());
        cells.chain([head]).max().unwrap_or(0)
    };
    let line = |cells: &mut dyn Iterator<Item = String>| {
        let padded: Vec<String> = cells
            .enumerate()
            .map(|(column, cell)| format!("{cell:<width$}", width = width(column)))
            .collect();
        println!("{}", padded.join("  ").trim_end());
    };
    line(&mut heads.iter().map(|head| head.to_uppercase()));
    for row in rows {
        line(&mut row.iter().cloned());
    }
}

/// Plain text to standard output.
pub(super) fn text(text: &str) {
    println!("{text}");
}

/// A line about what was done, to standard error.
pub(super) fn done(text: &str) {
    eprintln!("{} {text}", stamp("ok", "32"));
}

/// A line of `doctor`.
pub(super) fn check(fine: bool, text: &str) {
    let mark = if fine {
        stamp("ok", "32")
    } else {
        stamp("stop", "31")
    };
    println!("{mark} {text}");
}

/// What, why, what to try.
pub(super) fn error(error: &CliError) {
    eprintln!("{} {}", stamp("stop", "31"), error.what);
    for (index, line) in error.why.iter().flat_map(|why| why.lines()).enumerate() {
        let name = if index == 0 { "why" } else { "" };
        eprintln!("  {name:<4}  {line}");
    }
    if let Some(hint) = error.hint {
        eprintln!("  try   {hint}");
    }
}

fn stamp(word: &str, colour: &str) -> String {
    #[expect(
        clippy::disallowed_methods,
        reason = "NO_COLOR is a convention of terminals, no configuration"
    )]
    let plain = std::env::var("NO_COLOR").is_ok_and(|value| !value.is_empty());
    if plain || !std::io::stderr().is_terminal() {
        format!("[{word}]")
    } else {
        format!("\u{1b}[{colour}m[{word}]\u{1b}[0m")
    }
}

/// What `sekisho dev` says when the doors are open.
pub fn banner(issuer: &str, data: &Path, dev: &Dev) {
    println!("\n  Sekisho is open at {issuer}/\n");
    println!(
        "  DEV MODE: data in {}, loopback only, mails are caught, not sent.\n",
        data.display()
    );
    println!("    start here   {issuer}/_dev");
    println!("    playground   {issuer}/_dev/playground");
    println!("    mails        {issuer}/_dev/mail\n");
    for user in &dev.users {
        match &user.password {
            Some(password) => println!(
                "  user    {}   password {password}   (shown this once)",
                user.email
            ),
            None => println!(
                "  user    {}   (its password was shown on the first start)",
                user.email
            ),
        }
    }
    for client in &dev.clients {
        match &client.secret {
            Some(secret) => println!(
                "  client  {}   secret {secret}   (shown this once)",
                client.id
            ),
            None => println!(
                "  client  {}   (its secret was shown on the first start)",
                client.id
            ),
        }
    }
    println!("\n  Stop with Ctrl-C. Delete the data folder to begin anew.\n");
}
