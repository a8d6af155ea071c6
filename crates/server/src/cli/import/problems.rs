use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use sekisho_provider::moving::Remark;
use serde_json::json;

use super::{CliError, output};

/// Told on the terminal without a report.
const TOLD: usize = 20;

/// What is wrong with which record: into the report, or the first few to standard error.
pub(super) struct Problems {
    report: Option<BufWriter<File>>,
    told: usize,
}

impl Problems {
    pub(super) fn open(report: Option<&Path>, resume: bool) -> Result<Self, CliError> {
        let report = report
            .map(|path| {
                let mut options = File::options();
                options.mode(0o600).create(true);
                let opened = if resume {
                    options.append(true).open(path)
                } else {
                    options.write(true).truncate(true).open(path)
                };
                opened.map(BufWriter::new).map_err(|why| {
                    CliError::failed(format!("cannot write {}", path.display()), why)
                })
            })
            .transpose()?;
        Ok(Self { report, told: 0 })
    }

    /// Lines and reasons only: neither addresses nor hashes.
    pub(super) fn tell(&mut self, remarks: &[Remark]) -> Result<(), CliError> {
        for Remark { place, problem } in remarks {
            self.told += 1;
            match &mut self.report {
                Some(report) => {
                    let line = json!({
                        "record": place.record, "line": place.line, "problem": problem.to_string(),
                    });
                    writeln!(report, "{line}").map_err(unwritable)?;
                }
                None if self.told <= TOLD => {
                    output::warn(&format!("line {}: {problem}", place.line));
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

fn unwritable(error: std::io::Error) -> CliError {
    CliError::failed("cannot write the report", error)
}
