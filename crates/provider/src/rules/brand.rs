//! Which colours an app's pages may have: what people must read stays readable in both themes (WEB-12,
//! WCAG 2.2 1.4.3 and 1.4.11).

use sekisho_model::{BrandColours, Colour, Palette};

/// The paper of light pages.
pub const LIGHT_PAPER: Colour = Colour::of([0xfb, 0xfa, 0xf7]);
/// The paper of dark pages.
pub const DARK_PAPER: Colour = Colour::of([0x18, 0x1d, 0x2b]);
/// Least contrast of text.
const TEXT: f64 = 4.5;
/// Least contrast of what is operated.
const SHAPE: f64 = 3.0;

/// Two colours beside each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pair {
    /// What is written on a button.
    TextOnButton,
    /// The same, under the pointer.
    TextOnHover,
    /// The button on the page.
    ButtonOnPage,
}

/// How well two colours can be told apart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measure {
    /// Whether it is about dark pages.
    pub dark: bool,
    /// Which colours.
    pub pair: Pair,
    /// Their contrast, 1 to 21.
    pub ratio: f64,
    /// The least that is accepted.
    pub least: f64,
}

impl Measure {
    /// Whether people can tell them apart.
    pub fn is_enough(&self) -> bool {
        self.ratio >= self.least
    }
}

/// Every contrast that counts.
pub fn measures(colours: &BrandColours) -> Vec<Measure> {
    [
        of_palette(colours.light, false),
        of_palette(colours.dark, true),
    ]
    .concat()
}

fn of_palette(palette: Palette, dark: bool) -> [Measure; 3] {
    let paper = if dark { DARK_PAPER } else { LIGHT_PAPER };
    let measure = |pair, ratio, least| Measure {
        dark,
        pair,
        ratio,
        least,
    };
    [
        measure(
            Pair::TextOnButton,
            palette.text.contrast(palette.button),
            TEXT,
        ),
        measure(
            Pair::TextOnHover,
            palette.text.contrast(palette.hover),
            TEXT,
        ),
        measure(Pair::ButtonOnPage, palette.button.contrast(paper), SHAPE),
    ]
}

/// What an app's style sheet says: three names in each theme, and nothing that was typed by anybody.
pub fn style_sheet(colours: &BrandColours) -> String {
    let light = names(&colours.light);
    let dark = names(&colours.dark);
    format!(
        ":root {{ {light} }}\n\
         @media screen and (prefers-color-scheme: dark) {{ :root:not([data-theme=\"light\"]) {{ {dark} }} }}\n\
         @media screen {{ :root[data-theme=\"dark\"] {{ {dark} }} }}\n"
    )
}

fn names(palette: &Palette) -> String {
    format!(
        "--brand: {}; --brand-hover: {}; --on-brand: {};",
        palette.button, palette.hover, palette.text
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn palette(button: &str, hover: &str, text: &str) -> Palette {
        let colour = |text: &str| text.parse().unwrap();
        Palette {
            button: colour(button),
            hover: colour(hover),
            text: colour(text),
        }
    }

    #[test]
    fn web_12_colours_that_can_be_read_in_both_themes_are_enough() {
        let colours = BrandColours {
            light: palette("#0a5f73", "#084c5c", "#ffffff"),
            dark: palette("#8fd3e3", "#b6e4ee", "#0d1a1f"),
        };
        assert!(measures(&colours).iter().all(Measure::is_enough));
        let swapped = BrandColours {
            light: colours.dark,
            dark: colours.light,
        };
        let mut wrong = measures(&swapped);
        wrong.retain(|measure| !measure.is_enough());
        assert_eq!(wrong.len(), 2, "{wrong:?}");
        assert!(wrong.iter().all(|m| m.pair == Pair::ButtonOnPage));
    }

    #[test]
    fn web_12_pale_writing_is_not_enough() {
        let pale = palette("#cccccc", "#bbbbbb", "#ffffff");
        let both = BrandColours {
            light: pale,
            dark: pale,
        };
        let wrong = measures(&both);
        let wrong = wrong.iter().filter(|m| !m.is_enough());
        let pairs: Vec<_> = wrong.map(|m| (m.dark, m.pair)).collect();
        assert_eq!(
            pairs,
            [
                (false, Pair::TextOnButton),
                (false, Pair::TextOnHover),
                (false, Pair::ButtonOnPage),
                (true, Pair::TextOnButton),
                (true, Pair::TextOnHover),
            ]
        );
    }

    proptest! {
        #[test]
        fn web_12_a_style_sheet_holds_names_and_digits_only(channels: [[u8; 3]; 6]) {
            let [a, b, c, d, e, f] = channels.map(Colour::of);
            let colours = BrandColours {
                light: Palette { button: a, hover: b, text: c },
                dark: Palette { button: d, hover: e, text: f },
            };
            let css = style_sheet(&colours);
            prop_assert_eq!(css.matches("--brand: #").count(), 3);
            prop_assert_eq!(css.matches('{').count(), css.matches('}').count());
            prop_assert_eq!(css.len(), style_sheet(&BrandColours { light: colours.dark, dark: colours.light }).len());
            for measure in measures(&colours) {
                prop_assert!((1.0..=21.0).contains(&measure.ratio));
            }
        }
    }
}
