//! `sekisho user start-reset`, `reset-second-step`: for people who cannot get in by themselves, after the
//! operator has checked who asks (PW-27, REC-04).

use sekisho_model::EventKind;

use super::tree::Where;
use super::{CliError, event, output, services_at, users};

/// Mails a link; the operator sees neither it nor the new password.
pub(super) async fn start_reset(at: &Where, email: &str, reason: &str) -> Result<(), CliError> {
    let (_, services) = services_at(at).await?;
    let provider = &services.provider;
    let address = users::address(email)?;
    let account = provider.account_of(&address).await?;
    account.ok_or_else(users::unknown)?;
    let mut event = event(
        provider,
        &services,
        EventKind::ResetAsked,
        "user start-reset",
    );
    if let Some(detail) = event.detail.as_object_mut() {
        detail.insert("reason".to_owned(), reason.into());
    }
    if !provider.start_reset(&address, event).await? {
        return Err(CliError::refused(
            "Nothing was mailed: the account is stopped, or its sign-in address gets no mail.",
        ));
    }
    output::done("A link is on its way to the sign-in address; a code address of its own is told.");
    Ok(())
}

/// Puts another code address in place; the owner's addresses are told.
pub(super) async fn reset_second_step(
    at: &Where,
    email: &str,
    code_address: &str,
    reason: &str,
) -> Result<(), CliError> {
    let (_, services) = services_at(at).await?;
    let provider = &services.provider;
    let account = provider.account_of(&users::address(email)?).await?;
    let account = account.ok_or_else(users::unknown)?;
    let mut event = event(
        provider,
        &services,
        EventKind::SettingChanged,
        "user reset-second-step",
    );
    if let Some(detail) = event.detail.as_object_mut() {
        detail.insert("reason".to_owned(), reason.into());
    }
    let new = users::address(code_address)?;
    if !provider.set_code_address(&account, &new, event).await? {
        return Err(CliError::refused(format!(
            "no code can go to {new}: mail to it is behind this sign-in, or it was released"
        )));
    }
    output::done(
        "Codes go to the new address. All devices are signed out, and old recovery codes are void.",
    );
    Ok(())
}
