//! Redeeming an authorization code (RFC 6749 §4.1.3, RFC 7636 §4.6; TK-08..11, PK-05).

use sekisho_model::{Client, ClientId, CodeRecord, Grant, Timestamp};

use super::pkce;

/// What the client sends with the code.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    /// The authenticated client.
    pub client_id: &'a ClientId,
    /// `redirect_uri`.
    pub redirect_uri: Option<&'a str>,
    /// `code_verifier`.
    pub code_verifier: Option<&'a str>,
    /// Thumbprint of the key of its `DPoP` proof.
    pub key: Option<&'a str>,
}

/// What to do with a code that exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Mark it used; the first to do so gets tokens.
    Redeem,
    /// It was used before, and the right client presents it: end everything it produced (TK-09).
    RevokeFamily,
    /// Mark it used and refuse: the code has leaked or the client is confused (PK-05).
    Burn(&'static str),
    /// Refuse and change nothing: somebody else's code, or too late.
    Refuse(&'static str),
}

/// Decides about `code`, whose grant is `grant` and whose standing was checked by the caller.
pub fn decide(
    code: &CodeRecord,
    grant: &Grant,
    ask: Ask<'_>,
    client: &Client,
    now: Timestamp,
) -> Decision {
    if code.client_id != *ask.client_id || client.client_id != *ask.client_id {
        // TK-10. A stranger must not be able to end the rightful client's session.
        return Decision::Refuse("the code belongs to another client");
    }
    if code.used_at.is_some() {
        return Decision::RevokeFamily;
    }
    if now >= code.expires_at {
        return Decision::Refuse("the code has expired");
    }
    if grant.revoked_at.is_some() {
        return Decision::Refuse("the grant was revoked");
    }
    if ask.redirect_uri != Some(code.redirect_uri.as_str()) {
        return Decision::Burn("redirect_uri differs from the authorization request");
    }
    if !pkce::verifies(code.code_challenge.as_deref(), ask.code_verifier) {
        return Decision::Burn("code_verifier does not fit");
    }
    if code.dpop_jkt.is_some() && code.dpop_jkt.as_deref() != ask.key {
        // DP-07
        return Decision::Burn("the DPoP key differs from the authorization request");
    }
    Decision::Redeem
}

#[cfg(test)]
pub(crate) mod sample {
    use sekisho_model::{
        AuthenticationMethod, Digest, Epoch, GrantId, GrantTerms, Locale, ScopeSet, SeededEntropy,
        SessionId, UserId,
    };

    use super::*;

    pub(crate) fn grant(now: Timestamp) -> Grant {
        let entropy = SeededEntropy::new(5);
        Grant {
            id: GrantId::new(now, &entropy),
            client_id: ClientId::new("web"),
            user_id: UserId::new(now, &entropy),
            session_id: SessionId::new(now, &entropy),
            scope: ScopeSet::parse("openid").unwrap(),
            terms: GrantTerms::default(),
            auth_time: now,
            methods: vec![AuthenticationMethod::Pwd],
            epoch: Epoch(0),
            created_at: now,
            revoked_at: None,
        }
    }

    pub(crate) fn code(grant: &Grant, now: Timestamp) -> CodeRecord {
        CodeRecord {
            digest: Digest::of(b"code"),
            grant_id: grant.id,
            client_id: grant.client_id.clone(),
            redirect_uri: "https://app.example/cb".to_owned(),
            code_challenge: Some("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM".to_owned()),
            nonce: None,
            dpop_jkt: None,
            auth_time_required: false,
            locale: Locale::Ja,
            expires_at: now + std::time::Duration::from_mins(1),
            used_at: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::rules::client_metadata::sample::web;

    const NOW: Timestamp = Timestamp::from_seconds(1000);

    fn run(
        change: impl FnOnce(&mut CodeRecord, &mut Grant),
        ask: Ask<'_>,
        now: Timestamp,
    ) -> Decision {
        let mut grant = sample::grant(NOW);
        let mut code = sample::code(&grant, NOW);
        change(&mut code, &mut grant);
        let client = Client {
            client_id: ask.client_id.clone(),
            ..web("https://app.example/cb")
        };
        decide(&code, &grant, ask, &client, now)
    }

    fn ask(client_id: &ClientId) -> Ask<'_> {
        Ask {
            client_id,
            redirect_uri: Some("https://app.example/cb"),
            code_verifier: Some("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
            key: None,
        }
    }

    #[test]
    fn the_right_client_redeems_in_time() {
        let web = ClientId::new("web");
        assert_eq!(run(|_, _| {}, ask(&web), NOW), Decision::Redeem);
    }

    #[test]
    fn az_14_a_code_lives_at_most_its_life() {
        let web = ClientId::new("web");
        let late = NOW + Duration::from_mins(1);
        assert!(matches!(
            run(|_, _| {}, ask(&web), late),
            Decision::Refuse(_)
        ));
    }

    #[test]
    fn tk_09_a_second_use_by_the_right_client_ends_the_family_and_by_others_nothing() {
        let (web, other) = (ClientId::new("web"), ClientId::new("other"));
        let used = |code: &mut CodeRecord, _: &mut Grant| code.used_at = Some(NOW);
        assert_eq!(
            run(used, ask(&web), NOW + Duration::from_hours(1)),
            Decision::RevokeFamily
        );
        assert!(matches!(run(used, ask(&other), NOW), Decision::Refuse(_)));
    }

    #[test]
    fn pk_05_a_failed_check_burns_the_code() {
        let web = ClientId::new("web");
        let wrong = Ask {
            code_verifier: Some("x"),
            ..ask(&web)
        };
        assert!(matches!(run(|_, _| {}, wrong, NOW), Decision::Burn(_)));
        let elsewhere = Ask {
            redirect_uri: Some("https://app.example/"),
            ..ask(&web)
        };
        assert!(matches!(run(|_, _| {}, elsewhere, NOW), Decision::Burn(_)));
        let missing = Ask {
            redirect_uri: None,
            ..ask(&web)
        };
        assert!(matches!(run(|_, _| {}, missing, NOW), Decision::Burn(_)));
    }

    #[test]
    fn dp_07_a_code_bound_to_a_key_needs_that_key() {
        let web = ClientId::new("web");
        let bound = |code: &mut CodeRecord, _: &mut Grant| code.dpop_jkt = Some("key".to_owned());
        let with = |key| Ask { key, ..ask(&web) };
        assert_eq!(run(bound, with(Some("key")), NOW), Decision::Redeem);
        for wrong in [None, Some("other"), Some("")] {
            assert!(matches!(run(bound, with(wrong), NOW), Decision::Burn(_)));
        }
        // A code that is not bound may be redeemed for a bound token.
        assert_eq!(run(|_, _| {}, with(Some("key")), NOW), Decision::Redeem);
    }

    #[test]
    fn a_revoked_grant_gives_nothing() {
        let web = ClientId::new("web");
        let revoked = |_: &mut CodeRecord, grant: &mut Grant| grant.revoked_at = Some(NOW);
        assert!(matches!(run(revoked, ask(&web), NOW), Decision::Refuse(_)));
    }
}
