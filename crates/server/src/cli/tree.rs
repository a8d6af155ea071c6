use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::canaries::CanaryCommand;
use super::events::Events;
use super::export::Export;
use super::factors::FactorCommand;
use super::forced_resets::ForceReset;
use super::guard::GuardCommand;
use super::import::Import;
use super::incident::IncidentCommand;
use super::invitations::InvitationCommand;
use super::keys_tree::KeysCommand;
use super::leaving::LeavingCommand;
use super::levels::Reader;
use super::logouts::Logouts;
use super::mail::MailCommand;
use super::networks::UserNetworks;
use super::operators::OperatorCommand;
use super::passwords::PasswordsCommand;
use super::users::Among;
use super::{brand::ClientBrand, publisher::ClientVerify};

/// An OAuth 2 and OpenID Connect authorization server that assumes it will be breached.
#[derive(Debug, Parser)]
#[command(
    name = "sekisho",
    version,
    arg_required_else_help = true,
    after_help = "Exit: 0 done, 1 refused or failed, 2 wrong usage. NO_COLOR is honoured."
)]
pub(crate) struct Cli {
    /// How results are printed.
    #[arg(long, short, global = true, value_enum, default_value = "table")]
    pub(super) output: Form,
    #[command(subcommand)]
    pub(super) command: Command,
}

/// How results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    /// For people.
    Table,
    /// For programs.
    Json,
}

/// Where a command finds its data.
#[derive(Debug, Clone, Args)]
pub(crate) struct Where {
    /// Configuration file.
    #[arg(long, short, env = "SEKISHO_CONFIG", hide_env_values = true)]
    pub(super) config: Option<PathBuf>,
    /// Data folder of `sekisho dev`.
    #[arg(long)]
    pub(super) data: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Try it out: embedded defaults, loopback only, mails caught in the browser.
    #[command(
        after_help = "Example\n  sekisho dev\n  sekisho dev --listen 127.0.0.1:9000 --data /tmp/sekisho"
    )]
    Dev {
        /// Address and port; loopback only.
        #[arg(long, default_value = "127.0.0.1:8080")]
        listen: String,
        /// Where the database and the keys are kept.
        #[arg(long, default_value = "sekisho-dev")]
        data: PathBuf,
    },
    /// Run in production.
    #[command(after_help = "Example\n  sekisho serve --config /etc/sekisho/config.toml")]
    Serve {
        /// Configuration file.
        #[arg(long, short, env = "SEKISHO_CONFIG", hide_env_values = true)]
        config: PathBuf,
    },
    /// Bring the database to the present form.
    #[command(
        after_help = "Example\n  sekisho migrate --config config.toml\n  sekisho migrate --check --config config.toml"
    )]
    Migrate {
        #[command(flatten)]
        at: Where,
        /// Only say what is missing; exit 1 if something is.
        #[arg(long)]
        check: bool,
    },
    /// Look at the configuration.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Check configuration, keys, database, session store and mail queue.
    #[command(
        after_help = "Example\n  sekisho doctor --config config.toml\n  sekisho doctor --data sekisho-dev --output json"
    )]
    Doctor {
        #[command(flatten)]
        at: Where,
    },
    /// Accounts.
    #[command(subcommand)]
    User(UserCommand),
    /// Apps.
    #[command(subcommand)]
    Client(ClientCommand),
    /// What new passwords are held against.
    #[command(subcommand)]
    Passwords(PasswordsCommand),
    /// Signing keys and the key file.
    #[command(subcommand)]
    Keys(KeysCommand),
    /// Containing an incident and telling people.
    #[command(subcommand)]
    Incident(IncidentCommand),
    /// Keeping attackers out.
    #[command(subcommand)]
    Guard(GuardCommand),
    /// Print the record of what happened, for people and for a SIEM.
    #[command(
        after_help = "Example\n  sekisho events --from 2026-11-23 --kind level_changed --config config.toml\n  sekisho events --follow --format syslog --config config.toml"
    )]
    Events(Events),
    /// Accounts that nobody owns, which tell of stolen data.
    #[command(subcommand)]
    Canary(CanaryCommand),
    /// Tokens for the API of operators.
    #[command(subcommand)]
    Operator(OperatorCommand),
    /// Mail.
    #[command(subcommand)]
    Mail(MailCommand),
    /// Print a page of the reference.
    #[command(hide = true)]
    Docs {
        /// Which page.
        page: Page,
    },
}

/// Generated pages of the reference.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Page {
    /// Every configuration key.
    Configuration,
    /// Every command.
    CommandLine,
    /// Every error of the protocol.
    Errors,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Say everything that is wrong with it.
    #[command(after_help = "Example\n  sekisho config check --config config.toml")]
    Check {
        #[command(flatten)]
        at: Where,
    },
    /// Print what is in force; secrets hidden.
    #[command(after_help = "Example\n  sekisho config show --config config.toml")]
    Show {
        #[command(flatten)]
        at: Where,
    },
    /// Print every key with its default.
    Schema,
}

#[derive(Debug, Subcommand)]
pub(crate) enum UserCommand {
    /// Make an account.
    #[command(
        after_help = "Example\n  printf %s \"$PASSWORD\" | sekisho user create --config config.toml --email haruka@example.jp --code-address haruka@mobile.example --password-stdin"
    )]
    Create {
        #[command(flatten)]
        at: Where,
        /// Address typed at sign-in; counts as verified.
        #[arg(long)]
        email: String,
        /// Where codes go, if elsewhere; counts as verified.
        #[arg(long)]
        code_address: Option<String>,
        /// JSON object of OpenID claims (name, birthdate, …).
        #[arg(long)]
        claims: Option<PathBuf>,
        /// Read the password from standard input.
        #[arg(long, required = true)]
        password_stdin: bool,
    },
    /// List accounts, oldest first.
    #[command(
        after_help = "Example\n  sekisho user list --limit 500 --config config.toml --output json\n  sekisho user list --tag old-portal --state disabled --config config.toml"
    )]
    List {
        #[command(flatten)]
        at: Where,
        #[command(flatten)]
        by: Reader,
        #[command(flatten)]
        among: Among,
        /// Begin after the account with this id.
        #[arg(long)]
        after: Option<String>,
        /// How many.
        #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
        limit: u32,
    },
    /// Show an account.
    #[command(after_help = "Example\n  sekisho user show haruka@example.jp --config config.toml")]
    Show {
        #[command(flatten)]
        at: Where,
        #[command(flatten)]
        by: Reader,
        /// Its sign-in address, or what apps know it by (`sub`).
        who: String,
    },
    /// List where an account is signed in.
    #[command(
        after_help = "Example\n  sekisho user sessions haruka@example.jp --config config.toml"
    )]
    Sessions {
        #[command(flatten)]
        at: Where,
        /// Its sign-in address, or what apps know it by (`sub`).
        who: String,
    },
    /// End one session of an account, or with all of them every token and trusted browser.
    #[command(
        after_help = "Example\n  sekisho user revoke haruka@example.jp --reason stolen-laptop --config config.toml\n  sekisho user revoke haruka@example.jp --session 0199a1b2-0000-7000-8000-000000000001 --reason stolen-laptop --config config.toml"
    )]
    Revoke {
        #[command(flatten)]
        at: Where,
        /// Its sign-in address, or what apps know it by (`sub`).
        who: String,
        /// Only this session; see `user sessions`.
        #[arg(long)]
        session: Option<String>,
        /// Why, for the record.
        #[arg(long)]
        reason: String,
    },
    #[command(flatten)]
    Leaving(LeavingCommand),
    #[command(flatten)]
    Factor(FactorCommand),
    /// Stop an account; its sessions and tokens end at once.
    #[command(
        after_help = "Example\n  sekisho user disable haruka@example.jp --reason asked-by-phone --config config.toml"
    )]
    Disable {
        #[command(flatten)]
        at: Where,
        /// Its sign-in address, or what apps know it by (`sub`).
        who: String,
        /// Why, for the record.
        #[arg(long, default_value = "")]
        reason: String,
    },
    /// Take over accounts from another system, with their passwords; can be interrupted and resumed.
    #[command(
        after_help = "Example\n  sekisho user import people.jsonl --dry-run --config config.toml\n  sekisho user import people.jsonl --tag old-portal --report problems.jsonl --config config.toml\n  sekisho user import people.jsonl --tag old-portal --resume --config config.toml\n  sekisho user import realm.json --format keycloak --trust-addresses --config config.toml\n\n  people.jsonl: {\"email\": \"haruka@example.jp\", \"email_verified\": true, \"password_hash\": \"$2b$12$…\"}"
    )]
    Import(Import),
    /// Write every account to a file that import takes, one JSON object on each line.
    #[command(
        after_help = "Example\n  sekisho user export --out people.jsonl --config config.toml\n  sekisho user export --with-hashes --out people.jsonl --config config.toml"
    )]
    Export(Export),
    /// Make people choose a new password at their next sign-in, however many they are.
    #[command(
        after_help = "Example\n  sekisho user force-reset --chosen-before 2026-11-20 --reason stolen-backup --config config.toml\n  sekisho user force-reset --all --wave 1/4 --reason stolen-backup --dry-run --config config.toml"
    )]
    ForceReset(ForceReset),
    /// List forced resets and how many people have obeyed, newest first. Looks at every account for each.
    #[command(
        after_help = "Example\n  sekisho user resets --config config.toml\n  sekisho user resets --limit 1 --config config.toml"
    )]
    Resets {
        #[command(flatten)]
        at: Where,
        /// Go on after this number.
        #[arg(long)]
        after: Option<i64>,
        /// How many.
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=10_000))]
        limit: u32,
    },
    /// Stop asking for new passwords because of a forced reset; what it ended stays ended.
    #[command(after_help = "Example\n  sekisho user lift-reset 3 --config config.toml")]
    LiftReset {
        #[command(flatten)]
        at: Where,
        /// Its number; `user resets` shows them.
        number: i64,
    },
    /// Mail a reset link to somebody whose identity you have checked; you see neither link nor password.
    #[command(
        after_help = "Example\n  sekisho user start-reset haruka@example.jp --reason id-card-seen --config config.toml"
    )]
    StartReset {
        #[command(flatten)]
        at: Where,
        /// Its sign-in address.
        email: String,
        /// Why, for the record.
        #[arg(long)]
        reason: String,
    },
    /// Send the codes of somebody whose identity you have checked to another address.
    #[command(
        after_help = "Example\n  sekisho user reset-second-step haruka@example.jp --code-address haruka@new.example --reason id-card-seen --config config.toml"
    )]
    ResetSecondStep {
        #[command(flatten)]
        at: Where,
        /// Its sign-in address.
        email: String,
        /// Where codes go from now on.
        #[arg(long)]
        code_address: String,
        /// Why, for the record.
        #[arg(long)]
        reason: String,
    },
    /// Show, set or clear the networks an account may be signed in to from.
    #[command(
        after_help = "Example\n  sekisho user networks haruka@example.jp --config config.toml\n  sekisho user networks haruka@example.jp --clear --reason id-card-seen --config config.toml"
    )]
    Networks(UserNetworks),
    #[command(flatten)]
    Invitation(InvitationCommand),
    /// Let an account sign in again.
    #[command(after_help = "Example\n  sekisho user enable haruka@example.jp --config config.toml")]
    Enable {
        #[command(flatten)]
        at: Where,
        /// Its sign-in address, or what apps know it by (`sub`).
        who: String,
        /// Why, for the record.
        #[arg(long, default_value = "")]
        reason: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum ClientCommand {
    /// Register an app from a file with RFC 7591 field names; prints its secret once.
    #[command(
        after_help = "Example\n  sekisho client create --config config.toml --file app.json\n\n  app.json: {\"client_name\": \"Aozora Mail\", \"redirect_uris\": [\"https://mail.example/cb\"]}"
    )]
    Create {
        #[command(flatten)]
        at: Where,
        /// JSON file.
        #[arg(long)]
        file: PathBuf,
        /// Take the name even if it is much like that of this server or of a verified app.
        #[arg(long)]
        insist: bool,
    },
    /// Allow apps to register themselves: prints a token once (RFC 7591 §1.2).
    #[command(
        after_help = "Example\n  sekisho client allow partners --uses 10 --days 30 --config config.toml"
    )]
    Allow {
        #[command(flatten)]
        at: Where,
        /// What to call it.
        label: String,
        /// Registrations it allows.
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100_000))]
        uses: u32,
        /// Days it works.
        #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u64).range(1..=3650))]
        days: u64,
    },
    /// List the tokens that allow registrations.
    #[command(after_help = "Example\n  sekisho client allowed --config config.toml")]
    Allowed {
        #[command(flatten)]
        at: Where,
    },
    /// End the tokens of this name that allow registrations.
    #[command(after_help = "Example\n  sekisho client disallow partners --config config.toml")]
    Disallow {
        #[command(flatten)]
        at: Where,
        /// What they are called.
        label: String,
    },
    /// Give an app that registered itself another token to manage its registration (RFC 7592), printed once; the
    /// one before ends.
    #[command(
        after_help = "Example\n  sekisho client management-token 0199a1b2 --config config.toml"
    )]
    ManagementToken {
        #[command(flatten)]
        at: Where,
        /// Its `client_id`.
        id: String,
    },
    /// List apps, by their ids.
    #[command(after_help = "Example\n  sekisho client list --config config.toml")]
    List {
        #[command(flatten)]
        at: Where,
        /// Go on after this `client_id`.
        #[arg(long)]
        after: Option<String>,
        /// How many.
        #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
        limit: u32,
    },
    /// Show an app.
    #[command(after_help = "Example\n  sekisho client show demo-app --data sekisho-dev")]
    Show {
        #[command(flatten)]
        at: Where,
        /// Its `client_id`.
        id: String,
    },
    /// Replace an app's registration.
    #[command(
        after_help = "Example\n  sekisho client update demo-app --file app.json --config config.toml"
    )]
    Update {
        #[command(flatten)]
        at: Where,
        /// Its `client_id`.
        id: String,
        /// JSON file.
        #[arg(long)]
        file: PathBuf,
        /// Take the name even if it is much like that of this server or of a verified app.
        #[arg(long)]
        insist: bool,
    },
    /// Make a new secret; the old one goes on for some hours.
    #[command(
        after_help = "Example\n  sekisho client rotate-secret demo-app --keep-old-hours 48 --config config.toml"
    )]
    RotateSecret {
        #[command(flatten)]
        at: Where,
        /// Its `client_id`.
        id: String,
        /// Hours the old secret still works.
        #[arg(long, default_value_t = 24)]
        keep_old_hours: u64,
    },
    /// List which apps were told of sign-outs, and which could not be.
    #[command(
        after_help = "Example\n  sekisho client logouts --config config.toml\n  sekisho client logouts --client demo-app --output json --config config.toml\n  sekisho client logouts --after 1795392000000000_sRBZ7Zk5Ck0 --config config.toml"
    )]
    Logouts(Logouts),
    /// Show or change how the pages of an app look.
    Brand(ClientBrand),
    /// Show or note who makes an app, which people read on the consent page.
    Verify(ClientVerify),
    /// Delete an app; its tokens stop.
    #[command(after_help = "Example\n  sekisho client delete demo-app --config config.toml")]
    Delete {
        #[command(flatten)]
        at: Where,
        /// Its `client_id`.
        id: String,
    },
}
