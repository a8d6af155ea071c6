use askama::Template;

use super::{AccountFrame, Moment, Notice, Page, Stamp};

/// `/account/sessions`: where somebody is signed in, and which browsers skip the code (ux 7.4; SES-10).
#[derive(Debug, Template)]
#[template(path = "devices.html")]
pub struct DevicesPage {
    /// Frame.
    pub page: Page,
    /// Frame of the account pages.
    pub account: AccountFrame,
    /// Zone of all times here, in words.
    pub zone: String,
    /// The sessions, the present one first.
    pub sessions: Vec<SessionView>,
    /// The trusted browsers.
    pub trusted: Vec<TrustedView>,
    /// How long an app may lag behind.
    pub lag_minutes: u64,
    /// What was just ended.
    pub done: Option<EndedNotice>,
}

/// `/account/sessions/others`: what would end with "everywhere else".
#[derive(Debug, Template)]
#[template(path = "devices_others.html")]
pub struct OtherDevicesPage {
    page: Page,
    account: AccountFrame,
    sessions: Vec<SessionView>,
    trusted: u64,
    lag_minutes: u64,
}

impl OtherDevicesPage {
    /// The question that belongs to a page of devices.
    pub fn of(devices: DevicesPage) -> Self {
        let others = devices.trusted.iter().filter(|browser| !browser.here);
        Self {
            trusted: u64::try_from(others.count()).unwrap_or_default(),
            sessions: devices.sessions.into_iter().filter(|s| !s.here).collect(),
            page: devices.page,
            account: devices.account,
            lag_minutes: devices.lag_minutes,
        }
    }
}

/// One session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionView {
    /// Its id.
    pub id: String,
    /// With what, in words.
    pub device: String,
    /// When it began.
    pub began: Moment,
    /// When it was last used.
    pub seen: Moment,
    /// The same, from now.
    pub ago: String,
    /// Source address of the sign-in.
    pub ip: String,
    /// About where that is, if it is known.
    pub place: Option<String>,
    /// Names of the apps it is used for, cleaned.
    pub apps: Vec<String>,
    /// Whether it is the reader's own.
    pub here: bool,
}

/// One trusted browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustedView {
    /// Its id.
    pub id: String,
    /// With what, in words.
    pub device: String,
    /// When the account was first used from it.
    pub since: Moment,
    /// When it was last used.
    pub seen: Moment,
    /// Until when it skips the code.
    pub until: Option<Moment>,
    /// Whether it is the reader's own.
    pub here: bool,
}

/// What was just ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndedNotice {
    /// One session.
    Session,
    /// Every other session.
    Others,
    /// Trust.
    Trust,
}

impl EndedNotice {
    /// The name in the address.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::Others => "others",
            Self::Trust => "trust",
        }
    }

    /// What a name in the address says.
    pub fn from_name(name: &str) -> Option<Self> {
        let all = [Self::Session, Self::Others, Self::Trust];
        all.into_iter().find(|notice| notice.name() == name)
    }

    const fn key(self) -> &'static str {
        match self {
            Self::Session => "ended-session",
            Self::Others => "ended-others",
            Self::Trust => "ended-trust",
        }
    }
}

impl SessionView {
    fn apps(&self) -> String {
        self.apps.join(", ")
    }

    const fn class(&self) -> &'static str {
        if self.here { "here" } else { "" }
    }
}

impl DevicesPage {
    fn notice(&self) -> Option<Notice> {
        let done = self.done?;
        let notice = Notice::new(Stamp::Pass, self.page.t(done.key()));
        Some(match done {
            EndedNotice::Trust => notice,
            EndedNotice::Session | EndedNotice::Others => notice.saying(self.lag()),
        })
    }

    fn lag(&self) -> String {
        self.page.count("apps-may-lag", self.lag_minutes)
    }

    fn count(&self) -> u64 {
        u64::try_from(self.sessions.len()).unwrap_or_default()
    }
}

impl OtherDevicesPage {
    fn trust(&self) -> Option<String> {
        let words = || self.page.count("devices-others-trust", self.trusted);
        (self.trusted > 0).then(words)
    }

    fn lag(&self) -> String {
        self.page.count("apps-may-lag", self.lag_minutes)
    }
}
