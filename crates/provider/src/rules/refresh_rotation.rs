//! Using a refresh token (RFC 6749 §6, RFC 9700 §4.14; RT-01..08; decisions: refresh tokens).

use std::time::Duration;

use sekisho_model::{Client, ClientId, Grant, RefreshRecord, ScopeSet, Timestamp};

/// Within this time the same successor is returned again, so that a lost answer is no lost session
/// (decisions: 60 s idempotent grace).
pub const GRACE: Duration = Duration::from_mins(1);

/// What to do with a refresh token that exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Exchange it: it works once, its successor takes over.
    Rotate,
    /// Keep it and issue an access token (confidential clients, and tokens bound to a key).
    Keep,
    /// Used a moment ago: answer with the same successor, if that is still unused.
    SameSuccessor,
    /// Used long ago: it was stolen, from the app or by the app. End the family (RT-06).
    RevokeFamily,
    /// Refuse and change nothing.
    Refuse(&'static str),
}

/// Decides about `token`, presented by the authenticated `client_id`.
pub fn decide(
    token: &RefreshRecord,
    grant: &Grant,
    client: &Client,
    client_id: &ClientId,
    now: Timestamp,
) -> Decision {
    if token.client_id != *client_id || client.client_id != *client_id {
        return Decision::Refuse("the refresh token belongs to another client");
    }
    if grant.revoked_at.is_some() {
        // RT-07: the grace cannot undo a revocation.
        return Decision::Refuse("the refresh token was revoked");
    }
    if now >= token.expires_at || now >= token.idle_until {
        return Decision::Refuse("the refresh token has expired");
    }
    match token.used_at {
        Some(used) if now < used + GRACE => Decision::SameSuccessor,
        Some(_) => Decision::RevokeFamily,
        // Bound to a key or certificate, it is of no use to a thief (RFC 9449 §5).
        None if client.is_public() && token.bound_to.is_none() => Decision::Rotate,
        None => Decision::Keep,
    }
}

/// RFC 6749 §6: the scope of the new access token; only less than what was granted (RT-03).
pub fn narrowed(granted: &ScopeSet, asked: Option<&ScopeSet>) -> Option<ScopeSet> {
    match asked {
        None => Some(granted.clone()),
        Some(asked) => (asked.is_within(granted) && !asked.is_empty()).then(|| asked.clone()),
    }
}

#[cfg(test)]
mod tests {
    use sekisho_model::Digest;

    use super::*;
    use crate::rules::client_metadata::sample::{public, web};
    use crate::rules::code_redemption::sample;

    const NOW: Timestamp = Timestamp::from_seconds(1000);

    fn token(used_at: Option<Timestamp>) -> (RefreshRecord, Grant) {
        let grant = sample::grant(NOW);
        let record = RefreshRecord {
            digest: Digest::of(b"refresh"),
            grant_id: grant.id,
            client_id: ClientId::new("spa"),
            issued_at: NOW,
            idle_until: NOW + Duration::from_hours(14 * 24),
            expires_at: NOW + Duration::from_hours(30 * 24),
            used_at,
            bound_to: None,
            successor: None,
        };
        (record, grant)
    }

    fn at(seconds: u64, used_at: Option<Timestamp>) -> Decision {
        let (record, grant) = token(used_at);
        let client = public("https://a.example/");
        decide(
            &record,
            &grant,
            &client,
            &client.client_id,
            NOW + Duration::from_secs(seconds),
        )
    }

    #[test]
    fn public_clients_rotate_and_confidential_ones_keep() {
        assert_eq!(at(1, None), Decision::Rotate);
        let (mut record, grant) = token(None);
        let client = web("https://a.example/");
        record.client_id = client.client_id.clone();
        assert_eq!(
            decide(&record, &grant, &client, &client.client_id, NOW),
            Decision::Keep
        );
    }

    #[test]
    fn dp_08_a_token_bound_to_a_key_is_kept() {
        let (mut record, grant) = token(None);
        record.bound_to = Some(sekisho_model::Confirmation::Key("key".to_owned()));
        let client = public("https://a.example/");
        assert_eq!(
            decide(&record, &grant, &client, &client.client_id, NOW),
            Decision::Keep
        );
    }

    #[test]
    fn rt_05_the_grace_returns_the_same_successor_and_ends() {
        assert_eq!(at(59, Some(NOW)), Decision::SameSuccessor);
        assert_eq!(at(60, Some(NOW)), Decision::RevokeFamily);
    }

    #[test]
    fn rt_01_idle_and_absolute_life_end() {
        assert!(matches!(at(14 * 86_400, None), Decision::Refuse(_)));
        let (mut record, grant) = token(None);
        record.idle_until = NOW + Duration::from_hours(40 * 24);
        let client = public("https://a.example/");
        let late = NOW + Duration::from_hours(30 * 24);
        assert!(matches!(
            decide(&record, &grant, &client, &client.client_id, late),
            Decision::Refuse(_)
        ));
    }

    #[test]
    fn rt_07_a_revoked_family_gives_nothing_even_in_the_grace() {
        let (record, mut grant) = token(Some(NOW));
        grant.revoked_at = Some(NOW);
        let client = public("https://a.example/");
        assert!(matches!(
            decide(&record, &grant, &client, &client.client_id, NOW),
            Decision::Refuse(_)
        ));
    }

    #[test]
    fn tk_10_another_client_only_fails() {
        let (record, grant) = token(Some(Timestamp::from_seconds(1)));
        let other = web("https://a.example/");
        assert!(matches!(
            decide(&record, &grant, &other, &other.client_id, NOW),
            Decision::Refuse(_)
        ));
    }

    #[test]
    fn rt_03_scope_only_shrinks() {
        let granted = ScopeSet::parse("openid email").unwrap();
        let less = ScopeSet::parse("openid").unwrap();
        let more = ScopeSet::parse("openid profile").unwrap();
        assert_eq!(narrowed(&granted, Some(&less)), Some(less));
        assert_eq!(narrowed(&granted, Some(&more)), None);
        assert_eq!(narrowed(&granted, None), Some(granted));
    }
}
