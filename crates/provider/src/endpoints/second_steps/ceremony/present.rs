use serde::de::DeserializeOwned;
use serde_json::Value;
use webauthn_rs::prelude::{
    Passkey, PasskeyAuthentication, PasskeyRegistration, PublicKeyCredential,
    RegisterPublicKeyCredential, Url, Uuid, Webauthn, WebauthnBuilder, WebauthnError,
};

use super::{Answered, Asker, Made, Newcomer, Question, Refusal};

/// Longest answer that is read, in bytes.
const LONGEST_ANSWER: usize = 16_384;

/// `None` for an issuer whose host is an address: passkeys hang on names.
fn webauthn(asker: Asker<'_>) -> Option<Webauthn> {
    let origin = Url::parse(asker.issuer).ok()?;
    let builder = WebauthnBuilder::new(origin.domain()?, &origin).ok()?;
    builder.rp_name(asker.service).build().ok()
}

fn read<T: DeserializeOwned>(answer: &str) -> Option<T> {
    let plausible = answer.len() <= LONGEST_ANSWER;
    plausible
        .then(|| serde_json::from_str(answer).ok())
        .flatten()
}

fn passkeys(stored: &[Value]) -> Vec<Passkey> {
    let read = |one: &Value| serde_json::from_value(one.clone()).ok();
    stored.iter().filter_map(read).collect()
}

fn question(options: &impl serde::Serialize, state: &impl serde::Serialize) -> Option<Question> {
    Some(Question {
        options: serde_json::to_string(options).ok()?,
        state: serde_json::to_vec(state).ok()?,
    })
}

/// What a browser is asked to make a passkey.
pub(in super::super) fn begin(asker: Asker<'_>, whose: &Newcomer<'_>) -> Option<Question> {
    let user = Uuid::parse_str(&whose.user.to_string()).ok()?;
    let known = passkeys(whose.present);
    let known = known.iter().map(|one| one.cred_id().clone()).collect();
    let (options, state) = webauthn(asker)?
        .start_passkey_registration(user, whose.address, whose.address, Some(known))
        .ok()?;
    question(&options, &state)
}

/// Whether what the browser made fits the question.
pub(in super::super) fn finish(asker: Asker<'_>, answer: &str, state: &[u8]) -> Option<Made> {
    let answer: RegisterPublicKeyCredential = read(answer)?;
    let state: PasskeyRegistration = serde_json::from_slice(state).ok()?;
    let made = webauthn(asker)?.finish_passkey_registration(&answer, &state);
    let made = made.map_err(|why| tracing::debug!(%why, "a new passkey was refused"));
    let made = made.ok()?;
    Some(Made {
        credential: made.cred_id().clone(),
        passkey: serde_json::to_value(&made).ok()?,
    })
}

/// What a browser is asked to answer with one of these passkeys.
pub(in super::super) fn ask(asker: Asker<'_>, stored: &[Value]) -> Option<Question> {
    let known = passkeys(stored);
    if known.is_empty() {
        return None;
    }
    let (options, state) = webauthn(asker)?.start_passkey_authentication(&known).ok()?;
    question(&options, &state)
}

/// Whether the answer fits the question, and to which of the passkeys it belongs.
pub(in super::super) fn verify(
    asker: Asker<'_>,
    (answer, state): (&str, &[u8]),
    stored: &[Value],
) -> Result<Answered, Refusal> {
    let answer: PublicKeyCredential = read(answer).ok_or(Refusal::Wrong)?;
    let state = serde_json::from_slice::<PasskeyAuthentication>(state);
    let state = state.map_err(|_unreadable| Refusal::Wrong)?;
    let webauthn = webauthn(asker).ok_or(Refusal::Wrong)?;
    let result = webauthn
        .finish_passkey_authentication(&answer, &state)
        .map_err(|why| {
            tracing::debug!(%why, "the answer of a passkey was refused");
            match why {
                WebauthnError::CredentialPossibleCompromise => Refusal::Copied,
                _ => Refusal::Wrong,
            }
        })?;
    let mut known = passkeys(stored);
    let used = known
        .iter_mut()
        .find(|one| one.cred_id() == result.cred_id())
        .ok_or(Refusal::Wrong)?;
    let _changed = used.update_credential(&result);
    Ok(Answered {
        credential: used.cred_id().clone(),
        passkey: serde_json::to_value(&*used).map_err(|_unwritable| Refusal::Wrong)?,
        counter: result.counter(),
        copied: result.backup_eligible(),
    })
}
