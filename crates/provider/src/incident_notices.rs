//! Telling many people about an incident: written down once, then sent little by little by whichever
//! node comes first, so that neither the mail server nor the codes of others suffer (S13).

use sekisho_mail::LetterBody;
use sekisho_model::{
    Cohort, Event, IncidentNotice, IncidentTexts, Locale, NoticeId, NoticeState, Timestamp,
};
use sekisho_store::{Account, Once, OutboxLetter, StoreError, Tx};
use serde_json::json;

use crate::rules::password_reset::may_be_mailed;
use crate::{Failure, Provider};

/// People told in one go.
const PEOPLE: u32 = 200;
/// While as many of these letters wait to be sent, nobody else is told.
const BACKLOG: u32 = 1_000;
/// Notices that `/notice` shows.
const SHOWN: u32 = 20;

impl Provider {
    /// Begins to tell everyone in `cohort`. The texts are public from now on.
    pub async fn begin_notice(
        &self,
        cohort: Cohort,
        texts: IncidentTexts,
        happened_at: Timestamp,
        mut event: Event,
    ) -> Result<NoticeId, Failure> {
        let now = self.now();
        let notice = IncidentNotice {
            id: NoticeId::new(now, &*self.entropy),
            cohort,
            texts,
            happened_at,
            made_at: now,
            state: NoticeState::Sending,
            told_to: None,
            told: 0,
        };
        let id = notice.id;
        event.detail = json!({ "notice": id.to_string(), "cohort": notice.cohort });
        let begin = move |tx: &mut Tx<'_>| {
            tx.insert_notice(&notice)?;
            tx.record(&event)
        };
        self.store.write(begin).await?;
        Ok(id)
    }

    /// Tells nobody more. `false` if there is no such notice, or everyone was told.
    pub async fn stop_notice(&self, id: NoticeId, mut event: Event) -> Result<bool, Failure> {
        event.detail = json!({ "notice": id.to_string(), "stopped": true });
        let stop = move |tx: &mut Tx<'_>| {
            let stopped = tx.stop_notice(id)?;
            if stopped == Once::First {
                tx.record(&event)?;
            }
            Ok(stopped)
        };
        Ok(self.store.write(stop).await? == Once::First)
    }

    /// The newest notices, for operators and for `/notice`.
    pub async fn notices(&self) -> Result<Vec<IncidentNotice>, Failure> {
        Ok(self.store.read(|tx| tx.notices(SHOWN)).await?)
    }

    /// Tells the next people, if few such letters wait. Answers how many.
    pub async fn tell_on(&self) -> Result<usize, Failure> {
        let next = |tx: &mut Tx<'_>| {
            let Some(notice) = tx.notice_to_send()? else {
                return Ok(None);
            };
            if tx.bulk_letters(BACKLOG)? >= u64::from(BACKLOG) {
                return Ok(None);
            }
            let people = tx.people_to_tell(&notice, PEOPLE)?;
            let accounts: Result<Vec<_>, StoreError> =
                people.iter().map(|user| tx.account(*user)).collect();
            Ok(Some((notice, people.last().copied(), accounts?)))
        };
        let Some((notice, last, accounts)) = self.store.read(next).await? else {
            return Ok(0);
        };
        let people = accounts.len();
        let letters = self.letters_of_notice(&notice, accounts.iter().flatten());
        let go_on = move |tx: &mut Tx<'_>| {
            let moved = tx.notice_went_on(&notice, last, people)?;
            if moved == Once::First {
                letters.iter().try_for_each(|letter| tx.post(letter))?;
            }
            Ok(moved)
        };
        match self.store.write(go_on).await? {
            Once::First => {
                self.letters_wait.ring();
                Ok(people)
            }
            Once::Again => Ok(0),
        }
    }

    fn letters_of_notice<'a>(
        &self,
        notice: &IncidentNotice,
        accounts: impl Iterator<Item = &'a Account>,
    ) -> Vec<OutboxLetter> {
        accounts
            .flat_map(|account| self.letters_to(notice, account))
            .collect()
    }

    /// An account that cannot be opened keeps nobody else from being told.
    fn letters_to(&self, notice: &IncidentNotice, account: &Account) -> Vec<OutboxLetter> {
        let open = match self.open_account(account) {
            Ok(open) => open,
            Err(error) => {
                tracing::error!(user = %account.user.id, %error, "somebody could not be told of an incident");
                return Vec::new();
            }
        };
        let facts = match open.user.locale {
            Locale::Ja => &notice.texts.ja,
            Locale::En => &notice.texts.en,
        };
        let body = || LetterBody::IncidentNotice {
            happened_at: notice.happened_at,
            facts: facts.clone(),
            name: open.name().map(str::to_owned),
        };
        let code = open.code_address.as_ref();
        let other = code.filter(|code| code.canonical() != open.login_address.canonical());
        std::iter::once(&open.login_address)
            .chain(other)
            .filter(|to| may_be_mailed(to, &self.settings.resets.internal_domains))
            .map(|to| self.sealed_letter(&open.user, to, body()))
            .collect()
    }
}
