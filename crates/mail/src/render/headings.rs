//! The heading of each notice. No kind shares one with another: a heading that fits none of them would stand over
//! letters it does not fit.

use crate::RecoveryNews;

pub(super) const fn of(what: RecoveryNews) -> &'static str {
    match what {
        RecoveryNews::CodeUsed { .. } => "recovery-used-title",
        RecoveryNews::CodesMade => "recovery-made-title",
        RecoveryNews::Waiting { .. } => "recovery-waiting-title",
        RecoveryNews::ResetStarted => "recovery-started-title",
        RecoveryNews::CodeAddressSet => "recovery-address-title",
        RecoveryNews::AddressUndone => "recovery-undone-title",
        RecoveryNews::SignInDenied | RecoveryNews::SignInDeniedOnly => "recovery-denied-title",
        RecoveryNews::BrowserStolen => "browser-stolen-title",
        RecoveryNews::SecondStepOn => "second-step-on-title",
        RecoveryNews::SecondStepOff => "second-step-off-title",
        RecoveryNews::AppAdded => "app-added-title",
        RecoveryNews::AppRemoved => "app-removed-title",
        RecoveryNews::PasskeyAdded => "passkey-added-title",
        RecoveryNews::PasskeyRemoved => "passkey-removed-title",
        RecoveryNews::FactorLost { .. } => "factor-lost-title",
        RecoveryNews::FactorDenied { .. } => "factor-denied-title",
        RecoveryNews::FactorKept => "factor-kept-title",
        RecoveryNews::FactorsGivenUp => "factors-given-up-title",
        RecoveryNews::CodeAddressLost { .. } => "address-lost-title",
        RecoveryNews::CodeAddressKept => "address-kept-title",
        RecoveryNews::AlertsOfNewDevices | RecoveryNews::AlertsOff => "alerts-fewer-title",
        RecoveryNews::DeletionAsked { .. } => "deletion-asked-title",
        RecoveryNews::DeletionSoon { .. } => "deletion-soon-title",
        RecoveryNews::DeletionStopped => "deletion-stopped-title",
        RecoveryNews::DeletionDone => "deletion-done-title",
        RecoveryNews::AddressReleased => "address-released-title",
        RecoveryNews::AddressGiven => "address-given-title",
        RecoveryNews::NetworksSet { .. } => "networks-set-title",
        RecoveryNews::NetworksCleared => "networks-cleared-title",
        RecoveryNews::OutsideNetworks => "networks-outside-title",
        RecoveryNews::DataTaken => "data-taken-title",
        RecoveryNews::AppAllowed => "app-allowed-title",
        RecoveryNews::AccountStopped => "account-stopped-title",
        RecoveryNews::AccountOpened => "account-opened-title",
        RecoveryNews::OperatorLooked => "operator-looked-title",
        RecoveryNews::OperatorTook => "operator-took-title",
    }
}
