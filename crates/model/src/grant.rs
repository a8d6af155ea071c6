use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    ClientId, Confirmation, Digest, Epoch, GrantId, Locale, ScopeSet, Sealed, SessionId, Timestamp,
    UserId,
};

/// How a person proved who they are (RFC 8176 `amr` values).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AuthenticationMethod {
    /// The password.
    Pwd,
    /// A one-time code: mailed, or of an authenticator app.
    Otp,
    /// A key that its device says never leaves it.
    Hwk,
    /// A key that may be copied between devices.
    Swk,
    /// Somebody touched the device that holds the key.
    User,
}

impl AuthenticationMethod {
    /// The `amr` value.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pwd => "pwd",
            Self::Otp => "otp",
            Self::Hwk => "hwk",
            Self::Swk => "swk",
            Self::User => "user",
        }
    }

    /// Whether one of `methods` is a second step after the password.
    pub fn prove_second_step(methods: &[Self]) -> bool {
        methods
            .iter()
            .any(|method| matches!(method, Self::Otp | Self::Hwk | Self::Swk))
    }
}

/// What a user allowed a client (CON-02).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consent {
    /// Who allowed.
    pub user_id: UserId,
    /// Whom.
    pub client_id: ClientId,
    /// What.
    pub scope: ScopeSet,
    /// Which single claims beside those of the scope.
    pub claims: BTreeSet<String>,
    /// For which resources.
    pub resources: BTreeSet<String>,
    /// When it was last widened.
    pub granted_at: Timestamp,
}

/// What a grant holds beside its scope.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct GrantTerms {
    /// Resources access tokens may be asked for (RFC 8707).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<String>,
    /// The `claims` parameter, as far as it was understood (Core §5.5).
    #[serde(skip_serializing_if = "Value::is_null")]
    pub claims: Value,
    /// The `acr` the client is told, if it asked for one (Core §5.5.1.1).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acr: Option<String>,
    /// What was allowed in detail (RFC 9396 §2).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub authorization_details: Vec<Value>,
}

/// What one authorization gave one client: the family its code and tokens belong to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The family's id; access tokens name it in their `jti`.
    pub id: GrantId,
    /// Who got it.
    pub client_id: ClientId,
    /// On whose behalf.
    pub user_id: UserId,
    /// From which browser session.
    pub session_id: SessionId,
    /// With which scope.
    pub scope: ScopeSet,
    /// What else was agreed.
    pub terms: GrantTerms,
    /// When the person had last proved who they are.
    pub auth_time: Timestamp,
    /// How.
    pub methods: Vec<AuthenticationMethod>,
    /// The epoch it was issued under.
    pub epoch: Epoch,
    /// When it was given.
    pub created_at: Timestamp,
    /// When it was ended before its time.
    pub revoked_at: Option<Timestamp>,
}

/// What is kept of an authorization code (AZ-14).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeRecord {
    /// Digest of the code.
    pub digest: Digest,
    /// The grant it stands for, written together with it.
    pub grant_id: GrantId,
    /// Whom it was issued to.
    pub client_id: ClientId,
    /// The redirect URI of the request, byte for byte.
    pub redirect_uri: String,
    /// PKCE S256 challenge, absent only for clients registered without.
    pub code_challenge: Option<String>,
    /// The request's `nonce`.
    pub nonce: Option<String>,
    /// Thumbprint of the key the tokens must be bound to (RFC 9449 §10).
    pub dpop_jkt: Option<String>,
    /// Whether the ID token must carry `auth_time` because `max_age` was asked.
    pub auth_time_required: bool,
    /// The language the person used, for logs and letters.
    pub locale: Locale,
    /// When it stops working.
    pub expires_at: Timestamp,
    /// When it was redeemed.
    pub used_at: Option<Timestamp>,
}

/// What is kept of a refresh token (RT-01).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefreshRecord {
    /// Digest of the token.
    pub digest: Digest,
    /// The family.
    pub grant_id: GrantId,
    /// Whom it belongs to (TK-10).
    pub client_id: ClientId,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// When it stops working if it is not used (idle life).
    pub idle_until: Timestamp,
    /// When the whole family stops working; rotation never moves it.
    pub expires_at: Timestamp,
    /// When it was exchanged for a successor.
    pub used_at: Option<Timestamp>,
    /// What a public client must prove to hold to use it (RFC 9449 §5, RFC 8705 §4; DP-08).
    pub bound_to: Option<Confirmation>,
    /// The successor, sealed under a key derived from this token (RT-05).
    pub successor: Option<Sealed>,
}
