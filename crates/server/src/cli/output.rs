//! Printing: results to standard output, everything else to standard error. The one module that may.
#![expect(clippy::print_stderr, reason = "a command line prints")]

use std::fmt::Arguments;
use std::io::{ErrorKind, IsTerminal as _, Write as _};
use std::path::Path;

use serde::Serialize;

use super::error::CliError;
use super::tree::Form;
use crate::http::app::Dev;

/// Prints a line to standard output.
macro_rules! say {
    ($($words:tt)*) => { say(format_args!($($words)*)) };
}

/// A reader that has left, as in `sekisho user list | head`, is no reason to panic.
fn say(line: Arguments<'_>) {
    if let Err(error) = writeln!(std::io::stdout(), "{line}")
        && error.kind() != ErrorKind::BrokenPipe
    {
        eprintln!("standard output: {error}");
    }
}

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
                say!("{name:width$}  {}", harmless(&text));
            }
        }
        (Form::Table | Form::Json, _) => json(value),
    }
}

fn json<T: Serialize>(value: &T) {
    match serde_json::to_string_pretty(value) {
        Ok(text) => say!("{text}"),
        Err(error) => eprintln!("{error}"),
    }
}

fn table(heads: &[&str], rows: &[Row]) {
    for line in lines(heads, rows) {
        say!("{line}");
    }
}

fn lines(heads: &[&str], rows: &[Row]) -> Vec<String> {
    let heads = heads.iter().map(|head| head.to_uppercase()).collect();
    let all: Vec<Row> = std::iter::once(heads)
        .chain(
            rows.iter()
                .map(|row| row.iter().map(|cell| harmless(cell)).collect()),
        )
        .collect();
    let widest = |column: usize| {
        let cells = all.iter().filter_map(|row| row.get(column));
        cells.map(|cell| columns(cell)).max().unwrap_or(0)
    };
    all.iter()
        .map(|row| {
            let padded = row.iter().enumerate().map(|(column, cell)| {
                let gap = widest(column).saturating_sub(columns(cell));
                format!("{cell}{}", " ".repeat(gap))
            });
            let line = padded.collect::<Vec<_>>().join("  ");
            line.trim_end().to_owned()
        })
        .collect()
}

/// AU-06: what people typed moves no cursor and colours no terminal.
fn harmless(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}

/// How many columns of a terminal a text takes: Chinese, Japanese and Korean signs take two.
fn columns(text: &str) -> usize {
    let wide = |c: char| {
        matches!(u32::from(c),
            0x1100..=0x115F | 0x2E80..=0x303E | 0x3041..=0xA4CF | 0xAC00..=0xD7A3 | 0xF900..=0xFAFF
            | 0xFE30..=0xFE6F | 0xFF00..=0xFF60 | 0xFFE0..=0xFFE6 | 0x1F300..=0x1FAFF | 0x20000..=0x3FFFD)
    };
    text.chars().map(|c| 1 + usize::from(wide(c))).sum()
}

/// Plain text to standard output.
pub(super) fn text(text: &str) {
    say!("{text}");
}

/// A line about what was done, to standard error.
pub(super) fn done(text: &str) {
    let stamp = stamp("ok", "32", std::io::stderr().is_terminal());
    eprintln!("{stamp} {text}");
}

/// A line about what is going on, to standard error: written over the last one where that is possible.
pub(super) fn progress(text: &str) {
    if std::io::stderr().is_terminal() {
        eprint!("\r\u{1b}[2K{text}");
    } else {
        eprintln!("{text}");
    }
}

/// Leaves the line of [`progress`] standing.
pub(super) fn progress_ends() {
    if std::io::stderr().is_terminal() {
        eprintln!();
    }
}

/// Something to mind, to standard error.
pub(super) fn warn(text: &str) {
    let stamp = stamp("mind", "33", std::io::stderr().is_terminal());
    eprintln!("{stamp} {text}");
}

/// The lines of `doctor`: each part with what is fine, or what is not.
pub(super) fn checks(form: Form, lines: &[(&str, Result<String, String>)]) {
    if form == Form::Json {
        let parts = lines.iter().map(|(part, line)| {
            let (Ok(told) | Err(told)) = line;
            serde_json::json!({ "part": part, "ok": line.is_ok(), "told": told })
        });
        return json(&parts.collect::<Vec<_>>());
    }
    let terminal = std::io::stdout().is_terminal();
    for (part, line) in lines {
        match line {
            Ok(told) => say!("{} {part}: {told}", stamp("ok", "32", terminal)),
            Err(told) => say!("{} {part}: {told}", stamp("stop", "31", terminal)),
        }
    }
}

/// What, why, what to try.
pub(super) fn error(form: Form, error: &CliError) {
    if form == Form::Json {
        let told = serde_json::json!({ "error": {
            "code": error.name(), "message": error.what, "why": error.why, "try": error.hint,
        }});
        eprintln!("{told}");
        return;
    }
    let stamp = stamp("stop", "31", std::io::stderr().is_terminal());
    eprintln!("{stamp} {}", error.what);
    for (index, line) in error.why.iter().flat_map(|why| why.lines()).enumerate() {
        let name = if index == 0 { "why" } else { "" };
        eprintln!("  {name:<4}  {line}");
    }
    if let Some(hint) = error.hint {
        eprintln!("  try   {hint}");
    }
}

fn stamp(word: &str, colour: &str, terminal: bool) -> String {
    #[expect(
        clippy::disallowed_methods,
        reason = "NO_COLOR and TERM are conventions of terminals, no configuration"
    )]
    let plain = std::env::var("NO_COLOR").is_ok_and(|value| !value.is_empty())
        || std::env::var("TERM").is_ok_and(|value| value == "dumb");
    if plain || !terminal {
        format!("[{word}]")
    } else {
        format!("\u{1b}[{colour}m[{word}]\u{1b}[0m")
    }
}

/// What `sekisho dev` says when the doors are open.
pub fn banner(issuer: &str, data: &Path, dev: &Dev) {
    say!("\n  Sekisho is open at {issuer}/\n");
    say!(
        "  DEV MODE: data in {}, loopback only, mails are caught, not sent.\n",
        data.display()
    );
    say!("    start here   {issuer}/_dev");
    say!("    playground   {issuer}/_dev/playground");
    say!("    mails        {issuer}/_dev/mail\n");
    for user in &dev.users {
        match &user.password {
            Some(password) => say!(
                "  user    {}   password {password}   (shown this once)",
                user.email
            ),
            None => say!(
                "  user    {}   (its password was shown on the first start)",
                user.email
            ),
        }
    }
    for client in &dev.clients {
        match &client.secret {
            Some(secret) => say!(
                "  client  {}   secret {secret}   (shown this once)",
                client.id
            ),
            None => say!(
                "  client  {}   (its secret was shown on the first start)",
                client.id
            ),
        }
    }
    say!("\n  Stop with Ctrl-C. Delete the data folder to begin anew.\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_line_up_in_japanese_and_move_no_cursor() {
        let row = |name: &str, id: &str| vec![name.to_owned(), id.to_owned()];
        let rows = [row("青空メール", "a"), row("Map\u{1b}[2J", "b")];
        assert_eq!(
            lines(&["name", "id"], &rows),
            ["NAME        ID", "青空メール  a", "Map[2J      b"]
        );
    }
}
