use std::fmt::Write as _;

use clap::CommandFactory as _;
use sekisho_provider::rules::oauth_error::{
    AuthorizationError, BearerError, HeaderUsed, TokenError,
};

use super::output;
use super::tree::{Cli, Page};
use crate::config::reference;

/// Prints a generated page of the reference.
pub(super) fn print(page: Page) {
    let text = match page {
        Page::Configuration => reference::markdown(),
        Page::CommandLine => command_line(),
        Page::Errors => errors(),
    };
    output::text(text.trim_end());
}

fn command_line() -> String {
    let mut page = String::from(
        "# Command line\n\nThis page is generated from the program's own help; do not edit it.\n",
    );
    let mut root = Cli::command().term_width(100);
    root.build();
    add(&mut page, &mut root, "sekisho");
    page
}

fn add(page: &mut String, command: &mut clap::Command, path: &str) {
    let help = command.render_long_help().to_string();
    let help: Vec<&str> = help.lines().map(str::trim_end).collect();
    let _written = write!(
        page,
        "\n## `{path}`\n\n```text\n{}\n```\n",
        help.join("\n").trim_end()
    );
    for sub in command.get_subcommands_mut() {
        if sub.is_hide_set() || sub.get_name() == "help" {
            continue;
        }
        let path = format!("{path} {}", sub.get_name());
        add(page, sub, &path);
    }
}

fn errors() -> String {
    let mut page = String::from(
        "# Errors\n\nThis page is generated from the error types; do not edit it.\n\n\
         ## Authorization endpoint\n\nSent to the redirect URI (RFC 6749 §4.1.2.1), never for an unknown client\n\
         or an unregistered redirect URI: those end on a page here.\n\n| error | description |\n|---|---|\n",
    );
    for error in AUTHORIZATION {
        let _written = writeln!(page, "| `{}` | {} |", error.code(), error.description());
    }
    page.push_str("\n## Token, revocation and introspection endpoints\n\nJSON (RFC 6749 §5.2).\n\n| error | status | description |\n|---|---|---|\n");
    for error in TOKEN {
        let _written = writeln!(
            page,
            "| `{}` | {} | {} |",
            error.code(),
            error.status(),
            error.description()
        );
    }
    page.push_str("\nToo many failures of one client from one address answer 429 `slow_down` with `Retry-After`; a part of\nours that is down answers 503 `temporarily_unavailable` with `Retry-After`.\n\n## Userinfo\n\nIn `WWW-Authenticate` (RFC 6750 §3).\n\n| error | status |\n|---|---|\n");
    for error in [
        BearerError::Missing,
        BearerError::InvalidRequest,
        BearerError::InvalidToken,
        BearerError::InsufficientScope("openid"),
        BearerError::InvalidDpopProof(""),
        BearerError::UseDpopNonce,
    ] {
        let code = error
            .code()
            .map_or_else(|| "(none)".to_owned(), |code| format!("`{code}`"));
        let _written = writeln!(page, "| {code} | {} |", error.status());
    }
    page
}

const AUTHORIZATION: [AuthorizationError; 12] = [
    AuthorizationError::InvalidRequest("what is wrong with which parameter"),
    AuthorizationError::UnauthorizedClient,
    AuthorizationError::UnsupportedResponseType,
    AuthorizationError::InvalidScope,
    AuthorizationError::LoginRequired,
    AuthorizationError::ConsentRequired,
    AuthorizationError::InteractionRequired,
    AuthorizationError::AccessDenied,
    AuthorizationError::RequestNotSupported,
    AuthorizationError::RequestUriNotSupported,
    AuthorizationError::ServerError,
    AuthorizationError::TemporarilyUnavailable,
];

const TOKEN: [TokenError; 8] = [
    TokenError::InvalidRequest("what is wrong with which parameter"),
    TokenError::InvalidClient(HeaderUsed::No),
    TokenError::InvalidGrant("why the code or refresh token is refused"),
    TokenError::UnauthorizedClient,
    TokenError::UnsupportedGrantType,
    TokenError::InvalidScope,
    TokenError::InvalidDpopProof("what is wrong with the DPoP proof"),
    TokenError::UseDpopNonce,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pages_in_the_manual_are_fresh() {
        for (kept, made) in [
            (
                include_str!("../../../../docs/reference/configuration.md"),
                reference::markdown(),
            ),
            (
                include_str!("../../../../docs/reference/command-line.md"),
                command_line(),
            ),
            (
                include_str!("../../../../docs/reference/errors.md"),
                errors(),
            ),
        ] {
            assert_eq!(kept.trim_end(), made.trim_end(), "run cargo xtask docs");
        }
    }
}
