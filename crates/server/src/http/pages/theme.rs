use askama::Template;

use super::{Page, local_path};

/// How bright pages are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Theme {
    /// As the system is set.
    #[default]
    Auto,
    /// Always light.
    Light,
    /// Always dark.
    Dark,
}

impl Theme {
    /// Every choice.
    pub const ALL: [Self; 3] = [Self::Auto, Self::Light, Self::Dark];

    /// The value of the cookie and of the form field `theme`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// The choice of that name; anything else is [`Theme::Auto`].
    pub fn from_name(name: &str) -> Self {
        let found = Self::ALL.into_iter().find(|theme| theme.name() == name);
        found.unwrap_or_default()
    }

    /// The value of `data-theme`.
    pub(super) const fn pinned(self) -> Option<&'static str> {
        match self {
            Self::Auto => None,
            Self::Light => Some("light"),
            Self::Dark => Some("dark"),
        }
    }

    const fn key(self) -> &'static str {
        match self {
            Self::Auto => "theme-auto",
            Self::Light => "theme-light",
            Self::Dark => "theme-dark",
        }
    }
}

/// `/theme`: three radio buttons (ux 5.10).
#[derive(Debug, Template)]
#[template(path = "theme.html")]
pub struct ThemePage {
    page: Page,
    back: String,
}

impl ThemePage {
    /// `back` is the path the person came from; one that leads elsewhere becomes `/account`.
    pub fn new(page: Page, back: &str) -> Self {
        let back = local_path(back).unwrap_or("/account").to_owned();
        Self { page, back }
    }

    #[expect(clippy::unused_self, reason = "called by the template")]
    const fn choices(&self) -> &'static [Theme] {
        &Theme::ALL
    }
}
