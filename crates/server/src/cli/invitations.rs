//! `sekisho user invite`, `invitations`, `uninvite`: who may make an account (REC-13).

use std::time::Duration;

use clap::Subcommand;
use sekisho_mail::when;
use sekisho_model::{InvitationId, Timestamp};
use sekisho_provider::endpoints::sign_up::ShownInvitation;
use sekisho_provider::rules::sign_up::SignUpMode;
use sekisho_store::Once;
use serde::Serialize;

use super::tree::{Form, Where};
use super::{CliError, output, paging, services_at, users};

/// Longest life of an invitation.
const LONGEST: Duration = Duration::from_hours(90 * 24);

#[derive(Debug, Subcommand)]
pub(crate) enum InvitationCommand {
    /// Invite somebody to make an account; prints a link once, which works for one account.
    #[command(
        after_help = "Example\n  sekisho user invite haruka@example.jp --expires 3d --config config.toml\n  sekisho user invite --expires 12h --config config.toml"
    )]
    Invite {
        #[command(flatten)]
        at: Where,
        /// The only address it works for; without one it works for any.
        address: Option<String>,
        /// How long it works, as in 30m, 12h or 7d; at most 90d.
        #[arg(long, default_value = "7d", value_parser = life)]
        expires: Duration,
    },
    /// List invitations, newest first.
    #[command(after_help = "Example\n  sekisho user invitations --config config.toml")]
    Invitations {
        #[command(flatten)]
        at: Where,
        /// Go on after this id.
        #[arg(long, value_parser = id)]
        after: Option<InvitationId>,
        /// How many.
        #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
        limit: u32,
    },
    /// Take an unused invitation back.
    #[command(
        after_help = "Example\n  sekisho user uninvite 0199a1b2-0000-7000-8000-000000000001 --config config.toml"
    )]
    Uninvite {
        #[command(flatten)]
        at: Where,
        /// Its id; see `user invitations`.
        #[arg(value_parser = id)]
        id: InvitationId,
    },
}

/// Who made it, for the record.
const BY: &str = "command line";

#[derive(Serialize)]
struct Made {
    id: String,
    link: String,
    expires_at: String,
}

#[derive(Serialize)]
struct Shown {
    id: String,
    address: Option<String>,
    made_by: String,
    created_at: String,
    expires_at: String,
    state: &'static str,
    used_by: Option<String>,
}

pub(super) async fn run(command: InvitationCommand, form: Form) -> Result<(), CliError> {
    match command {
        InvitationCommand::Invite {
            at,
            address,
            expires,
        } => invite(&at, address.as_deref(), expires, form).await,
        InvitationCommand::Invitations { at, after, limit } => list(&at, after, limit, form).await,
        InvitationCommand::Uninvite { at, id } => uninvite(&at, id).await,
    }
}

async fn invite(
    at: &Where,
    address: Option<&str>,
    life: Duration,
    form: Form,
) -> Result<(), CliError> {
    let address = address.map(users::address).transpose()?;
    let (config, services) = services_at(at).await?;
    let made = services.provider.invite(address.as_ref(), life, BY).await?;
    output::one(
        form,
        &Made {
            id: made.id.to_string(),
            link: made.link,
            expires_at: when::rfc3339(made.expires_at, "UTC"),
        },
    );
    if config.accounts.registration == SignUpMode::Off {
        output::warn("accounts.registration is off: the link works once it is invite or open.");
    }
    Ok(())
}

async fn list(
    at: &Where,
    after: Option<InvitationId>,
    limit: u32,
    form: Form,
) -> Result<(), CliError> {
    let (_, services) = services_at(at).await?;
    let (page, now) = (
        services.provider.invitations(after, limit).await?,
        services.provider.now(),
    );
    let all: Vec<Shown> = page.into_iter().map(|one| shown(one, now)).collect();
    let columns = ["id", "address", "expires", "state"];
    output::list(form, &columns, &all, |one| {
        vec![
            one.id.clone(),
            one.address.clone().unwrap_or_default(),
            one.expires_at.clone(),
            one.state.to_owned(),
        ]
    });
    paging::more(&all, limit, |last| last.id.clone());
    Ok(())
}

fn shown(one: ShownInvitation, now: Timestamp) -> Shown {
    let state = match one.used {
        Some(_) => "used",
        None if now < one.expires_at => "open",
        None => "over",
    };
    let used_by = one.used.and_then(|(_, user)| user);
    Shown {
        id: one.id.to_string(),
        address: one.address.map(|address| address.to_string()),
        made_by: one.made_by,
        created_at: when::rfc3339(one.created_at, "UTC"),
        expires_at: when::rfc3339(one.expires_at, "UTC"),
        state,
        used_by: used_by.map(|user| user.to_string()),
    }
}

async fn uninvite(at: &Where, id: InvitationId) -> Result<(), CliError> {
    let (_, services) = services_at(at).await?;
    match services.provider.uninvite(id, BY).await? {
        Once::First => {
            output::done("The invitation works no more.");
            Ok(())
        }
        Once::Again => Err(CliError::refused(format!(
            "There is no unused invitation {id}."
        ))),
    }
}

fn id(text: &str) -> Result<InvitationId, String> {
    InvitationId::parse(text).ok_or_else(|| "this is not the id of an invitation".to_owned())
}

/// `30m`, `12h`, `7d`.
fn life(text: &str) -> Result<Duration, String> {
    let wrong = || "use a number and m, h or d, as in 12h; from 1m to 90d".to_owned();
    let unit = text.chars().last().ok_or_else(wrong)?;
    let number = text.strip_suffix(unit).unwrap_or_default();
    let number: u32 = number.parse().map_err(|_not_a_number| wrong())?;
    let unit = match unit {
        'm' => Duration::from_mins(1),
        'h' => Duration::from_hours(1),
        'd' => Duration::from_hours(24),
        _ => return Err(wrong()),
    };
    let life = unit.saturating_mul(number);
    if life.is_zero() || life > LONGEST {
        return Err(wrong());
    }
    Ok(life)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rec_13_an_invitation_lives_a_minute_at_least_and_ninety_days_at_most() {
        assert_eq!(life("1m"), Ok(Duration::from_mins(1)));
        assert_eq!(life("12h"), Ok(Duration::from_hours(12)));
        assert_eq!(life("90d"), Ok(LONGEST));
        for wrong in [
            "",
            "d",
            "7",
            "0d",
            "91d",
            "-1d",
            "1.5d",
            "7 d",
            "7日",
            "4294967296m",
            "9999999h",
        ] {
            assert!(life(wrong).is_err(), "{wrong}");
        }
    }
}
