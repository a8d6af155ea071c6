//! `sekisho user export`: accounts move out.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use clap::Args;
use sekisho_provider::Provider;
use sekisho_provider::detection::{Reading, ReadingWay};
use sekisho_provider::moving::{Hashes, Losses};
use serde::Serialize;

use super::levels::Reader;
use super::tree::{Form, Where};
use super::{CliError, output, services_at};

/// Accounts read at once.
const PAGE: u32 = 500;

/// What to write, and where.
#[derive(Debug, Clone, Args)]
pub(crate) struct Export {
    #[command(flatten)]
    at: Where,
    #[command(flatten)]
    by: Reader,
    /// The file to make; one that exists is not overwritten.
    #[arg(long)]
    out: PathBuf,
    /// Write the password hashes as well, without their seal: whoever reads the file can try guesses.
    #[arg(long)]
    with_hashes: bool,
}

/// How it went, and what stays behind of those who leave.
#[derive(Serialize)]
struct Summary {
    exported: u64,
    hashes: bool,
    #[serde(flatten)]
    losses: Losses,
}

pub(super) async fn run(asked: Export, form: Form) -> Result<(), CliError> {
    let (_, services) = services_at(&asked.at).await?;
    let failed = |why| CliError::failed(format!("cannot write {}", asked.out.display()), why);
    let hashes = if asked.with_hashes {
        output::warn(
            "The file will hold password hashes that anyone can try guesses against. Move it encrypted, \
             and destroy it when it has been read.",
        );
        Hashes::Leave
    } else {
        Hashes::Stay
    };
    if asked.out.exists() {
        return Err(CliError::refused(format!("{} exists", asked.out.display())));
    }
    let draft = draft_of(&asked.out);
    let mut options = File::options();
    let file = options
        .mode(0o600)
        .write(true)
        .create_new(true)
        .open(&draft);
    let written = match file {
        Ok(file) => {
            let reading = asked.by.reading(ReadingWay::Export);
            write_all(&services.provider, reading, file, hashes).await
        }
        Err(why) if why.kind() == std::io::ErrorKind::AlreadyExists => {
            return Err(CliError::refused(format!(
                "{} is there: another export writes it, or one was killed. If none is running, delete it and try again.",
                draft.display()
            )));
        }
        Err(why) => return Err(failed(why)),
    };
    // Nothing half-done: the name appears when everything is there.
    let kept = written.and_then(|count| {
        std::fs::hard_link(&draft, &asked.out).map_err(failed)?;
        Ok(count)
    });
    std::fs::remove_file(&draft).map_err(failed)?;
    let (exported, losses) = kept?;
    let summary = Summary {
        exported,
        hashes: asked.with_hashes,
        losses,
    };
    output::one(form, &summary);
    match losses.unreadable {
        0 => Ok(()),
        some => Err(CliError::refused(format!(
            "{some} accounts could not be read; everybody else is in the file"
        ))),
    }
}

fn draft_of(out: &Path) -> PathBuf {
    let mut name = out.as_os_str().to_owned();
    name.push(".part");
    PathBuf::from(name)
}

async fn write_all(
    provider: &Provider,
    reading: Reading<'_>,
    file: File,
    hashes: Hashes,
) -> Result<(u64, Losses), CliError> {
    let failed = |why: std::io::Error| CliError::failed("cannot write the file", why);
    provider.begin_export(reading, hashes).await?;
    let mut out = BufWriter::new(file);
    let (mut after, mut exported, mut losses) = (None, 0, Losses::default());
    loop {
        let page = provider.export_page(reading, (after, PAGE), hashes).await?;
        for user in page.unreadable {
            output::warn(&format!("{user} cannot be read and is left out"));
        }
        losses += page.losses;
        for line in page.lines {
            writeln!(out, "{line}").map_err(failed)?;
            exported += 1;
        }
        if page.last.is_none() {
            break;
        }
        after = page.last;
    }
    let file = out.into_inner().map_err(|why| failed(why.into_error()))?;
    file.sync_all().map_err(failed)?;
    Ok((exported, losses))
}
