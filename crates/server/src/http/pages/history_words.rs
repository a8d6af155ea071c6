use sekisho_audit::history::{HistoryEntry, is_by_operator, is_outside};
use sekisho_model::{EventKind, Outcome};
use serde_json::Value;

/// The keys for what a row says happened, and how.
pub(super) fn keys(entry: &HistoryEntry) -> (&'static str, &'static str) {
    match entry.kind {
        EventKind::SignIn => signed_in(entry),
        EventKind::CodeAsked | EventKind::CodeTried => at_the_code(entry),
        EventKind::SignOut => ("did-sign-out", "how-by-you"),
        EventKind::SessionEnded => ended(&entry.detail),
        EventKind::TrustedBrowserStolen => ("did-browser-stolen", "how-browser-ended"),
        EventKind::NotMe => ("did-not-me", "how-by-you"),
        EventKind::Consent => match entry.outcome {
            Outcome::Passed => ("did-allow-app", "how-by-you"),
            _ => ("did-deny-app", "how-nothing-given"),
        },
        EventKind::DeviceDecided => match entry.outcome {
            Outcome::Passed => ("did-allow-device", "how-by-you"),
            Outcome::Denied => ("did-deny-device", "how-nothing-given"),
            _ => ("did-wrong-device", "how-nothing-given"),
        },
        EventKind::Revocation => ("did-revoke", "how-access-ended"),
        EventKind::SettingChanged => setting(entry),
        EventKind::ResetAsked => reset_asked(&entry.detail),
        EventKind::PasswordChanged => password(entry),
        EventKind::RecoveryCodes => recovery_codes(entry),
        EventKind::FactorChanged => factor(&entry.detail),
        EventKind::AddressChanged => address(&entry.detail),
        EventKind::UserCreated => created(&entry.detail),
        EventKind::Deletion => deletion(&entry.detail),
        EventKind::AccountRead => ("did-look", "how-by-operator"),
        EventKind::UsersExported => ("did-take-data", by_whom(&entry.detail)),
        EventKind::Authorization
        | EventKind::CodeRedeemed
        | EventKind::Refresh
        | EventKind::DeviceRedeemed
        | EventKind::TokenExchanged
        | EventKind::ClientCredentials => ("did-app", "how-by-app"),
        EventKind::AddressProof
        | EventKind::Invitation
        | EventKind::CohortMarked
        | EventKind::UsersImported
        | EventKind::ClientChanged
        | EventKind::NoticeSent
        | EventKind::AddressReleased
        | EventKind::KeyChanged
        | EventKind::LevelChanged
        | EventKind::FeatureSwitched
        | EventKind::EpochMoved
        | EventKind::AlertTested
        | EventKind::EventsRead
        | EventKind::BlockChanged
        | EventKind::RuleFired
        | EventKind::RulesChanged
        | EventKind::ProbesSeen
        | EventKind::ProofReplayed
        | EventKind::BulkRead
        | EventKind::CanaryChanged
        | EventKind::CanaryTouched
        | EventKind::OperatorToken
        | EventKind::Advisory
        | EventKind::MailFailing => ("did-change", "how-by-operator"),
    }
}

/// Somebody who was held up asked for the link, or used one, without wanting another password.
fn reset_asked(detail: &Value) -> (&'static str, &'static str) {
    let wants = detail.get("wants").and_then(Value::as_str);
    if wants == Some("let_in") || is_true(detail, "let_in") {
        ("did-ask-let-in", "how-let-in")
    } else {
        ("did-ask-reset", "how-mail-link")
    }
}

fn recovery_codes(entry: &HistoryEntry) -> (&'static str, &'static str) {
    match entry.outcome {
        Outcome::Passed if entry.detail.get("made").is_some() => {
            ("did-make-recovery-codes", "how-by-you")
        }
        Outcome::Passed => ("did-use-recovery-code", "how-by-you"),
        _ => ("did-wrong-recovery-code", "how-nobody-in"),
    }
}

fn created(detail: &Value) -> (&'static str, &'static str) {
    match detail.get("how").and_then(Value::as_str) {
        Some("sign_up") => ("did-create", "how-by-you"),
        _ => ("did-create", "how-by-operator"),
    }
}

fn signed_in(entry: &HistoryEntry) -> (&'static str, &'static str) {
    match entry.outcome {
        Outcome::Passed if has_method(&entry.detail, "hwk") || has_method(&entry.detail, "swk") => {
            ("did-sign-in", "how-passkey")
        }
        Outcome::Passed if has_method(&entry.detail, "otp") => ("did-sign-in", "how-code"),
        Outcome::Passed if is_true(&entry.detail, "trusted_browser") => {
            ("did-sign-in", "how-trusted-browser")
        }
        Outcome::Passed => ("did-sign-in", "how-password"),
        Outcome::WrongPassword => ("did-wrong-password", "how-nobody-in"),
        Outcome::Blocked => ("did-block", "how-many-tries"),
        Outcome::Disabled => ("did-block", "how-account-stopped"),
        Outcome::Refused if is_outside(entry) => ("did-outside-networks", "how-nobody-in"),
        Outcome::WrongCode
        | Outcome::ExpiredCode
        | Outcome::Denied
        | Outcome::Replayed
        | Outcome::Refused => ("did-block", "how-nobody-in"),
    }
}

/// Whether the other devices stayed is the choice of whoever changes it.
fn password(entry: &HistoryEntry) -> (&'static str, &'static str) {
    match entry.outcome {
        Outcome::Passed if is_true(&entry.detail, "others_stay") => {
            ("did-change-password", "how-others-stay")
        }
        Outcome::Passed => ("did-change-password", "how-signed-out"),
        _ => ("did-not-change-password", "how-nothing-changed"),
    }
}

fn is_true(detail: &Value, name: &str) -> bool {
    detail.get(name).and_then(Value::as_bool) == Some(true)
}

/// Whoever came here knew the password.
fn at_the_code(entry: &HistoryEntry) -> (&'static str, &'static str) {
    let stopped = entry.detail.get("stopped").and_then(Value::as_bool);
    match entry.outcome {
        _ if stopped == Some(true) => ("did-stop-code", "how-password-right"),
        Outcome::Passed => ("did-ask-code", "how-password-right"),
        Outcome::ExpiredCode => ("did-late-code", "how-password-right"),
        Outcome::Blocked => ("did-block", "how-password-right"),
        _ => ("did-wrong-code", "how-password-right"),
    }
}

fn factor(detail: &Value) -> (&'static str, &'static str) {
    let text = |name| detail.get(name).and_then(Value::as_str);
    let how = if detail.get("reason").is_some() {
        "how-by-operator"
    } else {
        "how-by-you"
    };
    match (text("step"), text("factor")) {
        (Some("adding"), _) => ("did-wrong-code", "how-nothing-changed"),
        (Some("added"), Some("totp")) => ("did-add-app", how),
        (Some("added"), _) => ("did-add-passkey", how),
        (Some("renamed"), _) => ("did-rename-passkey", how),
        (Some("removed"), Some("totp")) => ("did-remove-app", how),
        (Some("removed"), _) => ("did-remove-passkey", how),
        (Some("lost"), _) => ("did-report-loss", "how-password-right"),
        (Some("kept"), _) => ("did-stop-loss", how),
        _ => ("did-give-up-factors", "how-code"),
    }
}

fn address(detail: &Value) -> (&'static str, &'static str) {
    let text = |name| detail.get(name).and_then(Value::as_str);
    match text("step") {
        Some("lost") => return ("did-report-address", "how-address-lost"),
        Some("kept") => return ("did-keep-address", "how-address-kept"),
        _ => {}
    }
    let how = if text("step") == Some("undone") {
        "how-address-undone"
    } else {
        "how-by-you"
    };
    match text("which") {
        Some("login") => ("did-change-login-address", how),
        _ => ("did-change-code-address", how),
    }
}

fn deletion(detail: &Value) -> (&'static str, &'static str) {
    let text = |name| detail.get(name).and_then(Value::as_str);
    let how = match text("by") {
        Some("person") => "how-by-you",
        _ => "how-by-operator",
    };
    match text("step") {
        Some("stopped") => ("did-stop-deletion", how),
        _ => ("did-ask-deletion", how),
    }
}

fn ended(detail: &Value) -> (&'static str, &'static str) {
    let by_person = detail.get("by").and_then(Value::as_str) == Some("person");
    let how = if by_person {
        "how-by-you"
    } else {
        "how-by-operator"
    };
    match detail.get("others") {
        Some(_) => ("did-end-others", how),
        None => ("did-end-session", how),
    }
}

fn by_whom(detail: &Value) -> &'static str {
    if is_by_operator(detail) {
        "how-by-operator"
    } else {
        "how-by-you"
    }
}

/// What did not come to pass is never told as if it had.
fn setting(entry: &HistoryEntry) -> (&'static str, &'static str) {
    match (entry.outcome, entry.detail.get("second_step")) {
        (Outcome::Passed, _) => changed(&entry.detail),
        (_, Some(_)) => ("did-not-switch-second-step", "how-nothing-changed"),
        (_, None) => ("did-not-change", "how-nothing-changed"),
    }
}

fn changed(detail: &Value) -> (&'static str, &'static str) {
    match detail.get("state").and_then(Value::as_str) {
        Some("disabled") => return ("did-stop-account", "how-by-operator"),
        Some(_) => return ("did-open-account", "how-by-operator"),
        None => {}
    }
    if detail.get("trusted_browsers").is_some() {
        return ("did-distrust", "how-by-you");
    }
    if detail.get("networks").is_some() {
        return ("did-networks", by_whom(detail));
    }
    if detail.get("profile").is_some() {
        return ("did-change-profile", "how-by-you");
    }
    if detail.get("language").is_some() {
        return ("did-change-language", "how-by-you");
    }
    match detail.get("second_step").and_then(Value::as_bool) {
        Some(true) => return ("did-second-step-on", "how-by-you"),
        Some(false) => return ("did-second-step-off", "how-by-you"),
        None => {}
    }
    let alert = detail.get("alert").and_then(Value::as_str);
    match alert {
        Some("every") => ("did-change-alert", "alert-every"),
        Some("new_device") => ("did-change-alert", "alert-new-device"),
        Some("off") => ("did-change-alert", "alert-off"),
        Some(_) | None => ("did-change", "how-setting"),
    }
}

fn has_method(detail: &Value, name: &str) -> bool {
    let methods = detail.get("amr").and_then(Value::as_array);
    methods.is_some_and(|methods| methods.iter().any(|method| method == name))
}

#[cfg(test)]
mod tests {
    use sekisho_audit::NewEvent;
    use sekisho_audit::history::entries;
    use sekisho_model::{Origin, SeededEntropy, Timestamp};
    use serde_json::json;

    use super::*;

    fn told(kind: EventKind, outcome: Outcome, detail: Value) -> (&'static str, &'static str) {
        let (at, entropy) = (Timestamp::from_seconds(0), SeededEntropy::new(1));
        let event = NewEvent::new(kind, outcome).happened(at, &Origin::default(), &entropy);
        let event = sekisho_model::Event { detail, ..event };
        keys(&entries(&[event])[0])
    }

    #[test]
    fn s_11_an_attempt_that_failed_is_not_told_as_done() {
        let kind = EventKind::SettingChanged;
        let off = json!({ "second_step": false });
        let wrong = told(kind, Outcome::WrongPassword, off.clone());
        assert_eq!(wrong, ("did-not-switch-second-step", "how-nothing-changed"));
        let done = told(kind, Outcome::Passed, off);
        assert_eq!(done, ("did-second-step-off", "how-by-you"));
        for outcome in [Outcome::WrongPassword, Outcome::Refused, Outcome::Blocked] {
            for detail in [
                json!({ "networks": 1 }),
                json!({ "alert": "off" }),
                json!({}),
            ] {
                let (what, how) = told(kind, outcome, detail);
                assert_eq!((what, how), ("did-not-change", "how-nothing-changed"));
            }
        }
    }

    #[test]
    fn td_07_what_an_operator_did_is_told_as_the_operator_s() {
        let by_operator = "how-by-operator";
        let state = |state| json!({ "command": "user disable", "state": state, "reason": "r" });
        let setting = EventKind::SettingChanged;
        for (kind, detail, what) in [
            (setting, state("disabled"), "did-stop-account"),
            (setting, state("active"), "did-open-account"),
            (
                setting,
                json!({ "command": "c", "networks": 0 }),
                "did-networks",
            ),
            (
                EventKind::UsersExported,
                json!({ "own_data": true, "by": "operator" }),
                "did-take-data",
            ),
        ] {
            assert_eq!(told(kind, Outcome::Passed, detail), (what, by_operator));
        }
        let own = json!({ "own_data": true, "by": "person" });
        let own = told(EventKind::UsersExported, Outcome::Passed, own);
        assert_eq!(own, ("did-take-data", "how-by-you"));
    }
}
