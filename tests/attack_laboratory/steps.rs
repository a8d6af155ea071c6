//! The steps of a sign-in, as the endpoints take them.

use std::time::Duration;

use sekisho_guard::{
    CodeMail, CodeTry, DeviceClass, GuardFailure, Pass, PasswordAttempt, ProofMail, ResetMail,
    Ticket,
};
use sekisho_model::{EventKind, Outcome};
use serde_json::json;

use super::house::{Answer, Laboratory};
use super::people::Person;

/// What everybody's mail goes to: one provider has them all.
const DOMAIN: &str = "mail.example";
/// How long people take to find a code and type it.
const TO_TYPE: Duration = Duration::from_secs(40);
/// How long a reset link works.
const LINK_LIFE: Duration = Duration::from_hours(1);

/// Somebody who has a code in the mail.
pub struct Typing {
    pub at: sekisho_model::Timestamp,
    person: Person,
    ip: String,
    mail: Ticket,
    /// How many wrong codes come first.
    errs: u32,
}

/// How an owner's sign-in goes on its way.
#[derive(Debug, Clone, Copy, Default)]
pub struct Ways {
    /// A wrong password comes first.
    pub password_errs: bool,
    /// A wrong code comes first.
    pub code_errs: bool,
    /// The code is never typed.
    pub gives_up: bool,
    /// A country the account was never used from.
    pub abroad: bool,
}

fn passed(pass: Result<Pass, GuardFailure>) -> Option<Ticket> {
    match pass {
        Ok(Pass::Go(ticket)) => Some(ticket),
        Ok(Pass::Wait { .. }) => None,
        Err(failure) => panic!("{failure}"),
    }
}

impl Laboratory {
    /// Somebody types an address and a password. `password` stands for the text that was typed.
    pub async fn password(&mut self, person: &Person, ip: &str, password: u64) -> Answer {
        let account = person.index();
        let app = person.app();
        let attempt = PasswordAttempt {
            account: &account,
            device: person.device,
            ip,
            client: Some(&app),
        };
        let pass = self.throttle.before_password(attempt, self.now).await;
        let run = (account, person.device);
        let so_far = self.runs.get(&run).copied().unwrap_or_default();
        let Some(ticket) = passed(pass).filter(|_| self.throttle.allows_run(so_far)) else {
            return Answer::Stopped;
        };
        if person.user.is_some() && password == person.password() {
            self.throttle.after_success(ticket).await;
            self.runs.remove(&run);
            return Answer::Right;
        }
        self.runs.insert(run, so_far + 1);
        let same = self.spread(password, &account).await;
        let detail = json!({
            "name": account.to_base64url(), "same_password": same,
            "known": person.device != DeviceClass::Unknown,
        });
        let kind = (EventKind::SignIn, Outcome::WrongPassword);
        self.record(kind, person, ip, detail);
        Answer::Wrong
    }

    /// After the right password: the code is mailed, if it may be.
    pub async fn mail_code(&mut self, person: &Person, ip: &str) -> Option<Ticket> {
        let account = person.index();
        let mail = CodeMail {
            account: &account,
            device: person.device,
            ip,
            recipient_domain: DOMAIN,
        };
        let ticket = passed(self.throttle.before_code_mail(mail, self.now).await)?;
        let kind = (EventKind::CodeAsked, Outcome::Passed);
        self.record(kind, person, ip, json!({}));
        Some(ticket)
    }

    /// A code is typed and compared; whether it was.
    pub async fn code(&mut self, person: &Person, ip: &str, right: bool) -> bool {
        let account = person.index();
        let attempt = CodeTry {
            account: &account,
            device: person.device,
            ip,
        };
        let pass = self.throttle.before_code_try(attempt, self.now).await;
        let Some(ticket) = passed(pass) else {
            return false;
        };
        if right {
            self.throttle.after_success(ticket).await;
        } else {
            let kind = (EventKind::CodeTried, Outcome::WrongCode);
            self.record(kind, person, ip, json!({}));
        }
        true
    }

    /// An owner signs in, with both steps.
    pub async fn owner(&mut self, person: &Person, ip: &str, ways: Ways) {
        self.owners.came += 1;
        if ways.password_errs {
            let typo = 1_000_000_000 + self.owners.came;
            let _wrong = self.password(person, ip, typo).await;
        }
        if !self.first_step(person, ip, ways).await {
            self.hindered(person, ip).await;
        }
    }

    async fn first_step(&mut self, person: &Person, ip: &str, ways: Ways) -> bool {
        if self.password(person, ip, person.password()).await != Answer::Right {
            return false;
        }
        let Some(mail) = self.mail_code(person, ip).await else {
            return false;
        };
        if ways.abroad {
            let journey = json!({
                "place": { "country": "PT" }, "new_country": true, "km": 11_000, "kmh": 900,
            });
            let detail = json!({ "amr": ["pwd", "otp"], "new_browser": person.is_elsewhere(),
                "journey": journey });
            self.record((EventKind::SignIn, Outcome::Passed), person, ip, detail);
        }
        if !ways.gives_up {
            self.typing.push_back(Typing {
                at: self.now + TO_TYPE,
                person: *person,
                ip: ip.to_owned(),
                mail,
                errs: u32::from(ways.code_errs),
            });
        }
        true
    }

    pub(super) async fn type_code(&mut self, typing: Typing) {
        let (person, ip) = (typing.person, typing.ip.as_str());
        for _ in 0..typing.errs {
            let _wrong = self.code(&person, ip, false).await;
        }
        if !self.code(&person, ip, true).await {
            self.hindered(&person, ip).await;
            return;
        }
        self.throttle.after_success(typing.mail).await;
        let detail = json!({ "amr": ["pwd", "otp"], "new_browser": person.is_elsewhere() });
        let kind = (EventKind::SignIn, Outcome::Passed);
        self.record(kind, &person, ip, detail);
    }

    /// Strangers are in the way: at a new device the owner goes by the mailed link (THR-04).
    async fn hindered(&mut self, person: &Person, ip: &str) {
        if !person.is_elsewhere() {
            self.owners.hindered_known += 1;
            return;
        }
        self.owners.by_mail += 1;
        let _newest_counts = self.reset(person, ip).await;
        let link = self.links.get(&person.index());
        let works = link.is_some_and(|mailed| self.now < *mailed + LINK_LIFE);
        let owner = person.let_in();
        let right = works && self.password(&owner, ip, owner.password()).await == Answer::Right;
        let mail = match right {
            true => self.mail_code(&owner, ip).await,
            false => None,
        };
        match mail {
            Some(mail) if self.code(&owner, ip, true).await => {
                self.throttle.after_success(mail).await;
                let detail = json!({ "amr": ["pwd", "otp"], "new_browser": true });
                let kind = (EventKind::SignIn, Outcome::Passed);
                self.record(kind, person, ip, detail);
                self.runs.remove(&(person.index(), DeviceClass::Unknown));
            }
            Some(_) | None => self.owners.locked_out += 1,
        }
    }

    /// Somebody asks for a reset link. Whether one was mailed.
    pub async fn reset(&mut self, person: &Person, ip: &str) -> bool {
        let account = person.index();
        let mail = ResetMail {
            account: &account,
            ip,
            recipient_domain: DOMAIN,
        };
        let pass = self.throttle.before_reset_mail(mail, self.now).await;
        if passed(pass).is_none() {
            return false;
        }
        self.links.insert(account, self.now);
        let kind = (EventKind::ResetAsked, Outcome::Passed);
        self.record(kind, person, ip, json!({}));
        true
    }

    /// Somebody without an account has an address proved. Whether a code was mailed.
    pub async fn newcomer(&mut self, person: &Person, ip: &str) -> bool {
        let recipient = person.index();
        let mail = ProofMail {
            recipient: &recipient,
            ip,
            recipient_domain: DOMAIN,
        };
        let pass = self.throttle.before_proof_mail(mail, self.now).await;
        if passed(pass).is_none() {
            return false;
        }
        let kind = (EventKind::AddressProof, Outcome::Passed);
        self.record(kind, person, ip, json!({ "step": "asked" }));
        true
    }
}
