//! Words about second steps.

use crate::RecoveryNews;

pub(super) const fn lead(what: RecoveryNews) -> &'static str {
    match what {
        RecoveryNews::SecondStepOn => "second-step-on-lead",
        RecoveryNews::SecondStepOff => "second-step-off-lead",
        RecoveryNews::AppAdded => "app-added-lead",
        RecoveryNews::AppRemoved => "app-removed-lead",
        RecoveryNews::PasskeyAdded => "passkey-added-lead",
        RecoveryNews::PasskeyRemoved => "passkey-removed-lead",
        RecoveryNews::FactorLost { .. } => "factor-lost-lead",
        RecoveryNews::FactorKept => "factor-kept-lead",
        RecoveryNews::CodeAddressKept => "address-kept-lead",
        _ => "factors-given-up-lead",
    }
}

pub(super) const fn subject(what: RecoveryNews) -> &'static str {
    match what {
        RecoveryNews::SecondStepOn | RecoveryNews::SecondStepOff => "second-step-subject",
        RecoveryNews::AppAdded => "app-added-subject",
        RecoveryNews::AppRemoved => "app-removed-subject",
        RecoveryNews::PasskeyAdded => "passkey-added-subject",
        RecoveryNews::PasskeyRemoved => "passkey-removed-subject",
        RecoveryNews::FactorLost { .. } => "factor-lost-subject",
        RecoveryNews::FactorDenied { .. } => "factor-denied-subject",
        RecoveryNews::FactorKept => "factor-kept-subject",
        RecoveryNews::CodeAddressLost { .. } => "address-lost-subject",
        RecoveryNews::CodeAddressKept => "address-kept-subject",
        _ => "factors-given-up-subject",
    }
}
