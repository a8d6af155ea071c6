//! Signing in again at a browser that somebody is signed in at: whose sign-in it is, is known (ux 6.1).

use sekisho_model::EmailAddress;

use super::super::visit::{LiveSession, Visit};
use super::flow::LoadedFlow;
use crate::accounts::OpenAccount;
use crate::rules::authorization_request::AuthorizationRequest;
use crate::{Failure, Provider};

impl Provider {
    /// The address of whoever is signed in at this browser and is to prove it again. `None` for a browser without a
    /// session, which is told of nobody (ENU-01), and where the app wants somebody else or a choice.
    pub async fn signed_in_address(
        &self,
        flow: &LoadedFlow,
        visit: &Visit,
    ) -> Result<Option<EmailAddress>, Failure> {
        let Some(live) = self.live_session(visit).await? else {
            return Ok(None);
        };
        let Some(account) = self.account(live.user.id).await? else {
            return Ok(None);
        };
        let wanted = match flow.pending.request() {
            Some(request) => self.is_asked_for(request, (&live, &account)).await?,
            None => true,
        };
        Ok(wanted.then_some(account.login_address))
    }

    async fn is_asked_for(
        &self,
        request: &AuthorizationRequest,
        (live, account): (&LiveSession, &OpenAccount),
    ) -> Result<bool, Failure> {
        let Some(client) = self.clients.find(request.client_id.as_str()).await? else {
            return Ok(false);
        };
        let hint = request.login_hint.as_deref();
        let hinted = hint.and_then(|hint| EmailAddress::parse(hint).ok());
        let own = account.login_address.canonical();
        Ok(!request.prompt.select_account
            && hinted.is_none_or(|hinted| hinted.canonical() == own)
            && self.is_wanted_subject(&client.client, request, live))
    }
}
