use askama::Template;
use sekisho_model::Level;

use super::{Moment, Page};

/// How far the gate is open (ux 9.6, decisions: six positions). Says neither the level's number nor why.
#[derive(Debug, Template)]
#[template(path = "status.html")]
pub struct StatusPage {
    /// Frame.
    pub page: Page,
    /// The level in force for everyone.
    pub level: Level,
    /// The operator's words.
    pub notice: Option<String>,
    /// When it ends by itself.
    pub until: Option<Moment>,
    /// When the page was made.
    pub at: Moment,
}

impl StatusPage {
    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "templates lend what they hand over"
    )]
    fn say(&self, level: &Level, part: &str) -> String {
        self.page.t(&format!("gate-{}-{part}", level.name()))
    }

    #[expect(
        clippy::unused_self,
        reason = "templates reach it through the page they have"
    )]
    const fn positions(&self) -> &'static [Level] {
        &Level::ALL
    }

    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "templates lend what they hand over"
    )]
    fn is_here(&self, position: &Level) -> bool {
        *position == self.level
    }
}
