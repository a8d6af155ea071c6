//! The nouns of the house: ids, secrets, users, clients, grants, events - and the two things
//! every test must hold in its hand, [`Clock`] and [`Entropy`].
//!
//! Nothing here talks to a database, a network or a file. Invariants:
//! - a secret has no `Clone`, no `Serialize`, and its `Debug` prints `…`;
//! - what is stored of a secret is its [`Digest`];
//! - time is [`Timestamp`] (microseconds, UTC) and comes only from a [`Clock`].

mod block;
mod body_field;
mod brand;
mod client;
mod client_kinds;
mod clock;
mod code_address_loss;
mod cohort;
mod confirmation;
mod digest;
mod email_address;
mod entropy;
mod epoch;
mod event;
mod factor;
mod grant;
mod id;
mod incident;
mod incident_notice;
mod key;
mod letter;
mod locale;
mod operator;
mod operator_alert;
mod proof_purpose;
mod scope;
mod seal;
mod secret;
mod signature;
mod user;

pub use block::{Block, BlockEffect, BlockTarget, RequestShape, network};
pub use body_field::{BodyField, FieldTest, NoBodyField};
pub use brand::{Brand, BrandColours, Colour, NotAColour, Palette};
pub use client::{Client, ClientSecretRecord};
pub use client_kinds::{
    ApplicationType, AssertionAlgorithm, ClientAuthentication, ClientOrigin, ClientProfile,
    GrantType, ResponseMode, ResponseType, SubjectType, TokenExchangePolicy,
};
pub use clock::{Clock, ManualClock, SystemClock, Timestamp};
pub use code_address_loss::CodeAddressLoss;
pub use cohort::{Cohort, CohortMark, Wave};
pub use confirmation::Confirmation;
pub use digest::Digest;
pub use email_address::{EmailAddress, EmailAddressRefusal};
pub use entropy::{Entropy, OsEntropy, SeededEntropy};
pub use epoch::{Epoch, EpochKind, UserEpochs};
pub use event::{Event, EventKind, Origin, Outcome};
pub use factor::{Factor, FactorKind, FactorLoss};
pub use grant::{AuthenticationMethod, CodeRecord, Consent, Grant, GrantTerms, RefreshRecord};
pub use id::{
    BrowserId, ChallengeId, ClientId, EventId, FactorId, FlowId, GrantId, InvitationId, KeyId,
    LetterId, NoticeId, OperatorTokenId, SessionId, Subject, UserId,
};
pub use incident::{
    Feature, Level, LevelDecision, LevelScope, OperatorText, Standing, SwitchDecision,
};
pub use incident_notice::{FactRefusal, IncidentFacts, IncidentNotice, IncidentTexts, NoticeState};
pub use key::{SigningAlgorithm, SigningKeyRecord};
pub use letter::{LetterKind, Urgency};
pub use locale::Locale;
pub use operator::OperatorPermission;
pub use operator_alert::{AlertTopic, Severity};
pub use proof_purpose::ProofPurpose;
pub use scope::{ScopeRefusal, ScopeSet};
pub use seal::{KeyRing, KeyRingRefusal, Purpose, Sealed, Unsealable};
pub use secret::{
    AuthorizationCode, BrowserToken, ClientSecret, DeviceCode, FactorToken, InitialAccessToken,
    InvitationToken, KeepAddressToken, NotMeToken, OperatorToken, PreAuthToken, QueueTicket,
    RefreshToken, RegistrationToken, RequestHandle, ResetToken, SessionToken, UndoToken,
};
pub use signature::is_signed;
pub use user::{AddressKind, AlertSetting, BrowserSession, KnownBrowser, User, UserState};
