//! Words of the letters with a link that somebody asked for.

use askama::Template as _;

use super::{View, html, is_web, text};
use crate::{Letter, LetterBody};

/// The key of the subject; the letter as text and as HTML.
pub(super) fn written(
    body: &LetterBody,
    v: &View,
) -> Result<(&'static str, String, String), askama::Error> {
    Ok(match body {
        LetterBody::LetInLink { .. } => (
            "let-in-subject",
            text::LetInLink(v).render()?,
            html::LetInLink(v).render()?,
        ),
        _ => (
            "reset-subject",
            text::ResetLink(v).render()?,
            html::ResetLink(v).render()?,
        ),
    })
}

impl View {
    /// What the link that lets a browser in is about.
    pub(super) fn let_in(&mut self, letter: &Letter) -> Result<(), askama::Error> {
        let LetterBody::LetInLink {
            link,
            minutes,
            at,
            ip,
            ..
        } = &letter.body
        else {
            return Ok(());
        };
        self.link = Some(link.clone()).filter(|link| is_web(link));
        self.put("minutes", minutes.to_string());
        self.when(letter, *at)?;
        self.address(ip)
    }
}
