use serde::{Deserialize, Serialize};

use crate::{ClientId, EventId, SessionId, Timestamp, UserId};

/// What happened. Names are stored and exported: add, never rename.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// A person signed in, or failed to at the password.
    SignIn,
    /// A mailed code was asked after a right password.
    CodeAsked,
    /// A mailed code was tried.
    CodeTried,
    /// A person signed out.
    SignOut,
    /// A session was ended from elsewhere: by its person in another browser, or by an operator.
    SessionEnded,
    /// A former value of a trusted browser's cookie was shown with the right password: there is a copy of it.
    TrustedBrowserStolen,
    /// A person said that a sign-in was somebody else's. Worth an operator's look.
    NotMe,
    /// A person decided about an app.
    Consent,
    /// An authorization code was issued.
    Authorization,
    /// An authorization code was redeemed.
    CodeRedeemed,
    /// A refresh token was used.
    Refresh,
    /// A machine got a token.
    ClientCredentials,
    /// A person decided about a device, or typed a code that no device shows (RFC 8628 §3.3).
    DeviceDecided,
    /// A device that was allowed got its tokens.
    DeviceRedeemed,
    /// A token was exchanged for another one (RFC 8693).
    TokenExchanged,
    /// A token or grant was revoked.
    Revocation,
    /// A new password was asked for: by somebody who forgot it, by an operator, or at a sign-in.
    ResetAsked,
    /// A new password was chosen.
    PasswordChanged,
    /// Recovery codes were made, or one was tried.
    RecoveryCodes,
    /// An authenticator app or passkey was added or removed, or its loss was reported.
    FactorChanged,
    /// A code was mailed to an address that is to be proved, or one was tried.
    AddressProof,
    /// An address of an account changed, or a change was undone.
    AddressChanged,
    /// A setting of an account changed.
    SettingChanged,
    /// An account was created.
    UserCreated,
    /// An operator made an invitation to make an account, or took one back.
    Invitation,
    /// An operator voided what a cohort of accounts holds (INC-08).
    CohortMarked,
    /// A batch of accounts moved in from a file.
    UsersImported,
    /// Accounts were written to a file.
    UsersExported,
    /// A client was created or its secret rotated.
    ClientChanged,
    /// An account is to be erased, stays after all, or was erased.
    Deletion,
    /// An address was released: its provider may give it to somebody else.
    AddressReleased,
    /// People concerned by an incident are told, or no more are.
    NoticeSent,
    /// A signing or key-encryption key was made or rotated.
    KeyChanged,
    /// An operator raised an incident level, lowered it, or asked another one to (INC-05).
    LevelChanged,
    /// An operator switched a feature off or on (INC-06).
    FeatureSwitched,
    /// An operator voided what was issued to everyone, to one app or to one account (INC-07).
    EpochMoved,
    /// An operator tried out whether operators are reached.
    AlertTested,
    /// An operator read the record of events (AU-09).
    EventsRead,
    /// An operator looked at one account (TD-07).
    AccountRead,
    /// A network, user agent, app, account or kind of request was kept out, let in, or freed again.
    BlockChanged,
    /// A detection rule found what it looks for (THR-15).
    RuleFired,
    /// The file of detection rules was read anew, or could not be.
    RulesChanged,
    /// A source sent requests of a scanner, or for injections; gathered over seconds.
    ProbesSeen,
    /// A client assertion or a proof of a key, which work once, came a second time; gathered.
    ProofReplayed,
    /// Data of many people was read, or a budget for that was used up.
    BulkRead,
    /// An operator made a canary account, or took one away (INC-10).
    CanaryChanged,
    /// Somebody touched a canary account (INC-10).
    CanaryTouched,
    /// A token of an operator was made or ended, or one that does not count was used (AD-10).
    OperatorToken,
    /// How an advisory concerns this server changed: affected, mitigated, fixed (SUP-04).
    Advisory,
    /// Mail servers did not take a tenth of the letters of the last hour, so codes do not arrive (OTP-27).
    MailFailing,
}

impl EventKind {
    /// Every kind.
    pub const ALL: [Self; 50] = [
        Self::SignIn,
        Self::CodeAsked,
        Self::CodeTried,
        Self::SignOut,
        Self::SessionEnded,
        Self::TrustedBrowserStolen,
        Self::NotMe,
        Self::Consent,
        Self::Authorization,
        Self::CodeRedeemed,
        Self::Refresh,
        Self::ClientCredentials,
        Self::DeviceDecided,
        Self::DeviceRedeemed,
        Self::TokenExchanged,
        Self::Revocation,
        Self::ResetAsked,
        Self::PasswordChanged,
        Self::RecoveryCodes,
        Self::FactorChanged,
        Self::AddressProof,
        Self::AddressChanged,
        Self::SettingChanged,
        Self::UserCreated,
        Self::Invitation,
        Self::CohortMarked,
        Self::UsersImported,
        Self::UsersExported,
        Self::ClientChanged,
        Self::Deletion,
        Self::AddressReleased,
        Self::NoticeSent,
        Self::KeyChanged,
        Self::LevelChanged,
        Self::FeatureSwitched,
        Self::EpochMoved,
        Self::AlertTested,
        Self::EventsRead,
        Self::AccountRead,
        Self::BlockChanged,
        Self::RuleFired,
        Self::RulesChanged,
        Self::ProbesSeen,
        Self::ProofReplayed,
        Self::BulkRead,
        Self::CanaryChanged,
        Self::CanaryTouched,
        Self::OperatorToken,
        Self::Advisory,
        Self::MailFailing,
    ];

    /// The stored name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SignIn => "sign_in",
            Self::CodeAsked => "code_asked",
            Self::CodeTried => "code_tried",
            Self::SignOut => "sign_out",
            Self::SessionEnded => "session_ended",
            Self::TrustedBrowserStolen => "trusted_browser_stolen",
            Self::NotMe => "not_me",
            Self::Consent => "consent",
            Self::Authorization => "authorization",
            Self::CodeRedeemed => "code_redeemed",
            Self::Refresh => "refresh",
            Self::ClientCredentials => "client_credentials",
            Self::DeviceDecided => "device_decided",
            Self::DeviceRedeemed => "device_redeemed",
            Self::TokenExchanged => "token_exchanged",
            Self::Revocation => "revocation",
            Self::ResetAsked => "reset_asked",
            Self::PasswordChanged => "password_changed",
            Self::RecoveryCodes => "recovery_codes",
            Self::FactorChanged => "factor_changed",
            Self::AddressProof => "address_proof",
            Self::AddressChanged => "address_changed",
            Self::SettingChanged => "setting_changed",
            Self::UserCreated => "user_created",
            Self::Invitation => "invitation",
            Self::CohortMarked => "cohort_marked",
            Self::UsersImported => "users_imported",
            Self::UsersExported => "users_exported",
            Self::ClientChanged => "client_changed",
            Self::Deletion => "deletion",
            Self::AddressReleased => "address_released",
            Self::NoticeSent => "notice_sent",
            Self::KeyChanged => "key_changed",
            Self::LevelChanged => "level_changed",
            Self::FeatureSwitched => "feature_switched",
            Self::EpochMoved => "epoch_moved",
            Self::AlertTested => "alert_tested",
            Self::EventsRead => "events_read",
            Self::AccountRead => "account_read",
            Self::BlockChanged => "block_changed",
            Self::RuleFired => "rule_fired",
            Self::RulesChanged => "rules_changed",
            Self::ProbesSeen => "probes_seen",
            Self::ProofReplayed => "proof_replayed",
            Self::BulkRead => "bulk_read",
            Self::CanaryChanged => "canary_changed",
            Self::CanaryTouched => "canary_touched",
            Self::OperatorToken => "operator_token",
            Self::Advisory => "advisory",
            Self::MailFailing => "mail_failing",
        }
    }

    /// The kind of a stored name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// How it ended. Names are stored and exported: add, never rename.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was done.
    Passed,
    /// Wrong password.
    WrongPassword,
    /// Wrong mailed code.
    WrongCode,
    /// The mailed code came too late.
    ExpiredCode,
    /// A throttle or block stopped it before anything was verified.
    Blocked,
    /// The account is stopped.
    Disabled,
    /// The person said no.
    Denied,
    /// A thing that works once was presented again.
    Replayed,
    /// The request was refused for another reason, named in the detail.
    Refused,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Self; 9] = [
        Self::Passed,
        Self::WrongPassword,
        Self::WrongCode,
        Self::ExpiredCode,
        Self::Blocked,
        Self::Disabled,
        Self::Denied,
        Self::Replayed,
        Self::Refused,
    ];

    /// The stored name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::WrongPassword => "wrong_password",
            Self::WrongCode => "wrong_code",
            Self::ExpiredCode => "expired_code",
            Self::Blocked => "blocked",
            Self::Disabled => "disabled",
            Self::Denied => "denied",
            Self::Replayed => "replayed",
            Self::Refused => "refused",
        }
    }

    /// The outcome of a stored name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.name() == name)
    }
}

/// Where a request came from, as the server decided (NET-01).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Origin {
    /// Client address, from the peer or a trusted proxy; empty for the command line.
    pub ip: String,
    /// The `User-Agent` header, control and bidi characters removed, at most 256 characters.
    pub user_agent: String,
    /// Correlation id of the request, as in the logs.
    pub request_id: String,
}

/// A security event (AU-01).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its id.
    pub id: EventId,
    /// When it happened.
    pub at: Timestamp,
    /// What happened.
    pub kind: EventKind,
    /// How it ended.
    pub outcome: Outcome,
    /// Whom it concerns; `None` when no account is known.
    pub user_id: Option<UserId>,
    /// Through which client.
    pub client_id: Option<ClientId>,
    /// In which browser session.
    pub session_id: Option<SessionId>,
    /// From where.
    pub origin: Origin,
    /// The reason or further facts, never a secret; JSON object, at most 2 KiB.
    pub detail: serde_json::Value,
}
