//! Words about who may use, stops or looks at an account.

use super::{View, harmless, second_steps};
use crate::{RecoveryNews, Taken};

pub(super) const fn subject(what: RecoveryNews) -> &'static str {
    match what {
        RecoveryNews::AppAllowed => "app-allowed-subject",
        RecoveryNews::AccountStopped => "account-stopped-subject",
        RecoveryNews::AccountOpened => "account-opened-subject",
        RecoveryNews::OperatorLooked => "operator-looked-subject",
        RecoveryNews::OperatorTook => "operator-took-subject",
        factor => second_steps::subject(factor),
    }
}

impl View {
    /// Sets whether the person can do something about it; the first sentence.
    pub(super) fn access(&mut self, what: RecoveryNews) -> &'static str {
        let (lead, over) = match what {
            RecoveryNews::AppAllowed => ("app-allowed-lead", false),
            RecoveryNews::AccountStopped => ("account-stopped-lead", true),
            RecoveryNews::AccountOpened => ("account-opened-lead", true),
            RecoveryNews::OperatorLooked => ("operator-looked-lead", true),
            RecoveryNews::OperatorTook => ("operator-took-lead", true),
            factor => return second_steps::lead(factor),
        };
        self.over = over;
        lead
    }

    /// What a denial took back, one line each.
    pub(super) fn taken(&mut self, taken: &[Taken]) -> Result<(), askama::Error> {
        for one in taken {
            let key = match one {
                Taken::Factors => "taken-factors",
                Taken::FactorsStay => "taken-factors-stay",
                Taken::Codes => "taken-codes",
                Taken::Networks => "taken-networks",
                Taken::NetworksStay => "taken-networks-stay",
                Taken::SecondStep => "taken-second-step",
                Taken::Alerts => "taken-alerts",
                Taken::Deletion => "taken-deletion",
            };
            self.row("label-taken", self.say(key)?)?;
        }
        Ok(())
    }

    /// The apps it is about, and how often it happened.
    pub(super) fn about(&mut self, apps: &[String], again: u32) -> Result<(), askama::Error> {
        for app in apps.iter().filter_map(|app| harmless(app)) {
            self.row("label-app", app)?;
        }
        if again > 0 {
            self.put("times", again.saturating_add(1).to_string());
            self.row("label-times", self.say("times-words")?)?;
        }
        Ok(())
    }
}
