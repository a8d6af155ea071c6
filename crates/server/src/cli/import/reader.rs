use std::io;
use std::thread;

use sekisho_provider::moving::{Arrival, Place};
use sekisho_provider::rules::newcomer::{FileForm, Newcomer, RecordRefusal};
use serde_json::{Map, Value};
use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::source::{Counted, Counter, Source};
use super::{CliError, arrays};

/// Records that wait between the reading thread and the import.
const AHEAD: usize = 1024;

/// Reads records on a thread of its own, no more than a few ahead: any size of file in constant memory.
pub(super) struct Reader(Receiver<Message>);

enum Message {
    Record(Arrival, u64),
    Broken { line: u64, why: String },
}

/// Why reading stops.
pub(super) enum Stop {
    /// The import has ended; nobody takes more.
    Left,
    /// The rest of the file cannot be read.
    Broken(String),
}

impl Reader {
    /// Begins after the first `skip` records.
    pub(super) fn start(source: Source, form: FileForm, skip: u64) -> Result<Self, CliError> {
        let (sender, receiver) = channel(AHEAD);
        let failed = |error: io::Error| CliError::failed("cannot read the file", error);
        thread::Builder::new()
            .name("import".to_owned())
            .spawn(move || read(source, form, skip, &sender))
            .map_err(failed)?;
        Ok(Self(receiver))
    }

    /// The next records, at most `size` of them, and how many bytes of the file they end at.
    pub(super) async fn batch(&mut self, size: usize) -> Result<(Vec<Arrival>, u64), CliError> {
        let (mut batch, mut at) = (Vec::new(), 0);
        while batch.len() < size {
            match self.0.recv().await {
                None => break,
                Some(Message::Record(arrival, bytes)) => {
                    batch.push(arrival);
                    at = bytes;
                }
                Some(Message::Broken { line, why }) => {
                    return Err(CliError::failed(
                        format!("The file cannot be read any further than line {line}"),
                        why,
                    ));
                }
            }
        }
        Ok((batch, at))
    }
}

fn read(source: Source, form: FileForm, skip: u64, sender: &Sender<Message>) {
    let (bytes, counter) = match source.counted() {
        Ok(opened) => opened,
        Err(error) => {
            let why = error.to_string();
            drop(sender.blocking_send(Message::Broken { line: 1, why }));
            return;
        }
    };
    let mut sink = Sink {
        form,
        skip,
        record: 0,
        counter: counter.clone(),
        sender,
    };
    let read = match form {
        FileForm::Jsonl => lines(bytes, &mut sink),
        FileForm::Csv => rows(bytes, &mut sink),
        FileForm::Keycloak | FileForm::Ory => arrays::read(bytes, &mut sink),
    };
    if let Err(Stop::Broken(why)) = read {
        let line = counter.line();
        drop(sender.blocking_send(Message::Broken { line, why }));
    }
}

/// Where records go.
pub(super) struct Sink<'a> {
    form: FileForm,
    skip: u64,
    record: u64,
    pub(super) counter: Counter,
    sender: &'a Sender<Message>,
}

impl Sink<'_> {
    pub(super) fn put(
        &mut self,
        line: u64,
        record: Result<Value, RecordRefusal>,
    ) -> Result<(), Stop> {
        self.record += 1;
        self.counter.begin_record();
        if self.record <= self.skip {
            return Ok(());
        }
        let newcomer = record.and_then(|record| Newcomer::read(self.form, record));
        let arrival = Arrival {
            place: Place {
                record: self.record,
                line,
            },
            newcomer: newcomer.map(Box::new),
        };
        self.sender
            .blocking_send(Message::Record(arrival, self.counter.bytes()))
            .map_err(|_closed| Stop::Left)
    }
}

fn lines(mut bytes: Counted, sink: &mut Sink<'_>) -> Result<(), Stop> {
    let mut line = Vec::new();
    loop {
        let number = sink.counter.line();
        let whole = bytes.line(&mut line).map_err(|why| broken(&why))?;
        if line.is_empty() {
            return Ok(());
        }
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let record = if whole {
            serde_json::from_slice(&line).map_err(|why| {
                let column = why.column();
                RecordRefusal(format!("the line is no JSON object (column {column})"))
            })
        } else {
            Err(RecordRefusal("the line is longer than 1 MiB".to_owned()))
        };
        sink.put(number, record)?;
    }
}

fn rows(bytes: Counted, sink: &mut Sink<'_>) -> Result<(), Stop> {
    sink.counter.begin_record();
    let mut table = csv::ReaderBuilder::new()
        .trim(csv::Trim::Headers)
        .from_reader(bytes);
    let heads = table.headers().map_err(|why| broken_row(&why))?.clone();
    let mut seen = std::collections::HashSet::new();
    if let Some(twice) = heads.iter().find(|head| !seen.insert(*head)) {
        return Err(Stop::Broken(format!("two columns are called {twice}")));
    }
    if !heads.iter().any(|head| head == "email") {
        return Err(Stop::Broken("no column is called email".to_owned()));
    }
    let mut row = csv::StringRecord::new();
    loop {
        let line = table.position().line();
        let record = match table.read_record(&mut row) {
            Ok(false) => return Ok(()),
            Ok(true) => Ok(heads
                .iter()
                .zip(&row)
                .map(|(head, cell)| (head.to_owned(), Value::from(cell)))
                .collect::<Map<_, _>>()
                .into()),
            Err(why) => match why.kind() {
                csv::ErrorKind::UnequalLengths {
                    expected_len, len, ..
                } => Err(RecordRefusal(format!(
                    "the row has {len} cells instead of {expected_len}"
                ))),
                csv::ErrorKind::Utf8 { .. } => {
                    Err(RecordRefusal("the row is not UTF-8".to_owned()))
                }
                _ => return Err(broken_row(&why)),
            },
        };
        let line = row.position().map_or(line, csv::Position::line);
        sink.put(line, record)?;
    }
}

fn broken(error: &io::Error) -> Stop {
    Stop::Broken(error.to_string())
}

/// What the table's reader says repeats no cell.
fn broken_row(error: &csv::Error) -> Stop {
    Stop::Broken(error.to_string())
}
