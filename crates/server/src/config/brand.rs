use sekisho_model::{BrandColours, Colour, Palette};
use sekisho_provider::rules::brand::{Measure, measures};
use sekisho_provider::rules::logo::redrawn;

use super::Config;
use crate::http::brand::{FooterLink, HouseLook};

/// The most links at the foot of a page.
const LINKS: usize = 6;

impl Config {
    /// How the service looks, or what is wrong with it.
    pub(crate) fn house_look(&self) -> Result<HouseLook, String> {
        let brand = &self.brand;
        let colours = colours(&brand.colours, &brand.dark_colours)?;
        let logo = brand.logo.as_ref().map(|path| {
            let wrong =
                |why: &dyn std::fmt::Display| format!("brand.logo: {}: {why}", path.display());
            let file = std::fs::read(path).map_err(|error| wrong(&error))?;
            let logo = redrawn(&file).map_err(|refusal| wrong(&refusal))?;
            if logo.see_through {
                Ok(logo.png)
            } else {
                Err(wrong(
                    &"its shape alone is drawn, so it needs a transparent ground",
                ))
            }
        });
        let links = brand.footer_links.iter().map(|text| link(text));
        let links = links.collect::<Result<Vec<_>, _>>()?;
        if links.len() > LINKS {
            return Err(format!("brand.footer_links: use at most {LINKS}"));
        }
        Ok(HouseLook::new(colours.as_ref(), logo.transpose()?, links))
    }
}

fn colours(light: &[Colour], dark: &[Colour]) -> Result<Option<BrandColours>, String> {
    let three = |key: &str| {
        format!("brand.{key}: use three colours: button, button under the pointer, writing")
    };
    if light.is_empty() {
        let none = dark.is_empty().then_some(None);
        return none.ok_or_else(|| three("colours"));
    }
    let light = palette(light).ok_or_else(|| three("colours"))?;
    let dark = match dark {
        [] => light,
        given => palette(given).ok_or_else(|| three("dark_colours"))?,
    };
    let colours = BrandColours { light, dark };
    let pale = measures(&colours).into_iter().find(|m| !m.is_enough());
    match pale {
        None => Ok(Some(colours)),
        Some(measure) => Err(told(&measure)),
    }
}

/// The three colours of a palette, in their order.
pub(crate) fn palette(colours: &[Colour]) -> Option<Palette> {
    let [button, hover, text] = *colours else {
        return None;
    };
    Some(Palette {
        button,
        hover,
        text,
    })
}

fn told(measure: &Measure) -> String {
    let key = if measure.dark {
        "dark_colours"
    } else {
        "colours"
    };
    format!(
        "brand.{key}: {:?} has a contrast of {:.2}, and needs {}",
        measure.pair, measure.ratio, measure.least
    )
}

fn link(text: &str) -> Result<FooterLink, String> {
    let wrong =
        || format!("brand.footer_links: {text:?}: use \"https://… | 日本語の名前 | English name\"");
    let parts: Vec<&str> = text.split('|').map(str::trim).collect();
    let [href, ja, en] = *parts else {
        return Err(wrong());
    };
    let is_name = |name: &str| {
        (1..=40).contains(&name.chars().count()) && !name.chars().any(char::is_control)
    };
    let address = url::Url::parse(href)
        .ok()
        .filter(|url| url.scheme() == "https");
    let address = address.ok_or_else(wrong)?;
    if !is_name(ja) || !is_name(en) {
        return Err(wrong());
    }
    Ok(FooterLink {
        href: address.to_string(),
        ja: ja.to_owned(),
        en: en.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::assets;

    fn look(change: impl FnOnce(&mut super::super::Brand)) -> Result<HouseLook, String> {
        let mut config = Config::default();
        change(&mut config.brand);
        config.house_look()
    }

    fn three(colours: [&str; 3]) -> Vec<Colour> {
        colours.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn without_a_brand_pages_are_as_they_come() {
        assert_eq!(look(|_| {}).unwrap().style(), None);
    }

    #[test]
    fn web_12_what_cannot_be_read_is_refused_by_name() {
        let good = three(["#0a5f73", "#084c5c", "#ffffff"]);
        let dark = three(["#8fd3e3", "#b6e4ee", "#0d1a1f"]);
        let both = look(|brand| {
            brand.colours.clone_from(&good);
            brand.dark_colours.clone_from(&dark);
        });
        assert!(
            both.unwrap()
                .style()
                .unwrap()
                .starts_with("/theme/server.css?v=")
        );
        let only_light = look(|brand| brand.colours.clone_from(&good)).unwrap_err();
        assert!(only_light.contains("brand.dark_colours"), "{only_light}");
        let only_dark = look(|brand| brand.dark_colours.clone_from(&dark)).unwrap_err();
        assert!(only_dark.contains("brand.colours"), "{only_dark}");
        let two = look(|brand| brand.colours = good[..2].to_vec()).unwrap_err();
        assert!(two.contains("three colours"), "{two}");
    }

    #[test]
    fn links_at_the_foot_lead_to_https_addresses_with_a_name_in_each_language() {
        let one = "https://operator.example/about | 会社概要 | About us".to_owned();
        let found = look(|brand| brand.footer_links = vec![one.clone()]).unwrap();
        assert_eq!(found.links()[0].name(sekisho_model::Locale::Ja), "会社概要");
        for wrong in [
            "https://operator.example/about",
            "javascript:alert(1) | a | b",
            "http://operator.example | a | b",
            "https://operator.example | | b",
            "https://operator.example | a | b | c",
        ] {
            assert!(
                look(|brand| brand.footer_links = vec![wrong.to_owned()]).is_err(),
                "{wrong}"
            );
        }
        assert!(look(|brand| brand.footer_links = vec![one; 7]).is_err());
    }

    #[test]
    fn web_12_contrast_is_measured_against_the_paper_of_our_pages() {
        use sekisho_provider::rules::brand::{DARK_PAPER, LIGHT_PAPER};
        let css = assets::text("tokens.css").unwrap();
        for paper in [LIGHT_PAPER, DARK_PAPER] {
            assert!(css.contains(&format!("--sheet: {paper};")), "{paper}");
        }
    }
}
