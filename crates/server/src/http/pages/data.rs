use askama::Template;

use super::notice::{Fault, Notice, Stamp};
use super::{AccountFrame, Moment, Page};

/// `/account/data`: what can be taken along, and the way out (ux 7.6).
#[derive(Debug, Template)]
#[template(path = "data.html")]
pub struct DataPage {
    /// Frame.
    pub page: Page,
    /// Whose.
    pub account: AccountFrame,
    /// Days an account can still be kept.
    pub delay_days: u64,
}

/// `/account/data/delete`: what goes and what stays.
#[derive(Debug, Template)]
#[template(path = "delete_account.html")]
pub struct DeletePage {
    /// Frame.
    pub page: Page,
    /// Whose.
    pub account: AccountFrame,
    /// Days the account can still be kept.
    pub delay_days: u64,
    /// Whether something else was typed than shown.
    pub mistyped: bool,
}

/// `/account/keep`: for somebody who signs in although the account is to be erased.
#[derive(Debug, Template)]
#[template(path = "keep_account.html")]
pub struct KeepPage {
    /// Frame.
    pub page: Page,
    /// When it is erased.
    pub until: Moment,
    /// The token of the form that signs out.
    pub sign_out_csrf: String,
}

/// `/leaving`: it is asked for; everything has ended.
#[derive(Debug, Template)]
#[template(path = "left.html")]
pub struct LeftPage {
    /// Frame.
    pub page: Page,
    /// The day it is erased, if that is known.
    pub until: Option<String>,
}

impl DeletePage {
    fn is_error(&self) -> bool {
        self.mistyped
    }

    fn notice(&self) -> Option<Notice> {
        let fault = || Fault {
            field: "address",
            text: self.page.t("delete-mistyped"),
        };
        self.mistyped
            .then(|| Notice::new(Stamp::Stop, self.page.t("check-input")).about(fault()))
    }
}
