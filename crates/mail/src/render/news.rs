//! Words about what happened to an account.

use super::{View, headings};
use crate::{Letter, RecoveryNews, when};

impl View {
    /// The heading and the first sentence of a notice.
    pub(super) fn news(&mut self, letter: &Letter, what: RecoveryNews) {
        self.title = headings::of(what);
        self.lead = match what {
            RecoveryNews::CodeUsed { left } => {
                self.put("left", left.to_string());
                "recovery-used-lead"
            }
            RecoveryNews::CodesMade => "recovery-made-lead",
            RecoveryNews::Waiting { until } => {
                let until = when::date_time_zone(until, &letter.zone, letter.locale);
                self.put("until", until);
                "recovery-waiting-lead"
            }
            RecoveryNews::ResetStarted => "recovery-started-lead",
            RecoveryNews::CodeAddressSet => "recovery-address-lead",
            RecoveryNews::AddressUndone => "recovery-undone-lead",
            RecoveryNews::SignInDenied => "recovery-denied-lead",
            RecoveryNews::SignInDeniedOnly => "recovery-denied-only-lead",
            RecoveryNews::BrowserStolen => "browser-stolen-lead",
            RecoveryNews::DeletionAsked { at } => self.leaving(letter, at, "deletion-asked-lead"),
            RecoveryNews::FactorLost { until } => self.leaving(letter, until, "factor-lost-lead"),
            RecoveryNews::FactorDenied { until } => {
                self.leaving(letter, until, "factor-denied-lead")
            }
            RecoveryNews::CodeAddressLost { until } => {
                self.leaving(letter, until, "address-lost-lead")
            }
            RecoveryNews::DeletionSoon { at } => self.leaving(letter, at, "deletion-soon-lead"),
            RecoveryNews::DeletionStopped => "deletion-stopped-lead",
            RecoveryNews::DeletionDone => {
                self.over = true;
                "deletion-done-lead"
            }
            RecoveryNews::AddressReleased => "address-released-lead",
            RecoveryNews::AddressGiven => "address-given-lead",
            RecoveryNews::NetworksSet { count } => {
                self.put("count", count.to_string());
                "networks-set-lead"
            }
            RecoveryNews::NetworksCleared => "networks-cleared-lead",
            RecoveryNews::OutsideNetworks => "networks-outside-lead",
            RecoveryNews::AlertsOfNewDevices => "alerts-new-devices-lead",
            RecoveryNews::AlertsOff => "alerts-off-lead",
            RecoveryNews::DataTaken => "data-taken-lead",
            other => self.access(other),
        };
    }
}
