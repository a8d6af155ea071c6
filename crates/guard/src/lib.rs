//! Protects sign-ins from guessing and people from unwanted mail.
//!
//! [`Throttle`] is what services call; [`Limits`] is what an operator may set; `rules/` says which
//! limits an act counts against, what an incident level stops ([`Situation`]), and which rule notices an
//! attack ([`Detector`]). Counters live in the session store, shared by all nodes. Invariants:
//! - an act is counted before its secret is checked, and given back if the secret was right (THR-07);
//! - a browser that is known to an account counts for itself alone, so that no number of strangers
//!   can keep the owner out (THR-03);
//! - when the session store is away, narrower limits inside this process take over (THR-12).

mod lately;
mod limits;
mod rules;
mod throttle;
mod ticket;

pub use limits::{
    ClientSecretLimits, CodeLimits, CodeMailLimits, DeviceLimits, Limits, PasswordLimits,
    ProofMailLimits, Rate, RegistrationLimits, ResetMailLimits, SignUpLimits, SourceLimits,
};
pub use rules::{
    Act, BackTest, DetectionRule, DetectionRules, Detector, Figures, Firing, Measures, Mode,
    OBSERVED, Observation, Pattern, Per, RuleProblem, Stopped, Subject, Totals, What,
    is_sent_by_a_page, network_of, probe,
};
pub use rules::{
    Admission, AdmissionSettings, Blocks, CONFIRM_WITHIN, ClientSecretTry, CodeMail, CodeTry,
    Concerned, ConfirmRefusal, DeviceClass, EndpointClass, FileLevel, Halt, InForce,
    PasswordAttempt, ProofMail, Registering, RequestLook, ResetMail, Situation, Tightening,
    UserCodeTry, overlap,
};
pub use rules::{Advisories, Advisory, AdvisorySeverity, AdvisoryStanding};
pub use rules::{Journey, Place};
pub use throttle::{BLOCK, GuardFailure, Pass, Throttle};
pub use ticket::Ticket;
