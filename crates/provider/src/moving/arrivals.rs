use std::collections::HashSet;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use sekisho_mail::when::is_zone;
use sekisho_model::{
    Digest, EmailAddress, Epoch, KeyRing, Purpose, Subject, User, UserEpochs, UserId,
};
use sekisho_store::{ImportedAddress, ImportedUser, PasswordRecord, StoreError, Tx};
use serde_json::Value;

use super::{Arrival, ImportTerms, Place, Problem, ReadyBatch, Remark};
use crate::rules::newcomer::{AddressTrust, ArrivingPassword, Newcomer, RecordRefusal};
use crate::{Failure, Provider};

const NO_RECORD: &str = "password_record is no record of ours, weaker than we make them, or dearer than \
                         password.hash_memory_mib allows";

/// Somebody whose record can be kept, before the password is wrapped.
struct Checked {
    place: Place,
    newcomer: Newcomer,
    login_index: Digest,
    code: Option<EmailAddress>,
    code_index: Option<Digest>,
}

/// A sealed account with the template of its foreign scheme, or why there is none.
type Made = (Place, Result<(ImportedUser, Option<String>), Problem>);

/// Addresses and subjects that are taken, with those of this batch.
pub(super) struct Taken {
    addresses: HashSet<Digest>,
    subjects: HashSet<Subject>,
    /// Code addresses that were released: nobody can have one, codes neither (REC-15).
    released: HashSet<Digest>,
}

impl Taken {
    /// What is taken of these.
    pub(super) fn among(
        tx: &mut Tx<'_>,
        addresses: &[Digest],
        codes: &[Digest],
        subjects: &[Subject],
    ) -> Result<Self, StoreError> {
        Ok(Self {
            addresses: tx.taken_login_addresses(addresses)?,
            subjects: tx.taken_subjects(subjects)?,
            released: tx.quarantined(codes)?,
        })
    }

    /// Takes an address and a subject, or says which of them somebody has; codes cannot go to a released address.
    pub(super) fn claim(
        &mut self,
        address: Digest,
        codes: Option<Digest>,
        subject: Option<&Subject>,
    ) -> Result<(), Problem> {
        if codes.is_some_and(|code| self.released.contains(&code)) {
            let why = "the code address was released and is in quarantine";
            return Err(RecordRefusal(why.to_owned()).into());
        }
        if self.addresses.contains(&address) {
            return Err(Problem::AddressTaken);
        }
        if let Some(subject) = subject {
            if self.subjects.contains(subject) {
                return Err(Problem::SubjectTaken);
            }
            self.subjects.insert(subject.clone());
        }
        self.addresses.insert(address);
        Ok(())
    }
}

impl Provider {
    /// Checks a batch without hashing or keeping anything: what is wrong with it.
    pub async fn look_through(
        &self,
        arrivals: Vec<Arrival>,
        terms: &ImportTerms,
    ) -> Result<(usize, Vec<Remark>), Failure> {
        let (checked, remarks) = self.checked_arrivals(arrivals, terms).await?;
        Ok((checked.len(), remarks))
    }

    /// Wraps the passwords of a batch and seals its accounts, on all threads of the hash pool. Records
    /// whose address has an account are left out before anything is computed for them.
    pub async fn make_ready(
        &self,
        arrivals: Vec<Arrival>,
        terms: &ImportTerms,
    ) -> Result<ReadyBatch, Failure> {
        let last_record = arrivals.last().map_or(0, |last| last.place.record);
        let (checked, mut remarks) = self.checked_arrivals(arrivals, terms).await?;
        let made: Vec<_> = stream::iter(checked)
            .map(|checked| self.made_account(checked, terms))
            .buffered(self.passwords.width())
            .try_collect()
            .await?;
        let mut ready = ReadyBatch {
            last_record,
            ..ReadyBatch::default()
        };
        for (place, made) in made {
            match made {
                Ok((account, scheme)) => {
                    ready.schemes.extend(scheme);
                    ready.accounts.push((place, account));
                }
                Err(problem) => remarks.push(Remark { place, problem }),
            }
        }
        remarks.sort_by_key(|remark| remark.place);
        ready.remarks = remarks;
        Ok(ready)
    }

    async fn checked_arrivals(
        &self,
        arrivals: Vec<Arrival>,
        terms: &ImportTerms,
    ) -> Result<(Vec<Checked>, Vec<Remark>), Failure> {
        let (mut checked, mut remarks) = (Vec::new(), Vec::new());
        for Arrival { place, newcomer } in arrivals {
            match newcomer.and_then(|newcomer| self.check_newcomer(place, *newcomer, terms)) {
                Ok(one) => checked.push(one),
                Err(refusal) => remarks.push(Remark {
                    place,
                    problem: refusal.into(),
                }),
            }
        }
        let addresses: Vec<Digest> = checked.iter().map(|one| one.login_index).collect();
        let subjects: Vec<Subject> = checked
            .iter()
            .filter_map(|one| one.newcomer.subject.clone())
            .collect();
        let codes: Vec<Digest> = checked.iter().filter_map(|one| one.code_index).collect();
        let mut taken = self
            .store
            .read(move |tx| Taken::among(tx, &addresses, &codes, &subjects))
            .await?;
        checked.retain(|one| {
            let subject = one.newcomer.subject.as_ref();
            let claimed = taken.claim(one.login_index, one.code_index, subject);
            let Err(problem) = claimed else { return true };
            remarks.push(Remark {
                place: one.place,
                problem,
            });
            false
        });
        remarks.sort_by_key(|remark| remark.place);
        Ok((checked, remarks))
    }

    fn check_newcomer(
        &self,
        place: Place,
        newcomer: Newcomer,
        terms: &ImportTerms,
    ) -> Result<Checked, RecordRefusal> {
        if newcomer.zone.as_deref().is_some_and(|zone| !is_zone(zone)) {
            return Err(RecordRefusal(
                "zone is no IANA name such as Asia/Tokyo".to_owned(),
            ));
        }
        let own = &self.settings.self_hosted_mail_domains;
        let behind = |address: &EmailAddress| {
            own.iter()
                .any(|own| own.eq_ignore_ascii_case(address.domain()))
        };
        let code = newcomer.code_address(terms.trust, behind)?.cloned();
        self.check_password(&newcomer.password)?;
        Ok(Checked {
            place,
            login_index: self.address_index(&newcomer.login_address),
            code_index: code.as_ref().map(|code| self.address_index(code)),
            code,
            newcomer,
        })
    }

    /// Also asked in a dry run: an import refuses nothing that a dry run has passed.
    fn check_password(&self, arriving: &ArrivingPassword) -> Result<(), RecordRefusal> {
        let why = match arriving {
            ArrivingPassword::None => return Ok(()),
            ArrivingPassword::Foreign(foreign) => {
                if self.passwords.has_memory_for(&foreign.scheme) {
                    return Ok(());
                }
                "password: needs more memory than password.hash_memory_mib allows"
            }
            ArrivingPassword::Moved(text) => {
                if self.passwords.takes_back(text) {
                    return Ok(());
                }
                NO_RECORD
            }
        };
        Err(RecordRefusal(why.to_owned()))
    }

    async fn made_account(
        &self,
        mut checked: Checked,
        terms: &ImportTerms,
    ) -> Result<Made, Failure> {
        let now = self.now();
        let id = UserId::new(now, &*self.entropy);
        let newcomer = &mut checked.newcomer;
        let arriving = std::mem::replace(&mut newcomer.password, ArrivingPassword::None);
        let (record, template) = match arriving {
            ArrivingPassword::None => (None, None),
            ArrivingPassword::Foreign(foreign) => {
                let template = foreign.scheme.template();
                (Some(self.passwords.take_over(id, foreign).await?), template)
            }
            ArrivingPassword::Moved(text) => {
                let Some((record, scheme)) = self.passwords.take_back(id, &text) else {
                    let refusal = RecordRefusal(NO_RECORD.to_owned());
                    return Ok((checked.place, Err(refusal.into())));
                };
                (Some(record), scheme.and_then(|scheme| scheme.template()))
            }
        };
        let chosen = newcomer.password_changed_at.or(newcomer.created_at);
        let password = record.map(|record| PasswordRecord {
            changed_at: chosen.unwrap_or(now),
            must_change: newcomer.must_change,
            ..record
        });
        let place = checked.place;
        let account = self.sealed_newcomer(id, checked, terms);
        Ok((
            place,
            Ok((
                ImportedUser {
                    password,
                    ..account
                },
                template,
            )),
        ))
    }

    fn sealed_newcomer(&self, id: UserId, checked: Checked, terms: &ImportTerms) -> ImportedUser {
        let (owner, entropy, now) = (id.to_string(), &*self.entropy, self.now());
        let data_key = entropy.bytes::<32>();
        let seal = |plain: &str| KeyRing::seal_under(&data_key, &owner, plain.as_bytes(), entropy);
        let newcomer = checked.newcomer;
        let verified = newcomer.login_verified || terms.trust == AddressTrust::All;
        ImportedUser {
            login: ImportedAddress {
                sealed: seal(&newcomer.login_address.to_string()),
                index: checked.login_index,
                verified_at: verified.then_some(now),
            },
            code: checked.code.map(|code| ImportedAddress {
                sealed: seal(&code.to_string()),
                index: self.address_index(&code),
                verified_at: Some(now),
            }),
            claims: seal(&Value::Object(newcomer.claims).to_string()),
            data_key: self
                .keyring
                .seal(Purpose::UserData, &owner, &data_key, entropy),
            password: None,
            user: User {
                id,
                subject: newcomer
                    .subject
                    .unwrap_or_else(|| Subject::generate(entropy)),
                state: newcomer.state,
                locale: newcomer.locale.unwrap_or(self.settings.default_locale),
                locale_chosen: newcomer.locale.is_some(),
                zone: newcomer
                    .zone
                    .unwrap_or_else(|| self.settings.default_zone.clone()),
                alert: newcomer.alert,
                second_step: newcomer.second_step,
                created_at: newcomer.created_at.unwrap_or(now),
                epochs: UserEpochs::default(),
                cohort_tag: terms
                    .tag
                    .clone()
                    .or(newcomer.cohort_tag)
                    .unwrap_or_default(),
                password_at: None,
                password_epoch: Epoch::default(),
                password_imported: true,
                leaves_at: newcomer.leaves_at,
            },
        }
    }
}
