//! Whether a person has to be asked, and what a decision grants (Core §3.1.2.4; CON-02, CON-03, CON-07).

use std::collections::BTreeSet;

use sekisho_model::{ApplicationType, Client, ClientOrigin, Consent, ScopeSet};

use super::claims;
use super::prompt::Prompt;

/// Whether the consent page has to be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConsentNeed {
    /// Already allowed, or a first-party client.
    None,
    /// The person has to be asked.
    Ask,
}

/// What an app wants.
#[derive(Debug, Clone)]
pub struct Wanted<'a> {
    /// By scope.
    pub scope: &'a ScopeSet,
    /// By the name of a claim.
    pub claims: BTreeSet<String>,
    /// For these resources.
    pub resources: BTreeSet<String>,
    /// Whether it asks for something in detail, which is never remembered (RFC 9396 §9).
    pub in_detail: bool,
}

impl Wanted<'_> {
    /// Claims that no wanted scope opens anyway.
    pub fn single_claims(&self) -> BTreeSet<String> {
        let opened: BTreeSet<&str> = self
            .scope
            .iter()
            .flat_map(claims::of_scope)
            .copied()
            .collect();
        let single = |name: &&String| !opened.contains(name.as_str());
        self.claims.iter().filter(single).cloned().collect()
    }

    fn is_within(&self, before: &Consent) -> bool {
        self.scope.is_within(&before.scope)
            && self.single_claims().is_subset(&before.claims)
            && self.resources.is_subset(&before.resources)
            && !self.in_detail
    }
}

/// Whether nobody is asked (CON-07). REG-07: what registered itself is never first-party.
pub fn is_first_party(client: &Client) -> bool {
    client.skip_consent && client.origin == ClientOrigin::Operator
}

/// Decides what is `wanted` given what was allowed before (CON-02).
pub fn need(
    client: &Client,
    wanted: &Wanted<'_>,
    before: Option<&Consent>,
    prompt: Prompt,
) -> ConsentNeed {
    let widened = !before.is_some_and(|consent| wanted.is_within(consent));
    let anyone_could_be_it =
        client.is_public() && client.application_type == ApplicationType::Native;
    let ask = prompt.consent
        || wanted.scope.contains("offline_access")
        || widened
        // RFC 8252 §8.6: a native app's identity cannot be assured, so nothing is remembered for it.
        || anyone_could_be_it;
    if ask && !is_first_party(client) {
        ConsentNeed::Ask
    } else {
        ConsentNeed::None
    }
}

/// What "allow" grants: everything required, and of the optional scopes those that were ticked.
pub fn granted(client: &Client, asked: &ScopeSet, ticked: &ScopeSet) -> ScopeSet {
    let optional = optional(client);
    let mut granted = asked.clone();
    for token in asked
        .iter()
        .filter(|token| optional.contains(token) && !ticked.contains(token))
    {
        granted = granted.without(token);
    }
    granted
}

/// Whether an app may from now on act while its person is signed out, and might not before (TD-07).
pub fn begins_offline_access(before: Option<&ScopeSet>, granted: &ScopeSet) -> bool {
    let offline = |scope: &ScopeSet| scope.contains("offline_access");
    offline(granted) && !before.is_some_and(offline)
}

/// The scopes a person may leave out: those the client marks, and always `offline_access`.
pub fn optional(client: &Client) -> ScopeSet {
    let offline = ScopeSet::parse("offline_access").unwrap_or_default();
    client
        .optional_scope
        .union(&offline.common(&client.scope))
        .without("openid")
}

#[cfg(test)]
mod tests {
    use sekisho_model::{SeededEntropy, Timestamp, UserId};

    use super::*;
    use crate::rules::client_metadata::sample::{native, web};

    fn scope(text: &str) -> ScopeSet {
        ScopeSet::parse(text).unwrap()
    }

    fn wanted(scope: &ScopeSet) -> Wanted<'_> {
        Wanted {
            scope,
            claims: BTreeSet::new(),
            resources: BTreeSet::new(),
            in_detail: false,
        }
    }

    fn before(client: &Client, text: &str) -> Consent {
        let now = Timestamp::from_seconds(1);
        let user_id = UserId::new(now, &SeededEntropy::new(1));
        Consent {
            user_id,
            client_id: client.client_id.clone(),
            scope: scope(text),
            claims: BTreeSet::new(),
            resources: BTreeSet::new(),
            granted_at: now,
        }
    }

    #[test]
    fn con_02_more_than_before_asks_again() {
        let client = web("https://a.example/");
        let old = before(&client, "openid email");
        let none = Prompt::default();
        assert_eq!(
            need(&client, &wanted(&scope("openid")), Some(&old), none),
            ConsentNeed::None
        );
        assert_eq!(
            need(&client, &wanted(&scope("openid profile")), Some(&old), none),
            ConsentNeed::Ask
        );
        assert_eq!(
            need(&client, &wanted(&scope("openid")), None, none),
            ConsentNeed::Ask
        );
    }

    #[test]
    fn con_03_consent_prompt_offline_access_and_native_apps_always_ask() {
        let client = web("https://a.example/");
        let old = before(&client, "openid offline_access");
        let asks = Prompt {
            consent: true,
            ..Prompt::default()
        };
        assert_eq!(
            need(&client, &wanted(&scope("openid")), Some(&old), asks),
            ConsentNeed::Ask
        );
        let none = Prompt::default();
        assert_eq!(
            need(
                &client,
                &wanted(&scope("openid offline_access")),
                Some(&old),
                none
            ),
            ConsentNeed::Ask
        );
        let app = native("http://127.0.0.1/");
        assert_eq!(
            need(
                &app,
                &wanted(&scope("openid")),
                Some(&before(&app, "openid")),
                none
            ),
            ConsentNeed::Ask
        );
    }

    #[test]
    fn td_07_offline_access_begins_once() {
        for (before, granted, begins) in [
            (None, "openid offline_access", true),
            (Some("openid"), "openid offline_access", true),
            (
                Some("openid offline_access"),
                "openid offline_access",
                false,
            ),
            (Some("openid offline_access"), "openid", false),
            (None, "openid email", false),
        ] {
            let before = before.map(scope);
            let found = begins_offline_access(before.as_ref(), &scope(granted));
            assert_eq!(found, begins, "{before:?} {granted}");
        }
    }

    #[test]
    fn con_07_first_party_clients_skip() {
        let client = Client {
            skip_consent: true,
            ..web("https://a.example/")
        };
        assert_eq!(
            need(&client, &wanted(&scope("openid")), None, Prompt::default()),
            ConsentNeed::None
        );
    }

    #[test]
    fn unticked_optional_scopes_are_left_out_and_required_ones_never() {
        let client = web("https://a.example/");
        let asked = scope("openid email offline_access");
        assert_eq!(
            granted(&client, &asked, &ScopeSet::default()),
            scope("openid email")
        );
        assert_eq!(
            granted(&client, &asked, &scope("offline_access profile")),
            asked
        );
    }

    #[test]
    fn con_02_single_claims_resources_and_details_ask_again() {
        let client = web("https://a.example/");
        let old = before(&client, "openid email");
        let asked = scope("openid email");
        let none = Prompt::default();
        let ask = |wanted: &Wanted<'_>| need(&client, wanted, Some(&old), none);
        assert_eq!(ask(&wanted(&asked)), ConsentNeed::None);
        let claims = |name: &str| Wanted {
            claims: [name.to_owned()].into(),
            ..wanted(&asked)
        };
        assert_eq!(ask(&claims("email")), ConsentNeed::None);
        assert_eq!(ask(&claims("name")), ConsentNeed::Ask);
        let resource = Wanted {
            resources: ["https://api.example/".to_owned()].into(),
            ..wanted(&asked)
        };
        assert_eq!(ask(&resource), ConsentNeed::Ask);
        let detail = Wanted {
            in_detail: true,
            ..wanted(&asked)
        };
        assert_eq!(ask(&detail), ConsentNeed::Ask);
    }

    #[test]
    fn reg_07_what_registered_itself_is_never_first_party() {
        let client = Client {
            skip_consent: true,
            origin: ClientOrigin::Dynamic,
            ..web("https://a.example/")
        };
        let asked = scope("openid");
        let need = need(&client, &wanted(&asked), None, Prompt::default());
        assert_eq!(need, ConsentNeed::Ask);
    }
}
