use sekisho_model::{Client, EventKind, GrantType, Outcome, ScopeSet};
use sekisho_store::RegisteredClient;
use serde_json::Value;

use super::issue::{Allowance, Bearer, token_type};
use super::{Asked, Issued, TokenResponse};
use crate::rules::oauth_error::TokenError;
use crate::rules::parameters::Parameters;
use crate::rules::{authorization_details, resource};
use crate::{Failure, Provider};

impl Provider {
    /// RFC 6749 §4.4, TK-13: no user, no refresh token, no `openid`. Touches no row: the event is
    /// committed in a group, and what was not recorded is not issued again once recording fails.
    pub(super) async fn client_credentials(
        &self,
        client: &RegisteredClient,
        form: &Parameters,
        asked_by: &Asked<'_>,
    ) -> Result<Issued, Failure> {
        let client = &client.client;
        if !client.may_use(GrantType::ClientCredentials) || client.is_public() {
            return Ok(Issued::Refused(TokenError::UnauthorizedClient));
        }
        let Some(scope) = machine_scope(&client.scope, form.first("scope")) else {
            return Ok(Issued::Refused(TokenError::InvalidScope));
        };
        let confirmation = match asked_by.sender.binding(client) {
            Ok(confirmation) => confirmation,
            Err(error) => return Ok(Issued::Refused(error)),
        };
        let (resources, details) = match self.asked_of_machine(client, form) {
            Ok(asked) => asked,
            Err(error) => return Ok(Issued::Refused(error)),
        };
        let allowance = Allowance {
            scope: &scope,
            confirmation: confirmation.as_ref(),
            resources: &resources,
            authorization_details: &details,
        };
        let now = self.now();
        let token = self.access_token(client, &Bearer::Machine(asked_by.since), allowance, now)?;
        let mut event = self.event(
            EventKind::ClientCredentials,
            Outcome::Passed,
            asked_by.origin,
        );
        event.client_id = Some(client.client_id.clone());
        match token.record {
            None => self
                .machine_events
                .record(event)
                .map_err(|_unrecorded| Failure::OutOfTouch)?,
            Some(record) => {
                let work = move |tx: &mut sekisho_store::Tx<'_>| {
                    tx.insert_access_token(&record)?;
                    tx.record(&event)
                };
                self.store.write(work).await?;
            }
        }
        Ok(Issued::Tokens(Box::new(TokenResponse {
            access_token: token.text,
            token_type: token_type(confirmation.as_ref()),
            expires_in: self.settings.lifetimes.access_token.as_secs(),
            scope: scope.to_string(),
            refresh_token: None,
            id_token: None,
            authorization_details: details,
            issued_token_type: None,
        })))
    }
}

impl Provider {
    /// The resources and the details a machine asks for.
    fn asked_of_machine(
        &self,
        client: &Client,
        form: &Parameters,
    ) -> Result<(Vec<String>, Vec<Value>), TokenError> {
        let named = form.all("resource");
        let mut resources = resource::asked(named, client, &self.settings.resources)
            .map_err(|_refused| TokenError::InvalidTarget)?;
        if resources.is_empty() {
            resources.extend(client.default_resource.clone());
        }
        let details = form
            .first("authorization_details")
            .map(|text| authorization_details::read(text, client, &self.settings.detail_types))
            .transpose()
            .map_err(TokenError::InvalidAuthorizationDetails)?;
        Ok((resources, details.unwrap_or_default()))
    }
}

/// Scopes that speak of a user mean nothing to a machine.
fn machine_scope(registered: &ScopeSet, asked: Option<&str>) -> Option<ScopeSet> {
    let mut registered = registered.clone();
    for of_users in [
        "openid",
        "profile",
        "email",
        "address",
        "phone",
        "offline_access",
    ] {
        registered = registered.without(of_users);
    }
    match asked {
        None => Some(registered),
        Some(text) => {
            let asked = ScopeSet::parse(text).ok()?;
            asked.is_within(&registered).then_some(asked)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tk_13_a_machine_gets_no_user_scopes() {
        let registered = ScopeSet::parse("openid email orders:read orders:write").unwrap();
        assert_eq!(
            machine_scope(&registered, None).unwrap().to_string(),
            "orders:read orders:write"
        );
        assert_eq!(
            machine_scope(&registered, Some("orders:read"))
                .unwrap()
                .to_string(),
            "orders:read"
        );
        assert_eq!(machine_scope(&registered, Some("openid")), None);
        assert_eq!(machine_scope(&registered, Some("orders:delete")), None);
    }
}
