use sekisho_guard::Concerned;
use sekisho_model::{Brand, ClientId, FlowId, PreAuthToken, Timestamp};
use sekisho_session::ParkedKind;

use super::super::visit::Visit;
use crate::accounts::OpenAccount;
use crate::rules::sign_in::{CodeStage, Destination, FLOW_LIFE, PendingSignIn, safe_return};
use crate::{Failure, Provider};

/// A pending sign-in, read for the browser it belongs to.
#[derive(Debug)]
pub struct LoadedFlow {
    /// Its id.
    pub id: FlowId,
    /// What is known.
    pub pending: PendingSignIn,
    pub(crate) version: u64,
}

/// The app a sign-in is for, as a page shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppView {
    /// Its id.
    pub client_id: ClientId,
    /// How it looks.
    pub brand: Option<Brand>,
    /// Name in the page's language.
    pub name: String,
    /// Host of the verified redirect URI.
    pub host: String,
    /// Origin for `form-action`.
    pub form_action: String,
    /// What the app says it does with data.
    pub policy_uri: Option<String>,
    /// Its terms of use.
    pub tos_uri: Option<String>,
    /// Address to prefill.
    pub login_hint: Option<String>,
    /// Whether the app insists on the code.
    pub requires_code: bool,
}

/// What the code page shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeView {
    /// The stage of the flow.
    pub stage: CodeStage,
    /// Digits of a code.
    pub digits: u8,
    /// Whether the browser may be trusted from here on.
    pub may_trust: bool,
}

/// Whom a sign-in concerns once it is known whose it is.
pub(crate) fn concerned<'a>(flow: &'a LoadedFlow, account: &'a OpenAccount) -> Concerned<'a> {
    let request = flow.pending.request();
    Concerned {
        client: request.map(|request| &request.client_id),
        user: Some(&account.user),
    }
}

impl Provider {
    /// Begins a sign-in to a page of ours.
    pub async fn begin_page_sign_in(
        &self,
        return_to: Option<&str>,
        visit: &Visit,
    ) -> Result<(FlowId, Option<PreAuthToken>), Failure> {
        self.begin_flow(Destination::Page(safe_return(return_to)), None, visit)
            .await
    }

    /// Begins a sign-in to a page of ours where something is to be changed: everything the account has is asked,
    /// whatever the person chose (`ux.md` 5.7).
    pub async fn begin_change_sign_in(
        &self,
        page: &str,
        account: &OpenAccount,
        visit: &Visit,
    ) -> Result<(FlowId, Option<PreAuthToken>), Failure> {
        let wanted = self.wanted_of(account).await?;
        let destination = Destination::ChangePage(safe_return(Some(page)), wanted);
        self.begin_flow(destination, None, visit).await
    }

    /// The pending sign-in `id`, if it exists and belongs to this browser (SES-04).
    pub async fn flow(&self, id: &str, visit: &Visit) -> Result<Option<LoadedFlow>, Failure> {
        let Some(cookie) = &visit.pre_auth else {
            return Ok(None);
        };
        let now = self.now();
        let Some(parked) = self.session.parked(ParkedKind::SignIn, id, now).await? else {
            return Ok(None);
        };
        let pending: PendingSignIn = serde_json::from_slice(&parked.value)
            .map_err(|_unreadable| Failure::Corrupt("pending sign-in"))?;
        let current = pending.belongs_to(&cookie.digest(), now);
        Ok(current.then(|| LoadedFlow {
            id: FlowId::new(id),
            pending,
            version: parked.version,
        }))
    }

    /// Writes a changed flow back; `false` if another request was faster.
    pub(crate) async fn save_flow(&self, flow: &LoadedFlow) -> Result<bool, Failure> {
        let now = self.now();
        let value = serde_json::to_vec(&flow.pending)
            .map_err(|_unwritable| Failure::Corrupt("pending sign-in"))?;
        let left = (flow.pending.began_at + FLOW_LIFE).since(now);
        let id = flow.id.as_str();
        Ok(self
            .session
            .repark(ParkedKind::SignIn, id, value, flow.version, left, now)
            .await?)
    }

    /// Ends a flow; of several callers one is told it did.
    pub(crate) async fn end_flow(&self, id: &FlowId) -> Result<bool, Failure> {
        let now: Timestamp = self.now();
        Ok(self
            .session
            .unpark(ParkedKind::SignIn, id.as_str(), now)
            .await?
            .is_some())
    }

    /// The app a flow is for.
    pub async fn app_view(
        &self,
        flow: &LoadedFlow,
        visit: &Visit,
    ) -> Result<Option<AppView>, Failure> {
        let Some(request) = flow.pending.request() else {
            return Ok(None);
        };
        let Some(client) = self.clients.find(request.client_id.as_str()).await? else {
            return Ok(None);
        };
        Ok(Some(AppView {
            client_id: client.client.client_id.clone(),
            brand: client.client.brand,
            name: super::letters::client_name(&client.client, visit.locale),
            host: request.reply.callback.display_host(),
            form_action: request.reply.callback.form_action(),
            policy_uri: client.client.policy_uri.clone(),
            tos_uri: client.client.tos_uri.clone(),
            login_hint: request.login_hint.clone(),
            requires_code: super::super::authorize::needs_code(&client.client, request),
        }))
    }

    /// What the code page of a flow shows; `None` before the password (OTP-22).
    pub fn code_view(&self, flow: &LoadedFlow, app: Option<&AppView>) -> Option<CodeView> {
        let stage = flow.pending.code_stage()?.clone();
        // TD-04: an app that insists on the code gets it each time, so trust would be of no use there.
        let client = flow.pending.request().map(|request| &request.client_id);
        let may_trust = !flow.pending.insists_on_code()
            && !app.is_some_and(|app| app.requires_code)
            && !self.tightened(client, None).no_trusted_browsers;
        Some(CodeView {
            stage,
            digits: self.settings.codes.digits,
            may_trust,
        })
    }
}
