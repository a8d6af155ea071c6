use std::fs::{File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, BufWriter, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use sekisho_provider::moving::Remark;
use serde_json::{Value, json};

use super::{CliError, output};

/// Told on the terminal without a report.
const TOLD: usize = 20;

/// What is wrong with which record: into the report, or the first few to standard error.
pub(super) struct Problems {
    report: Option<BufWriter<File>>,
    told: usize,
}

impl Problems {
    /// With `resume_after`, the report goes on behind what it says of records up to that one: what was written
    /// about later ones is written again.
    pub(super) fn open(report: Option<&Path>, resume_after: Option<u64>) -> Result<Self, CliError> {
        let Some(path) = report else {
            return Ok(Self {
                report: None,
                told: 0,
            });
        };
        let failed = |why| CliError::failed(format!("cannot write {}", path.display()), why);
        let file = match resume_after {
            Some(last) if path.exists() => cut(path, last),
            Some(_) | None => options().truncate(true).open(path),
        };
        Ok(Self {
            report: Some(BufWriter::new(file.map_err(failed)?)),
            told: 0,
        })
    }

    /// Lines and reasons only: neither addresses nor hashes.
    pub(super) fn tell(&mut self, remarks: &[Remark]) -> Result<(), CliError> {
        for remark in remarks {
            let Remark { place, problem } = remark;
            self.told += 1;
            match &mut self.report {
                Some(report) => {
                    let line = json!({
                        "record": place.record, "line": place.line, "problem": problem.to_string(),
                    });
                    writeln!(report, "{line}").map_err(unwritable)?;
                }
                None if self.told <= TOLD => {
                    output::warn(&told(remark));
                }
                None => {}
            }
        }
        self.report
            .as_mut()
            .map_or(Ok(()), |report| report.flush().map_err(unwritable))
    }

    pub(super) fn end(self) -> Result<(), CliError> {
        match self.report {
            Some(mut report) => report.flush().map_err(unwritable),
            None if self.told > TOLD => {
                let more = self.told - TOLD;
                output::warn(&format!("… and {more} more; --report FILE keeps them all"));
                Ok(())
            }
            None => Ok(()),
        }
    }
}

/// For people: where in the file, and what. A list may stand in one line, so that the line alone finds nobody.
pub(super) fn told(Remark { place, problem }: &Remark) -> String {
    let (record, line) = (place.record, place.line);
    format!("record {record} (line {line}): {problem}")
}

fn options() -> OpenOptions {
    let mut options = File::options();
    options.mode(0o600).create(true).write(true);
    options
}

/// The file with only its lines about records up to `last`, open at its end. A line that a kill cut off goes as
/// well.
fn cut(path: &Path, last: u64) -> io::Result<File> {
    let mut draft = path.as_os_str().to_owned();
    draft.push(".part");
    let draft = PathBuf::from(draft);
    let mut kept = BufWriter::new(options().truncate(true).open(&draft)?);
    for line in BufReader::new(File::open(path)?).lines() {
        let line = line?;
        let told: Option<Value> = serde_json::from_str(&line).ok();
        let record = told.and_then(|told| told.get("record")?.as_u64());
        if record.is_some_and(|record| record <= last) {
            writeln!(kept, "{line}")?;
        }
    }
    let file = kept.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.sync_all()?;
    std::fs::rename(&draft, path)?;
    Ok(file)
}

fn unwritable(error: io::Error) -> CliError {
    CliError::failed("cannot write the report", error)
}
