use std::sync::Arc;

use sekisho_model::{Digest, Event, EventKind, Origin, Outcome};
use sekisho_store::{ImportProgress, ImportedUser, Once, StoreError, Tx};
use serde_json::json;

use super::arrivals::Taken;
use super::{ImportTerms, OnExisting, Place, ReadyBatch, Remark};
use crate::rules::legacy_hash::costliest;
use crate::{Failure, Provider};

/// What became of a batch.
#[derive(Debug)]
pub enum KeptBatch {
    /// Kept; how far the file has got now, and what was wrong with some records.
    Kept(ImportProgress, Vec<Remark>),
    /// Not kept: an account was there and the terms say to stop.
    Stopped(Remark),
    /// Not kept: another import of this file is running.
    Overtaken,
}

/// What one try to keep a batch needs, shared by its retries.
struct Keeping {
    accounts: Vec<(Place, ImportedUser)>,
    addresses: Vec<Digest>,
    schemes: Vec<String>,
    remarks: Vec<Remark>,
    before: ImportProgress,
    existing: OnExisting,
    last_record: u64,
    event: Event,
}

impl Provider {
    /// How far the import of the file with this SHA-256 has got.
    pub async fn import_progress(&self, file: Digest) -> Result<Option<ImportProgress>, Failure> {
        Ok(self.store.read(move |tx| tx.import_progress(&file)).await?)
    }

    /// Begins the import of a file from its first record on.
    pub async fn begin_import(
        &self,
        file: Digest,
        terms: &ImportTerms,
    ) -> Result<ImportProgress, Failure> {
        let now = self.now();
        let first = ImportProgress {
            file,
            tag: terms.tag.clone().unwrap_or_default(),
            terms: terms.reading.clone(),
            records: 0,
            imported: 0,
            existing: 0,
            refused: 0,
            started_at: now,
            updated_at: now,
            finished_at: None,
        };
        let kept = first.clone();
        self.store.write(move |tx| tx.begin_import(&kept)).await?;
        Ok(first)
    }

    /// Looks once more who is there already, now that all batches before are kept: what is said about this one can
    /// then be written before it is kept, and a kill in between loses nothing.
    pub async fn settle(&self, batch: &mut ReadyBatch) -> Result<(), Failure> {
        let accounts = batch.accounts.iter().map(|(_, account)| account);
        let (addresses, subjects): (Vec<_>, Vec<_>) = accounts
            .clone()
            .map(|account| (account.login.index, account.user.subject.clone()))
            .unzip();
        let codes: Vec<_> = accounts.filter_map(code_index).collect();
        let mut taken = self
            .store
            .read(move |tx| Taken::among(tx, &addresses, &codes, &subjects))
            .await?;
        let remarks = &mut batch.remarks;
        batch.accounts.retain(|(place, account)| {
            let codes = code_index(account);
            let claimed = taken.claim(account.login.index, codes, Some(&account.user.subject));
            let Err(problem) = claimed else { return true };
            remarks.push(Remark {
                place: *place,
                problem,
            });
            false
        });
        batch.remarks.sort_by_key(|remark| remark.place);
        Ok(())
    }

    /// Keeps a batch: its accounts, how far the file has got and an event, all or nothing.
    pub async fn keep_batch(
        &self,
        before: &ImportProgress,
        batch: ReadyBatch,
        terms: &ImportTerms,
    ) -> Result<KeptBatch, Failure> {
        let addresses = batch.accounts.iter().map(|(_, one)| one.login.index);
        let keeping = Arc::new(Keeping {
            addresses: addresses.collect(),
            accounts: batch.accounts,
            schemes: batch.schemes.into_iter().collect(),
            remarks: batch.remarks,
            before: before.clone(),
            existing: terms.existing,
            last_record: batch.last_record,
            event: self.event(
                EventKind::UsersImported,
                Outcome::Passed,
                &Origin::default(),
            ),
        });
        // Somebody registers with one of the addresses in this very moment: it is found taken next time.
        for _ in 0..3 {
            let work = Arc::clone(&keeping);
            match self.store.write(move |tx| work.keep(tx)).await {
                Err(StoreError::Conflict) => {}
                done => return Ok(done?),
            }
        }
        Err(StoreError::Conflict.into())
    }

    /// Marks a file as done to its end.
    pub async fn end_import(&self, progress: &ImportProgress) -> Result<ImportProgress, Failure> {
        let now = self.now();
        let ended = ImportProgress {
            updated_at: now,
            finished_at: Some(now),
            ..progress.clone()
        };
        let kept = ended.clone();
        // `Again`: another import of the same file was faster to the same end.
        let _once = self
            .store
            .write(move |tx| tx.advance_import(kept.records, &kept))
            .await?;
        Ok(ended)
    }
}

fn code_index(account: &ImportedUser) -> Option<Digest> {
    account.code.as_ref().map(|code| code.index)
}

impl Keeping {
    fn keep(&self, tx: &mut Tx<'_>) -> Result<KeptBatch, StoreError> {
        let subjects: Vec<_> = self
            .accounts
            .iter()
            .map(|(_, account)| account.user.subject.clone())
            .collect();
        let codes = self.accounts.iter().filter_map(|(_, one)| code_index(one));
        let codes: Vec<_> = codes.collect();
        let mut taken = Taken::among(tx, &self.addresses, &codes, &subjects)?;
        let (mut new, mut remarks) = (Vec::new(), self.remarks.clone());
        for (place, account) in &self.accounts {
            let codes = code_index(account);
            let claimed = taken.claim(account.login.index, codes, Some(&account.user.subject));
            match claimed {
                Ok(()) => new.push(account),
                Err(problem) => remarks.push(Remark {
                    place: *place,
                    problem,
                }),
            }
        }
        remarks.sort_by_key(|remark| remark.place);
        if self.existing == OnExisting::Fail
            && let Some(there) = remarks.iter().find(|one| one.problem.is_existing())
        {
            return Ok(KeptBatch::Stopped(there.clone()));
        }
        let after = self.after(new.len(), &remarks);
        if tx.advance_import(self.before.records, &after)? == Once::Again {
            return Ok(KeptBatch::Overtaken);
        }
        tx.insert_imported(&new)?;
        self.note_schemes(tx)?;
        tx.record(&self.event(&after))?;
        Ok(KeptBatch::Kept(after, remarks))
    }

    /// The costliest of each family stays noted: however many costs an import has, few are measured (PW-20).
    fn note_schemes(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        if self.schemes.is_empty() {
            return Ok(());
        }
        let noted = tx.foreign_schemes()?;
        let all = noted.iter().chain(&self.schemes);
        let costliest = costliest(all.cloned());
        for cheaper in noted.iter().filter(|one| !costliest.contains(*one)) {
            tx.forget_foreign_scheme(cheaper)?;
        }
        for new in costliest.iter().filter(|one| !noted.contains(one)) {
            tx.note_foreign_scheme(new)?;
        }
        Ok(())
    }

    fn after(&self, imported: usize, remarks: &[Remark]) -> ImportProgress {
        let existing = |remark: &&Remark| remark.problem.is_existing();
        let there = remarks.iter().filter(existing).count();
        let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        ImportProgress {
            records: i64::try_from(self.last_record).unwrap_or(i64::MAX),
            imported: self.before.imported + number(imported),
            existing: self.before.existing + number(there),
            refused: self.before.refused + number(remarks.len() - there),
            updated_at: self.event.at,
            ..self.before.clone()
        }
    }

    fn event(&self, after: &ImportProgress) -> Event {
        let before = &self.before;
        Event {
            detail: json!({
                "file": after.file.to_base64url(),
                "tag": after.tag,
                "from": before.records + 1,
                "to": after.records,
                "imported": after.imported - before.imported,
                "existing": after.existing - before.existing,
                "refused": after.refused - before.refused,
            }),
            ..self.event.clone()
        }
    }
}
