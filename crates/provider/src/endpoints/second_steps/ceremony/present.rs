use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sekisho_model::Digest;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use webauthn_rs::prelude::{
    Passkey, PasskeyAuthentication, PasskeyRegistration, PublicKeyCredential,
    RegisterPublicKeyCredential, Url, Uuid, Webauthn, WebauthnBuilder, WebauthnError,
};

use super::{Answered, Asker, Made, Newcomer, Question, Refusal};

/// How long a browser waits for a passkey, in milliseconds.
const PATIENCE_MILLIS: u32 = 300_000;

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

/// A question in words that do not depend on whether there are passkeys: the credentials of `question`, or invented
/// ones that are the same each time (Web Authentication §14.6.2).
pub(in super::super) fn guise(
    asker: Asker<'_>,
    question: Option<&Question>,
    (invented, challenge): (Digest, &[u8; 32]),
) -> Option<String> {
    let host = Url::parse(asker.issuer).ok()?.domain()?.to_owned();
    let options = question.map(|question| serde_json::from_str::<Value>(&question.options));
    let options = options.and_then(Result::ok);
    let member = |name: &str| options.as_ref()?.get("publicKey")?.get(name).cloned();
    let real = member("allowCredentials").and_then(|list| {
        let ids = list.as_array()?.iter().map(|one| one.get("id").cloned());
        ids.collect::<Option<Vec<Value>>>()
    });
    let ids = real.unwrap_or_else(|| {
        invented_ids(&invented)
            .into_iter()
            .map(Value::from)
            .collect()
    });
    let challenge = member("challenge").unwrap_or_else(|| URL_SAFE_NO_PAD.encode(challenge).into());
    let credentials: Vec<Value> = ids
        .into_iter()
        .map(|id| json!({ "type": "public-key", "id": id }))
        .collect();
    let options = json!({ "publicKey": {
        "challenge": challenge,
        "timeout": PATIENCE_MILLIS,
        "rpId": host,
        "allowCredentials": credentials,
        "userVerification": "required",
    }});
    serde_json::to_string(&options).ok()
}

/// One or two ids as long as authenticators make them.
fn invented_ids(seed: &Digest) -> Vec<String> {
    let drawn = |name: &[u8]| Digest::keyed(seed.as_bytes(), &[name]);
    let byte = |at: usize| usize::from(seed.as_bytes().get(at).copied().unwrap_or_default());
    let many = if byte(0).is_multiple_of(4) { 2 } else { 1 };
    let one = |place: u8| {
        let lengths = [16, 20, 32, 48, 64];
        let length = lengths
            .get(byte(usize::from(place) + 1) % lengths.len())
            .copied()
            .unwrap_or(32);
        let (first, second) = (drawn(&[place, 0]), drawn(&[place, 1]));
        let bytes = first.as_bytes().iter().chain(second.as_bytes());
        let bytes: Vec<u8> = bytes.copied().take(length).collect();
        URL_SAFE_NO_PAD.encode(bytes)
    };
    (0..many).map(one).collect()
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
