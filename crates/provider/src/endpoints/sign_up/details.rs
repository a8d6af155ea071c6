use sekisho_guard::Pass;
use sekisho_model::{EmailAddress, ProofPurpose, Timestamp, UserId};

use super::super::address_proof::{ProofBegun, ProofWish};
use super::super::visit::Visit;
use crate::rules::address_change::AddressRefusal;
use crate::rules::password_policy::PasswordRefusal;
use crate::rules::sign_up::{self, Chosen, NameRefusal, PendingSignUp, SignUpStage};
use crate::{Failure, PasswordContext, Provider};

/// What came of a name and a password.
#[derive(Debug)]
pub enum SignUpChoice {
    /// They are kept until the account is made.
    Kept,
    /// The name cannot be kept.
    Name(NameRefusal),
    /// The password does not fit the policy.
    Refused(Vec<PasswordRefusal>),
    /// Too many accounts from there; nothing was hashed.
    Wait(Timestamp),
    /// There is no proved address in this browser: from the start.
    Gone,
}

/// What came of a typed code address.
#[derive(Debug)]
pub enum FirstCodeAddress {
    /// A letter is on its way there.
    Sent,
    /// It cannot be used.
    Refused(AddressRefusal),
    /// No more letters until then.
    NoMoreCodes(Timestamp),
    /// There is no password yet in this browser: from the start.
    Gone,
}

impl Provider {
    /// Fewest characters the password of a new account has.
    pub fn least_first_password(&self) -> usize {
        self.settings.password_policy.least(true)
    }

    /// Keeps name and password, hashed and sealed, until the account is made. They can be chosen again.
    pub async fn choose_for_sign_up(
        &self,
        (name, password): (&str, &str),
        visit: &Visit,
    ) -> Result<SignUpChoice, Failure> {
        let now = self.now();
        self.knowledge.may_issue(now)?;
        let Some(mut found) = self.load_sign_up(visit).await? else {
            return Ok(SignUpChoice::Gone);
        };
        let Some(address) = found.pending.address() else {
            return Ok(SignUpChoice::Gone);
        };
        let name = match sign_up::name(name) {
            Ok(name) => name,
            Err(refusal) => return Ok(SignUpChoice::Name(refusal)),
        };
        let context = self.sign_up_context(&found.pending, name.as_deref(), visit);
        let context = context.await?;
        let reasons = self.judge_new_password(password, &context).await?;
        if !reasons.is_empty() {
            return Ok(SignUpChoice::Refused(reasons));
        }
        if let Pass::Wait { until, .. } =
            self.throttle.before_sign_up(&visit.origin.ip, now).await?
        {
            return Ok(SignUpChoice::Wait(until));
        }
        let user_id = UserId::new(now, &*self.entropy);
        let record = self.new_record(user_id, password).await?;
        found.pending.stage = SignUpStage::CodeAddress(Chosen {
            address: address.to_string(),
            user_id,
            name,
            record: record.sealed.as_bytes().to_vec(),
            chosen_at: record.changed_at,
        });
        // Sent twice at once: the first counts, and goes on the same way.
        let _first = self.save_sign_up(&found).await?;
        Ok(SignUpChoice::Kept)
    }

    /// What a first password is judged by: the address that was proved, the name, the app it is for (PW-09).
    pub async fn sign_up_context(
        &self,
        pending: &PendingSignUp,
        name: Option<&str>,
        visit: &Visit,
    ) -> Result<PasswordContext, Failure> {
        let flow = match &pending.flow {
            Some(id) => self.flow(id.as_str(), visit).await?,
            None => None,
        };
        let app = match &flow {
            Some(flow) => self.app_view(flow, visit).await?,
            None => None,
        };
        let address = pending.address();
        let addresses: Vec<&EmailAddress> = address.iter().collect();
        let app = app.as_ref().map(|app| &*app.name);
        Ok(self.new_password_context(&addresses, name, app))
    }

    /// Whether the code address of an account with this address can be given later.
    pub fn may_give_code_address_later(&self, login: &EmailAddress) -> bool {
        sign_up::may_give_later(login, &self.settings.self_hosted_mail_domains)
    }

    pub(super) fn first_code_address_refusal(
        &self,
        new: &EmailAddress,
        login: &EmailAddress,
    ) -> Option<AddressRefusal> {
        let settings = &self.settings;
        let (own, internal) = (
            &settings.self_hosted_mail_domains,
            &settings.resets.internal_domains,
        );
        sign_up::code_address_refusal(new, login, own, internal)
    }

    /// Mails a code to the address that is to receive the codes of the new account.
    pub async fn begin_first_code_address(
        &self,
        new: &EmailAddress,
        visit: &Visit,
    ) -> Result<FirstCodeAddress, Failure> {
        let found = self.load_sign_up(visit).await?;
        let found = found.filter(|found| found.pending.chosen().is_some());
        let Some(login) = found.and_then(|found| found.pending.address()) else {
            return Ok(FirstCodeAddress::Gone);
        };
        if let Some(refusal) = self.first_code_address_refusal(new, &login) {
            return Ok(FirstCodeAddress::Refused(refusal));
        }
        let wish = ProofWish {
            purpose: ProofPurpose::FirstCodeAddress,
            candidate: new,
            account: None,
        };
        Ok(match self.begin_proof(wish, visit).await? {
            ProofBegun::Sent(_) => FirstCodeAddress::Sent,
            ProofBegun::NoMoreCodes(until) => FirstCodeAddress::NoMoreCodes(until),
            ProofBegun::NoSession => FirstCodeAddress::Gone,
        })
    }
}
