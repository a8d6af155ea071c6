use askama::Template;

use super::{Moment, Page};

/// Where in the dev pages somebody is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DevPlace {
    /// `/_dev`
    Home,
    /// `/_dev/mail`
    Mail,
    /// `/_dev/playground`
    Playground,
}

impl DevPlace {
    pub(super) const fn all() -> [Self; 3] {
        [Self::Home, Self::Mail, Self::Playground]
    }

    pub(super) const fn href(self) -> &'static str {
        match self {
            Self::Home => "/_dev",
            Self::Mail => "/_dev/mail",
            Self::Playground => "/_dev/playground",
        }
    }

    pub(super) const fn key(self) -> &'static str {
        match self {
            Self::Home => "dev-home",
            Self::Mail => "dev-mail",
            Self::Playground => "dev-playground",
        }
    }
}

/// `/_dev`: what to do first. Dev mode only.
#[derive(Debug, Template)]
#[template(path = "dev_home.html")]
pub struct DevHomePage {
    /// Frame.
    pub page: Page,
    /// The issuer.
    pub issuer: String,
    /// Users made on first start.
    pub users: Vec<DevUser>,
    /// Demo clients.
    pub clients: Vec<DevClient>,
}

/// A user of the dev data.
#[derive(Debug, Clone)]
pub struct DevUser {
    /// Sign-in address.
    pub email: String,
    /// Password, if this start made the user.
    pub password: Option<String>,
    /// Where codes go.
    pub code_address: Option<String>,
}

/// A client of the dev data.
#[derive(Debug, Clone)]
pub struct DevClient {
    /// Its name.
    pub name: String,
    /// Its id.
    pub id: String,
    /// Its secret, if this start made the client.
    pub secret: Option<String>,
    /// Its redirect URIs.
    pub redirect_uris: Vec<String>,
}

/// `/_dev/mail`: caught mails, newest first.
#[derive(Debug, Template)]
#[template(path = "dev_mail.html")]
pub struct MailPage {
    /// Frame.
    pub page: Page,
    /// The letters.
    pub letters: Vec<LetterRow>,
}

/// A caught mail in the list; its page is `/_dev/mail/{id}`.
#[derive(Debug, Clone)]
pub struct LetterRow {
    /// Its id.
    pub id: String,
    /// Whom it was for.
    pub to: String,
    /// Its subject.
    pub subject: String,
    /// The code in it.
    pub code: Option<String>,
    /// When it was caught.
    pub at: Moment,
}

/// `/_dev/mail/{id}`: one mail. Its HTML part is framed from `/_dev/mail/{id}/html`; answer this
/// page as `headers::Answer::MailPage`, that part as `headers::Answer::MailPreview`.
#[derive(Debug, Template)]
#[template(path = "dev_letter.html")]
pub struct LetterPage {
    /// Frame.
    pub page: Page,
    /// What the list shows.
    pub letter: LetterRow,
    /// From whom.
    pub from: String,
    /// The text part.
    pub text: String,
    /// All header lines.
    pub headers: Vec<(String, String)>,
}

#[expect(clippy::unused_self, reason = "called by the template")]
impl DevHomePage {
    const fn place(&self) -> DevPlace {
        DevPlace::Home
    }
}

impl MailPage {
    #[expect(clippy::unused_self, reason = "called by the template")]
    const fn place(&self) -> DevPlace {
        DevPlace::Mail
    }

    fn count(&self) -> u64 {
        u64::try_from(self.letters.len()).unwrap_or_default()
    }
}

#[expect(clippy::unused_self, reason = "called by the template")]
impl LetterPage {
    const fn place(&self) -> DevPlace {
        DevPlace::Mail
    }
}
