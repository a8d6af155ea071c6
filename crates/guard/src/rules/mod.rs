//! Which limits an act counts against, and what an incident level stops. Pure: values in, rules out.

mod act;
mod admission;
mod advisory;
mod block;
mod body_fields;
mod counter;
mod detection;
mod level;
mod origin;
mod situation;
mod travel;

pub use act::{
    ClientSecretTry, CodeMail, CodeTry, DeviceClass, PasswordAttempt, ProofMail, Registering,
    ResetMail, UserCodeTry,
};
pub(crate) use act::{
    account_change, account_export, client_secret, code_mail, code_of_strangers, code_try, crowded,
    device_request, password, proof_mail, registration, reset_mail, reset_mail_after_the_day_s,
    sign_up, slowed, slowed_mails, user_code,
};
pub(crate) use admission::turns_of;
pub use admission::{Admission, AdmissionSettings};
pub use advisory::{Advisories, Advisory, AdvisorySeverity, AdvisoryStanding};
pub use block::{Blocks, RequestLook, overlap};
pub(crate) use counter::Counter;
pub use detection::{
    Act, BackTest, DetectionRule, DetectionRules, Detector, Figures, Firing, Measures, Mode,
    OBSERVED, Observation, Pattern, Per, RuleProblem, Stopped, Subject, Totals, What,
    is_sent_by_a_page, network_of, probe,
};
pub use level::{EndpointClass, Halt, Tightening};
pub(crate) use origin::networks;
pub use situation::{CONFIRM_WITHIN, Concerned, ConfirmRefusal, FileLevel, InForce, Situation};
pub use travel::{Journey, Place};

/// One limit an act counts against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rule {
    /// Which limit.
    pub(crate) counter: Counter,
    /// Whom it concerns; only a keyed digest of it leaves this process.
    pub(crate) whom: String,
}
