use serde::{Deserialize, Serialize};

/// A limit. Names are stored for a day and appear in metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Counter {
    PasswordKnownBrowser,
    PasswordKnownBrowserDay,
    PasswordNetwork,
    PasswordNewBrowsers,
    PasswordNewBrowsersDay,
    SourceAddress,
    SourceNetwork,
    SourceSite,
    SourceClient,
    SourceEverywhere,
    SourceCrowded,
    SourceSlowed,
    CodeKnownBrowser,
    CodeNewBrowsers,
    MailKnownBrowser,
    MailKnownBrowserDay,
    MailAccount,
    MailAccountDay,
    MailAddress,
    MailNetwork,
    MailSite,
    MailDomain,
    MailEverywhere,
    ProofRecipient,
    ProofRecipientDay,
    ProofAddress,
    ProofNetwork,
    ProofSite,
    ProofDomain,
    ProofEverywhere,
    ClientSecret,
    UserCodeAccount,
    UserCodeAddress,
    UserCodeEverywhere,
    DeviceRequestAddress,
    ResetAccountNetwork,
    ResetAccount,
    ResetAccountDay,
    ResetAccountAfter,
    ResetAddress,
    ResetNetwork,
    ResetSite,
    ResetDomain,
    ResetEverywhere,
    SignUpAddress,
    SignUpNetwork,
    SignUpSite,
    SignUpEverywhere,
    AccountChange,
    AccountExport,
    RegistrationAddress,
    RegistrationNetwork,
    RegistrationSite,
}

impl Counter {
    /// The name in keys, metrics and events: section and field of the configuration.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::PasswordKnownBrowser => "password.known_browser",
            Self::PasswordKnownBrowserDay => "password.known_browser_day",
            Self::PasswordNetwork => "password.new_browsers_network",
            Self::PasswordNewBrowsers => "password.new_browsers",
            Self::PasswordNewBrowsersDay => "password.new_browsers_day",
            Self::SourceAddress => "source.address",
            Self::SourceNetwork => "source.network",
            Self::SourceSite => "source.site",
            Self::SourceClient => "source.client",
            Self::SourceEverywhere => "source.everywhere",
            Self::SourceCrowded => "source.crowded",
            Self::SourceSlowed => "source.slowed",
            Self::CodeKnownBrowser => "code.known_browser",
            Self::CodeNewBrowsers => "code.new_browsers",
            Self::MailKnownBrowser => "code_mail.known_browser",
            Self::MailKnownBrowserDay => "code_mail.known_browser_day",
            Self::MailAccount => "code_mail.account",
            Self::MailAccountDay => "code_mail.account_day",
            Self::MailAddress => "code_mail.address",
            Self::MailNetwork => "code_mail.network",
            Self::MailSite => "code_mail.site",
            Self::MailDomain => "code_mail.domain",
            Self::MailEverywhere => "code_mail.everywhere",
            Self::ProofRecipient => "proof_mail.recipient",
            Self::ProofRecipientDay => "proof_mail.recipient_day",
            Self::ProofAddress => "proof_mail.address",
            Self::ProofNetwork => "proof_mail.network",
            Self::ProofSite => "proof_mail.site",
            Self::ProofDomain => "proof_mail.domain",
            Self::ProofEverywhere => "proof_mail.everywhere",
            Self::ClientSecret => "client_secret.client_address",
            Self::UserCodeAccount => "device.account",
            Self::UserCodeAddress => "device.address",
            Self::UserCodeEverywhere => "device.everywhere",
            Self::DeviceRequestAddress => "device.requests_address",
            Self::ResetAccountNetwork => "reset_mail.account_network",
            Self::ResetAccount => "reset_mail.account",
            Self::ResetAccountDay => "reset_mail.account_day",
            Self::ResetAccountAfter => "reset_mail.account_after",
            Self::ResetAddress => "reset_mail.address",
            Self::ResetNetwork => "reset_mail.network",
            Self::ResetSite => "reset_mail.site",
            Self::ResetDomain => "reset_mail.domain",
            Self::ResetEverywhere => "reset_mail.everywhere",
            Self::SignUpAddress => "sign_up.address",
            Self::SignUpNetwork => "sign_up.network",
            Self::SignUpSite => "sign_up.site",
            Self::SignUpEverywhere => "sign_up.everywhere",
            Self::AccountChange => "account.changes",
            Self::AccountExport => "account.exports",
            Self::RegistrationAddress => "registration.address",
            Self::RegistrationNetwork => "registration.network",
            Self::RegistrationSite => "registration.site",
        }
    }

    /// Whether it counts where requests come from, whoever they are for: not for networks that are allowed.
    pub(crate) const fn is_of_source(self) -> bool {
        matches!(
            self,
            Self::SourceAddress
                | Self::SourceNetwork
                | Self::SourceSite
                | Self::SourceCrowded
                | Self::SourceSlowed
                | Self::MailAddress
                | Self::MailNetwork
                | Self::MailSite
                | Self::ProofAddress
                | Self::ProofNetwork
                | Self::ProofSite
                | Self::DeviceRequestAddress
                | Self::ResetAddress
                | Self::ResetNetwork
                | Self::ResetSite
                | Self::SignUpAddress
                | Self::SignUpNetwork
                | Self::SignUpSite
                | Self::RegistrationAddress
                | Self::RegistrationNetwork
                | Self::RegistrationSite
        )
    }

    /// Whether strangers fill it for everybody, so that its being reached says nothing about who asks: then
    /// narrower limits take its place, and nobody is refused for it alone.
    pub(crate) const fn is_filled_by_others(self) -> bool {
        matches!(
            self,
            Self::SourceClient | Self::SourceEverywhere | Self::UserCodeEverywhere
        )
    }

    /// Whether a success starts it from zero (THR-10) instead of only not counting. The budget of
    /// wrong codes is not renewed by a right one: its size is what makes guessing hopeless (OTP-03).
    pub(crate) const fn ends_with_success(self) -> bool {
        matches!(
            self,
            Self::PasswordKnownBrowser
                | Self::PasswordKnownBrowserDay
                | Self::PasswordNetwork
                | Self::PasswordNewBrowsers
                | Self::PasswordNewBrowsersDay
        )
    }
}
