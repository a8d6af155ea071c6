use sekisho_audit::history::{HistoryEntry, Stamp as Mark};
use sekisho_mail::when;

use super::history::Reader;
use super::history_words::keys;
use crate::http::text::{Translator, clean_name};

/// The history as a table for spreadsheets: UTF-8 with a mark in front, times with offset (ux 7.3).
#[derive(Debug)]
pub struct HistoryFile<'a> {
    reader: Reader<'a>,
    text: String,
}

/// What is above the columns.
const HEAD: [&str; 11] = [
    "clock",
    "first-time",
    "times-column",
    "result",
    "what-column",
    "how-column",
    "device",
    "app-column",
    "ip",
    "place-column",
    "event-column",
];

impl<'a> HistoryFile<'a> {
    /// An empty table, in the reader's language.
    pub fn new(reader: Reader<'a>) -> Self {
        let words = Translator::new(reader.locale);
        let mut file = Self {
            reader,
            // Excel in Japan reads UTF-8 only behind this mark.
            text: "\u{feff}".to_owned(),
        };
        file.line(HEAD.map(|key| words.t(key)));
        file
    }

    /// A row more.
    pub fn add(&mut self, entry: &HistoryEntry, app: Option<&str>, place: Option<String>) {
        let words = Translator::new(self.reader.locale);
        let (what, how) = keys(entry);
        let result = match entry.stamp {
            Mark::Passed => "result-passed",
            Mark::Asked => "result-failed",
            Mark::Stopped => "result-stopped",
            Mark::Changed => "result-changed",
        };
        self.line([
            when::rfc3339(entry.at, self.reader.zone),
            when::rfc3339(entry.first_at, self.reader.zone),
            entry.times.to_string(),
            words.t(result),
            words.t(what),
            words.t(how),
            entry.device.words(self.reader.locale),
            app.map(clean_name).unwrap_or_default(),
            entry.ip.clone(),
            place.unwrap_or_default(),
            entry.id.to_string(),
        ]);
    }

    /// The file; `is_cut` says in a last line that older records were left out.
    pub fn written(mut self, is_cut: bool) -> String {
        if is_cut {
            let note = Translator::new(self.reader.locale).t("history-file-cut");
            self.line([note]);
        }
        self.text
    }

    /// RFC 4180.
    fn line<const N: usize>(&mut self, cells: [String; N]) {
        let cells = cells.map(|text| cell(&text));
        self.text.push_str(&cells.join(","));
        self.text.push_str("\r\n");
    }
}

/// A cell that is text and nothing else: what spreadsheets would compute gets a mark in front.
fn cell(text: &str) -> String {
    let computes = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
    let mark = if computes { "'" } else { "" };
    format!("\"{mark}{}\"", text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_spreadsheet_would_compute_stays_text() {
        for formula in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"] {
            assert_eq!(cell(formula), format!("\"'{formula}\""));
        }
        assert_eq!(cell("a,\"b\""), "\"a,\"\"b\"\"\"");
        assert_eq!(cell("a=b"), "\"a=b\"");
    }
}
