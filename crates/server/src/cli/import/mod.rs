//! `sekisho user import`: accounts move in by the file (PW-18, REC-09, REC-10).

mod arrays;
mod meter;
mod problems;
mod reader;
mod source;

use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, ValueEnum};
use sekisho_model::Digest;
use sekisho_provider::Provider;
use sekisho_provider::moving::{Arrival, ImportTerms, KeptBatch, OnExisting, ReadyBatch};
use sekisho_provider::password::Passwords;
use sekisho_provider::rules::legacy_hash::costliest;
use sekisho_provider::rules::newcomer::{AddressTrust, FileForm, is_cohort_tag};
use sekisho_store::ImportProgress;
use serde::Serialize;

use super::tree::{Form, Where};
use super::{CliError, output, services_at};
use meter::Meter;
use problems::Problems;
use reader::Reader;
use source::Source;

/// Records of one transaction.
const BATCH: usize = 500;
/// A foreign scheme that takes longer than this is told of.
const SLOW: Duration = Duration::from_secs(1);

/// What to import, and how.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of the command line"
)]
#[derive(Debug, Clone, Args)]
pub(crate) struct Import {
    #[command(flatten)]
    at: Where,
    /// The file.
    #[arg(required_unless_present = "stdin", conflicts_with = "stdin")]
    file: Option<PathBuf>,
    /// Read standard input; cannot be resumed.
    #[arg(long, conflicts_with = "resume")]
    stdin: bool,
    /// What the file is.
    #[arg(long, value_enum, default_value = "jsonl")]
    format: FileFormat,
    /// Say what would happen; nothing is hashed or kept.
    #[arg(long, conflicts_with = "resume")]
    dry_run: bool,
    /// Go on where an interrupted import of this very file stopped.
    #[arg(long)]
    resume: bool,
    /// Mark the accounts as a cohort, for `user force-reset --tag`.
    #[arg(long, value_parser = tag)]
    tag: Option<String>,
    /// Write what is wrong with which line to this file, one JSON object on each line.
    #[arg(long)]
    report: Option<PathBuf>,
    /// What to do when an address or a subject already has an account; the account is never changed.
    #[arg(long, value_enum, default_value = "skip")]
    on_existing: Existing,
    /// Count every address as verified, also where the file does not say so.
    #[arg(long)]
    trust_addresses: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum FileFormat {
    /// One JSON object on each line.
    Jsonl,
    /// A table with the same names as heads of columns; UTF-8.
    Csv,
    /// A realm export of Keycloak that has users.
    Keycloak,
    /// A JSON list of Ory Kratos identities with their credentials.
    Ory,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Existing {
    /// Report it and go on.
    Skip,
    /// Stop there.
    Fail,
}

/// How it went.
#[derive(Debug, Serialize)]
struct Summary {
    records: i64,
    imported: i64,
    existing: i64,
    refused: i64,
    dry_run: bool,
}

fn tag(text: &str) -> Result<String, String> {
    is_cohort_tag(text)
        .then(|| text.to_owned())
        .ok_or_else(|| "use 1 to 100 characters".to_owned())
}

impl Import {
    fn terms(&self) -> ImportTerms {
        ImportTerms {
            tag: self.tag.clone(),
            trust: if self.trust_addresses {
                AddressTrust::All
            } else {
                AddressTrust::AsWritten
            },
            existing: match self.on_existing {
                Existing::Skip => OnExisting::Skip,
                Existing::Fail => OnExisting::Fail,
            },
            reading: self.reading(),
        }
    }

    /// The report is emptied before the file is read.
    fn check_report(&self) -> Result<(), CliError> {
        let (Some(file), Some(report)) = (&self.file, &self.report) else {
            return Ok(());
        };
        let id = |path: &Path| std::fs::metadata(path).ok().map(|m| (m.dev(), m.ino()));
        if id(file).is_some_and(|file| id(report) == Some(file)) {
            return Err(CliError::usage(
                "--report names the file that is to be imported; give another one.",
            ));
        }
        Ok(())
    }

    /// What somebody who goes on with this import must give again.
    fn reading(&self) -> String {
        let format = self.format.to_possible_value();
        let format = format.map_or_else(String::new, |value| value.get_name().to_owned());
        if self.trust_addresses {
            format!("{format}, --trust-addresses")
        } else {
            format
        }
    }

    const fn form(&self) -> FileForm {
        match self.format {
            FileFormat::Jsonl => FileForm::Jsonl,
            FileFormat::Csv => FileForm::Csv,
            FileFormat::Keycloak => FileForm::Keycloak,
            FileFormat::Ory => FileForm::Ory,
        }
    }
}

pub(super) async fn run(asked: Import, form: Form) -> Result<(), CliError> {
    let (_, services) = services_at(&asked.at).await?;
    let provider = &*services.provider;
    asked.check_report()?;
    let source = Source::open(asked.file.as_deref())?;
    let length = source.length();
    let summary = if asked.dry_run {
        let problems = Problems::open(asked.report.as_deref(), None)?;
        let meter = Meter::new(length, 0, provider.now());
        let reader = Reader::start(source, asked.form(), 0)?;
        look_through(provider, reader, &asked.terms(), (meter, problems)).await?
    } else {
        let progress = begin(provider, &asked, &source, &*services.surroundings.entropy).await?;
        let done = u64::try_from(progress.records).unwrap_or(0);
        let problems = Problems::open(asked.report.as_deref(), asked.resume.then_some(done))?;
        let reader = Reader::start(source, asked.form(), done)?;
        let import = Running {
            provider,
            terms: asked.terms(),
            meter: Meter::new(length, progress.records, provider.now()),
            progress,
            problems,
            measured: BTreeSet::new(),
        };
        import.run(reader).await?
    };
    let refused = summary.refused;
    output::one(form, &summary);
    if refused > 0 {
        return Err(CliError::refused(format!(
            "{refused} records made no account; everything else is done"
        )));
    }
    Ok(())
}

/// Finds out where to begin: at the first record, or where an earlier import of this file stopped.
async fn begin(
    provider: &Provider,
    asked: &Import,
    source: &Source,
    entropy: &dyn sekisho_model::Entropy,
) -> Result<ImportProgress, CliError> {
    let terms = asked.terms();
    let tag = asked.tag.clone().unwrap_or_default();
    let Some(file) = source.digest()? else {
        // Standard input is read once: its row in the database only counts.
        let nobodys = Digest::of(&entropy.bytes::<32>());
        return Ok(provider.begin_import(nobodys, &terms).await?);
    };
    let earlier = provider.import_progress(file).await?;
    let unfinished = earlier.filter(|earlier| earlier.finished_at.is_none() && earlier.records > 0);
    match (unfinished, asked.resume) {
        (None, false) => Ok(provider.begin_import(file, &terms).await?),
        (None, true) => Err(CliError::refused(
            "There is no interrupted import of this very file; begin without --resume.",
        )),
        (Some(earlier), false) => Err(CliError::refused(format!(
            "An import of this file stopped after {} records; go on with --resume.",
            earlier.records
        ))),
        (Some(earlier), true) if earlier.tag != tag => Err(CliError::refused(
            "The interrupted import had another --tag; give the same.",
        )),
        // One that a former version began does not say.
        (Some(earlier), true) if !["", &*terms.reading].contains(&&*earlier.terms) => {
            Err(CliError::refused(format!(
                "The interrupted import was --format {}; give the same.",
                earlier.terms
            )))
        }
        (Some(earlier), true) => {
            output::done(&format!("Going on after record {}.", earlier.records));
            Ok(earlier)
        }
    }
}

async fn look_through(
    provider: &Provider,
    mut reader: Reader,
    terms: &ImportTerms,
    (mut meter, mut problems): (Meter, Problems),
) -> Result<Summary, CliError> {
    let mut summary = Summary {
        records: 0,
        imported: 0,
        existing: 0,
        refused: 0,
        dry_run: true,
    };
    loop {
        let (batch, bytes) = reader.batch(BATCH).await?;
        if batch.is_empty() {
            break;
        }
        let records = i64::try_from(batch.len()).unwrap_or(i64::MAX);
        let (new, remarks) = provider.look_through(batch, terms).await?;
        let there = remarks.iter().filter(|r| r.problem.is_existing()).count();
        summary.records += records;
        summary.imported += i64::try_from(new).unwrap_or(i64::MAX);
        summary.existing += i64::try_from(there).unwrap_or(i64::MAX);
        summary.refused += i64::try_from(remarks.len() - there).unwrap_or(i64::MAX);
        problems.tell(&remarks)?;
        meter.show(summary.records, bytes, provider.now());
    }
    meter.end(summary.records, provider.now());
    problems.end()?;
    Ok(summary)
}

/// An import under way.
struct Running<'a> {
    provider: &'a Provider,
    terms: ImportTerms,
    progress: ImportProgress,
    meter: Meter,
    problems: Problems,
    /// Schemes whose time was taken, as stored texts.
    measured: BTreeSet<String>,
}

impl Running<'_> {
    /// While one batch is written the next one is wrapped: neither the disk nor the cores wait.
    async fn run(mut self, mut reader: Reader) -> Result<Summary, CliError> {
        let mut ready = ReadyBatch::default();
        let mut bytes = 0;
        loop {
            let (batch, read) = reader.batch(BATCH).await?;
            let last = batch.is_empty();
            let (provider, terms) = (self.provider, self.terms.clone());
            let (kept, next) = futures_util::future::join(
                self.keep(ready, bytes),
                make_ready(provider, batch, &terms),
            )
            .await;
            kept?;
            if last {
                break;
            }
            (ready, bytes) = (next?, read);
        }
        let ended = self.provider.end_import(&self.progress).await?;
        self.meter.end(ended.records, self.provider.now());
        self.problems.end()?;
        Ok(Summary {
            records: ended.records,
            imported: ended.imported,
            existing: ended.existing,
            refused: ended.refused,
            dry_run: false,
        })
    }

    async fn keep(&mut self, mut batch: ReadyBatch, bytes: u64) -> Result<(), CliError> {
        if batch.last_record == 0 {
            return Ok(());
        }
        self.warn_of_slow_ones(&batch).await?;
        // Written first: a kill right after the batch is kept must not lose what was wrong with it.
        self.provider.settle(&mut batch).await?;
        let stops = self.terms.existing == OnExisting::Fail;
        let told = if stops {
            Vec::new()
        } else {
            batch.remarks.clone()
        };
        self.problems.tell(&told)?;
        let kept = self
            .provider
            .keep_batch(&self.progress, batch, &self.terms)
            .await?;
        match kept {
            KeptBatch::Kept(progress, remarks) => {
                self.progress = progress;
                let of_late = remarks.into_iter().filter(|one| !told.contains(one));
                self.problems.tell(&of_late.collect::<Vec<_>>())?;
                self.meter
                    .show(self.progress.records, bytes, self.provider.now());
                Ok(())
            }
            KeptBatch::Stopped(remark) => Err(CliError::failed(
                format!(
                    "Stopped after {} records: --on-existing fail",
                    self.progress.records
                ),
                problems::told(&remark),
            )),
            KeptBatch::Overtaken => {
                Err(CliError::refused("Another import of this file is running."))
            }
        }
    }
}

impl Running<'_> {
    /// PW-19: what is accepted may still be slow; whoever imports it should know what it costs everybody. What is
    /// quicker than one that was measured is not measured.
    async fn warn_of_slow_ones(&mut self, batch: &ReadyBatch) -> Result<(), CliError> {
        let slowest = costliest(self.measured.iter().chain(batch.schemes()).cloned());
        let new: Vec<String> = slowest.difference(&self.measured).cloned().collect();
        self.measured = slowest;
        for (name, time) in self.provider.times_of_schemes(new).await? {
            if time > SLOW {
                output::warn(&format!(
                    "A password hashed with {name} as in this file takes {} ms here beyond an ordinary one: so \
                     long each sign-in with one takes until the first that succeeds, and every wrong \
                     password of anybody up to {} ms.",
                    time.as_millis(),
                    time.min(Passwords::RETRY_AFTER).as_millis(),
                ));
            }
        }
        Ok(())
    }
}

async fn make_ready(
    provider: &Provider,
    batch: Vec<Arrival>,
    terms: &ImportTerms,
) -> Result<ReadyBatch, CliError> {
    Ok(provider.make_ready(batch, terms).await?)
}

#[cfg(test)]
mod tests;
