//! `sekisho keys` as it is typed.

use std::path::PathBuf;

use clap::Subcommand;

use super::tree::Where;

#[derive(Debug, Subcommand)]
pub(crate) enum KeysCommand {
    /// Make the file of the key-encryption keys.
    #[command(
        after_help = "Example\n  sekisho keys init --config config.toml\n  sekisho keys init --file /etc/sekisho/keys.toml"
    )]
    Init {
        #[command(flatten)]
        at: Where,
        /// The file, if no configuration names it.
        #[arg(long)]
        file: Option<PathBuf>,
    },
    /// List signing keys.
    #[command(after_help = "Example\n  sekisho keys list --config config.toml")]
    List {
        #[command(flatten)]
        at: Where,
    },
    /// Make new signing keys; they take over when apps had time to read them. Or a new key-encryption key.
    #[command(
        after_help = "Example\n  sekisho keys rotate --config config.toml\n  sekisho keys rotate --overlap-hours 48 --config config.toml\n  sekisho keys rotate --kek --config config.toml"
    )]
    Rotate {
        #[command(flatten)]
        at: Where,
        /// Instead of signing keys, add a key-encryption key to the key file. Servers take it, and move what lies under older ones.
        #[arg(long, conflicts_with = "overlap_hours")]
        kek: bool,
        /// Hours until they take over; apps may keep the published keys for a quarter of an hour.
        #[arg(long, default_value_t = 24, value_parser = clap::value_parser!(u64).range(1..=720))]
        overlap_hours: u64,
    },
    /// Show what lies under which key-encryption key, and which node holds which.
    #[command(
        after_help = "Example\n  sekisho keys status --config config.toml\n  sekisho keys status --output json --config config.toml"
    )]
    Status {
        #[command(flatten)]
        at: Where,
    },
    /// Move what lies under older key-encryption keys now, as servers do in the background.
    #[command(after_help = "Example\n  sekisho keys reseal --config config.toml")]
    Reseal {
        #[command(flatten)]
        at: Where,
    },
    /// Take an old key-encryption key out of the key file; refused while anything needs it.
    #[command(after_help = "Example\n  sekisho keys drop 5f0c9b5e… --config config.toml")]
    Drop {
        #[command(flatten)]
        at: Where,
        /// Its name; `keys status` shows them.
        key: String,
    },
    /// Take a signing key that may have leaked out of use at once, on every node within a second.
    #[command(
        after_help = "Example\n  sekisho keys compromise Rk3f… --reason lost-backup --config config.toml"
    )]
    Compromise {
        #[command(flatten)]
        at: Where,
        /// The key's `kid`; `keys list` shows them.
        #[arg(allow_hyphen_values = true)]
        kid: String,
        /// Why, for the record.
        #[arg(long, default_value = "")]
        reason: String,
    },
}
