//! `sekisho client brand`: how the pages of an app look (WEB-12).

use std::path::PathBuf;

use clap::Args;
use sekisho_model::{Brand, BrandColours, ClientId, Colour, EventKind, NotAColour, Palette};
use sekisho_provider::brands::{BrandDecided, Change, Picture};
use sekisho_provider::rules::brand::{Measure, Pair, measures};
use serde_json::{Value, json};

use super::tree::{Form, Where};
use super::{CliError, clients, event, output, services_at};
use crate::config::brand::palette;

const EXAMPLE: &str = "Example\n  sekisho client brand demo-app --colours 0a5f73,084c5c,ffffff --dark-colours 8fd3e3,b6e4ee,0d1a1f --logo logo.png --config config.toml\n  sekisho client brand demo-app --no-logo --config config.toml";

/// How an app looks.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct ClientBrand {
    #[command(flatten)]
    at: Where,
    /// Its `client_id`.
    id: String,
    /// Colours `rrggbb` of buttons, of buttons under the pointer, and of their writing.
    #[arg(
        long,
        value_delimiter = ',', value_parser = colour,
        value_name = "BUTTON,HOVER,TEXT"
    )]
    colours: Vec<Colour>,
    /// The same on dark pages; by default `--colours`.
    #[arg(
        long,
        value_delimiter = ',', value_parser = colour,
        requires = "colours",
        value_name = "BUTTON,HOVER,TEXT"
    )]
    dark_colours: Vec<Colour>,
    /// A picture: a PNG file of at most 64 KiB, 16 to 512 points to a side.
    #[arg(long, conflicts_with = "fetch_logo")]
    logo: Option<PathBuf>,
    /// Fetch the picture once from the `logo_uri` that the app registered.
    #[arg(long)]
    fetch_logo: bool,
    /// Take the colours away.
    #[arg(long, conflicts_with = "colours")]
    no_colours: bool,
    /// Take the picture away.
    #[arg(long, conflicts_with_all = ["logo", "fetch_logo"])]
    no_logo: bool,
}

/// A colour, with `#` or, because shells take that for a comment, without.
fn colour(text: &str) -> Result<Colour, NotAColour> {
    format!("#{}", text.trim_start_matches('#')).parse()
}

pub(super) async fn run(asked: ClientBrand, form: Form) -> Result<(), CliError> {
    let (_, services) = services_at(&asked.at).await?;
    let client = clients::find(&services.store, &asked.id).await?.client;
    let (colours, logo) = (asked.new_colours()?, asked.new_logo()?);
    if colours != Change::Keep || logo != Change::Keep {
        let kind = EventKind::ClientChanged;
        let event = event(&services.provider, &services, kind, "client brand");
        let id = &client.client_id;
        let provider = &services.provider;
        match provider.change_brand(id, colours, logo, event).await? {
            BrandDecided::Set => {}
            refused => return Err(refusal(&refused)),
        }
    }
    let brand = clients::find(&services.store, &asked.id)
        .await?
        .client
        .brand;
    output::one(form, &shown(&client.client_id, brand));
    Ok(())
}

impl ClientBrand {
    fn new_colours(&self) -> Result<Change<BrandColours>, CliError> {
        if self.no_colours {
            return Ok(Change::Remove);
        }
        if self.colours.is_empty() {
            return Ok(Change::Keep);
        }
        let three = |colours: &[Colour]| -> Result<Palette, CliError> {
            palette(colours).ok_or_else(|| CliError::usage("Give three colours."))
        };
        let light = three(&self.colours)?;
        let dark = match &*self.dark_colours {
            [] => light,
            given => three(given)?,
        };
        Ok(Change::Set(BrandColours { light, dark }))
    }

    fn new_logo(&self) -> Result<Change<Picture>, CliError> {
        if self.no_logo {
            return Ok(Change::Remove);
        }
        if self.fetch_logo {
            return Ok(Change::Set(Picture::Registered));
        }
        let Some(path) = &self.logo else {
            return Ok(Change::Keep);
        };
        let file = std::fs::read(path);
        let file = file.map_err(|e| CliError::refused(format!("{}: {e}", path.display())))?;
        Ok(Change::Set(Picture::File(file)))
    }
}

fn refusal(decided: &BrandDecided) -> CliError {
    CliError::refused(match decided {
        BrandDecided::Set | BrandDecided::NoClient => "There is no such app.".to_owned(),
        BrandDecided::Picture(refusal) => format!("Nothing was changed: {refusal}."),
        BrandDecided::NotFetched => {
            "Nothing was changed: the app registered no logo_uri, or no PNG picture came from there."
                .to_owned()
        }
        BrandDecided::TooPale(measures) => {
            let pale = measures.iter().filter(|measure| !measure.is_enough());
            let lines: Vec<String> = pale.map(line).collect();
            format!(
                "Nothing was changed: the colours are hard to tell apart.\n  {}\nOther colours for dark pages: --dark-colours.",
                lines.join("\n  ")
            )
        }
    })
}

fn line(measure: &Measure) -> String {
    let pages = if measure.dark { "dark" } else { "light" };
    let pair = match measure.pair {
        Pair::TextOnButton => "writing on the button",
        Pair::TextOnHover => "writing on the button under the pointer",
        Pair::ButtonOnPage => "button on the page",
    };
    format!(
        "{pages} pages, {pair}: {:.2}, needs {:.1}",
        measure.ratio, measure.least
    )
}

fn shown(client: &ClientId, brand: Option<Brand>) -> Value {
    let colours = brand.and_then(|brand| brand.colours);
    let contrasts = colours.map(|colours| measures(&colours).iter().map(line).collect::<Vec<_>>());
    json!({
        "client_id": client,
        "colours": colours,
        "contrasts": contrasts,
        "logo": brand.is_some_and(|brand| brand.logo),
        "version": brand.map_or(0, |brand| brand.version),
    })
}
