//! The reference page of the configuration, made from the structs themselves.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::{Config, sections as s};

/// What a section and its keys are for.
pub struct SectionHelp {
    pub(super) heading: &'static str,
    pub(super) about: &'static [&'static str],
    pub(super) keys: &'static [KeyHelp],
}

/// What a key is for.
pub struct KeyHelp {
    pub(super) name: &'static str,
    pub(super) kind: &'static str,
    pub(super) about: &'static [&'static str],
}

pub(super) const SECTIONS: [&SectionHelp; 19] = [
    &s::Server::HELP,
    &s::Brand::HELP,
    &s::Database::HELP,
    &s::SessionStore::HELP,
    &s::Mail::HELP,
    &s::Keys::HELP,
    &s::Password::HELP,
    &s::Otp::HELP,
    &s::Reset::HELP,
    &s::Leaving::HELP,
    &s::Tokens::HELP,
    &s::Protocol::HELP,
    &s::Accounts::HELP,
    &s::Registration::HELP,
    &s::Outbound::HELP,
    &s::Guard::HELP,
    &s::Alerts::HELP,
    &s::Operators::HELP,
    &s::Metrics::HELP,
];

/// The name of every key: `section.key`, and `limits.group.key`.
pub(super) fn names() -> BTreeSet<String> {
    let keys = SECTIONS.iter().flat_map(|section| {
        let keys = section.keys.iter();
        keys.map(|key| format!("{}.{}", section.heading, key.name))
    });
    let limits = LIMITS.iter().map(|(name, _)| format!("limits.{name}"));
    keys.chain(limits).collect()
}

/// Whether the value of a key may hold a password.
pub(super) fn is_secret(name: &str) -> bool {
    SECTIONS.iter().any(|section| {
        let key = name.strip_prefix(section.heading);
        let key = key.and_then(|rest| rest.strip_prefix('.'));
        let mut keys = section.keys.iter();
        keys.any(|known| Some(known.name) == key && known.kind == "SecretText")
    })
}

/// `docs/reference/configuration.md`.
pub fn markdown() -> String {
    let defaults = toml::Table::try_from(Config::default()).unwrap_or_default();
    let mut page = String::from(
        "# Configuration\n\nThis page is generated from the configuration structs; do not edit it.\n\n\
         The server reads one TOML file (`sekisho serve --config FILE`). The environment goes before the\n\
         file: `SEKISHO__SECTION__KEY=value`. A key marked *secret* can also be read from a file of its own,\n\
         which not everyone may read: `SEKISHO__SECTION__KEY_FILE=path`. A key that is not listed here is\n\
         refused by name, and so is a value that is out of bounds: `sekisho config check` lists them all.\n",
    );
    for section in SECTIONS {
        let values = defaults
            .get(section.heading)
            .and_then(toml::Value::as_table);
        add(&mut page, section, values);
    }
    page.push_str(
        "\n## `[limits]`\n\nHow often something may be tried, as `{ max = 20, seconds = 86400 }`. Only failures count, except for\n\
         mails.\n\n| key | default | meaning |\n|---|---|---|\n",
    );
    for (name, meaning) in LIMITS {
        let default = name.split_once('.').and_then(|(group, key)| {
            let rate = defaults.get("limits")?.get(group)?.get(key)?;
            if let Some(number) = rate.as_integer() {
                return Some(number.to_string());
            }
            Some(format!(
                "{} in {} s",
                rate.get("max")?,
                rate.get("seconds")?
            ))
        });
        let default = default.unwrap_or_default();
        let _written = writeln!(page, "| `{name}` | {default} | {meaning} |");
    }
    page
}

fn add(page: &mut String, section: &SectionHelp, values: Option<&toml::Table>) {
    let about = section.about.join(" ");
    let _written = write!(
        page,
        "\n## `[{}]`\n\n{}\n\n| key | default | meaning |\n|---|---|---|\n",
        section.heading,
        about.trim()
    );
    for key in section.keys {
        let default = values.and_then(|values| values.get(key.name));
        let default = default.map(ToString::to_string);
        let default = default
            .filter(|text| text != "\"\"")
            .map_or_else(String::new, |text| format!("`{text}`"));
        let secret = match key.kind {
            "SecretText" => " *Secret.*",
            _ => "",
        };
        let meaning = key.about.join(" ");
        let meaning = meaning.trim().replace('|', "\\|");
        let _written = writeln!(page, "| `{}` | {default} | {meaning}{secret} |", key.name);
    }
}

/// What each limit counts; `sekisho-guard` holds the defaults.
const LIMITS: [(&str, &str); 54] = [
    (
        "password.known_browser",
        "Wrong passwords of one account, at one browser it has been used from. Strangers cannot use this up.",
    ),
    ("password.known_browser_day", "The same over a day."),
    (
        "password.new_browsers_network",
        "At all other browsers, from one network (IPv4 /24, IPv6 /64). Keep it well below `password.new_browsers`: it keeps one attacker from closing the door for the owner's new device.",
    ),
    ("password.new_browsers", "At all other browsers together."),
    (
        "password.new_browsers_day",
        "The same over a day; at most 100.",
    ),
    (
        "password.consecutive",
        "Wrong passwords in a row, however long that takes, at one known browser or at all others together; then that way is closed until the owner comes by a mailed link. At most 100; with the tries of `password.new_browsers` that may be on their way, together no more than that (NIST SP 800-63B §3.2.2).",
    ),
    (
        "source.address",
        "Wrong passwords and codes of all accounts, from one IP address. Raise the limits of `source` when many people share an address, as behind the gateway of a school.",
    ),
    ("source.network", "From one network: IPv4 /24, IPv6 /64."),
    ("source.site", "From one site: IPv6 /48."),
    (
        "source.client",
        "On the way to one app. When it is reached, each network goes on with `source.crowded`.",
    ),
    (
        "source.everywhere",
        "From everywhere. When it is reached, each network goes on with `source.crowded`.",
    ),
    (
        "source.crowded",
        "From one network (IPv4 /24, IPv6 /64) while `source.client` or `source.everywhere` is reached.",
    ),
    (
        "source.slowed",
        "From one household (IPv4 address, IPv6 /64) that a detection rule slows.",
    ),
    (
        "code.known_browser",
        "Wrong mailed codes of one account, at one browser it has been used from.",
    ),
    (
        "code.new_browsers",
        "At all other browsers together. With fewer digits it must be lower; the start-up check computes it.",
    ),
    (
        "code_mail.known_browser",
        "Mailed codes to one account, asked for at one browser it has been used from. Strangers cannot use this up.",
    ),
    ("code_mail.known_browser_day", "The same over a day."),
    (
        "code_mail.account",
        "Mailed codes to one account, asked for at all other browsers together.",
    ),
    ("code_mail.account_day", "The same over a day."),
    (
        "code_mail.address",
        "Asked for from one IP address, at browsers the account does not know.",
    ),
    (
        "code_mail.network",
        "The same from one network: IPv4 /24, IPv6 /64.",
    ),
    ("code_mail.site", "The same from one site: IPv6 /48."),
    (
        "code_mail.domain",
        "To one mail domain. Keep it below what the largest provider of your users accepts from you.",
    ),
    ("code_mail.everywhere", "To everybody."),
    (
        "proof_mail.recipient",
        "Codes that prove an address before there is an account, to one address. Anybody can ask for them; they take nothing from sign-ins.",
    ),
    ("proof_mail.recipient_day", "The same over a day."),
    ("proof_mail.address", "Asked for from one IP address."),
    (
        "proof_mail.network",
        "Asked for from one network: IPv4 /24, IPv6 /64.",
    ),
    ("proof_mail.site", "Asked for from one site: IPv6 /48."),
    ("proof_mail.domain", "To one mail domain."),
    ("proof_mail.everywhere", "To everybody."),
    (
        "client_secret.client_address",
        "Wrong secrets of one client from one address (IPv6: /64). Its other addresses are not touched.",
    ),
    ("device.account", "Wrong device codes typed by one account."),
    ("device.address", "From one address (IPv6: /64)."),
    (
        "device.everywhere",
        "Of everybody. A code has some 34 bits: with a thousand devices waiting at once, this many tries find one of them once in fifty thousand. When it is reached, each network goes on with `source.crowded`, and browsers their account was used from before as always.",
    ),
    (
        "device.requests_address",
        "Codes asked for by devices at one address (IPv6: /64).",
    ),
    (
        "reset_mail.account_network",
        "Reset links for one address, asked for from one network.",
    ),
    (
        "reset_mail.account",
        "Reset links for one address. Whoever uses this up for somebody else stops no sign-in; the newest link works for as long as it is reached, unless `reset.link_minutes` is shorter.",
    ),
    ("reset_mail.account_day", "The same over a day."),
    (
        "reset_mail.account_after",
        "For one address beyond `reset_mail.account_day`; its time not longer than a link works.",
    ),
    (
        "reset_mail.address",
        "Reset links asked for from one IP address.",
    ),
    (
        "reset_mail.network",
        "Asked for from one network: IPv4 /24, IPv6 /64.",
    ),
    ("reset_mail.site", "Asked for from one site: IPv6 /48."),
    (
        "reset_mail.domain",
        "To one mail domain. Anybody can ask: keep it far above what is asked on the worst day.",
    ),
    ("reset_mail.everywhere", "For everybody."),
    (
        "sign_up.address",
        "Accounts that people make themselves, from one IP address; counted when a password is chosen.",
    ),
    ("sign_up.network", "From one network: IPv4 /24, IPv6 /64."),
    ("sign_up.site", "From one site: IPv6 /48."),
    ("sign_up.everywhere", "By everybody."),
    (
        "account.changes",
        "Changes of one account that are told to all its addresses: second steps, recovery codes, networks, fewer mails about sign-ins. What is beyond is refused, so that no letter is buried under others; \"This was not me\" and a new password always work.",
    ),
    (
        "account.exports",
        "Copies of everything that is kept about one person, taken in the account pages.",
    ),
    (
        "registration.address",
        "Apps that register themselves, from one IP address; counted before anything is looked at.",
    ),
    (
        "registration.network",
        "From one network: IPv4 /24, IPv6 /64.",
    ),
    ("registration.site", "From one site: IPv6 /48."),
];

#[cfg(test)]
mod tests {
    use toml::Table;

    use super::*;

    /// The keys as serde sees them.
    fn keys(table: &Table, within: &str) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        for (key, value) in table {
            let name = format!("{within}{key}");
            match value
                .as_table()
                .filter(|inner| !inner.contains_key("seconds"))
            {
                Some(inner) => found.extend(keys(inner, &format!("{name}."))),
                None => drop(found.insert(name)),
            }
        }
        found
    }

    #[test]
    fn every_key_of_the_structs_is_in_the_reference_with_its_default() {
        let defaults = Table::try_from(Config::default()).unwrap();
        let (listed, real) = (names(), keys(&defaults, ""));
        assert_eq!(
            real.difference(&listed).count(),
            0,
            "{real:?} not in {listed:?}"
        );
        // What is unset by default is not serialised; everything else that is listed must be real.
        let unset = [
            "server.workers",
            "server.tls_certificate_file",
            "server.tls_key_file",
            "server.tls_client_ca_file",
            "server.mtls_origin",
            "server.mtls_listen",
            "password.min_length",
            "password.min_length_without_code",
            "password.max_length",
            "password.allowed_characters",
            "password.strength",
            "password.common_list",
            "password.breached_filter",
            "password.hash_slots",
            "password.hash_memory_mib",
            "guard.level_file",
            "guard.rules",
            "guard.places",
            "guard.advisories",
            "guard.advisories_key",
            "server.contact",
            "brand.logo",
            "server.security_contact",
            "metrics.listen",
            "operators.listen",
            "outbound.extra_ca_file",
        ];
        let extra: Vec<_> = listed.difference(&real).collect();
        assert!(
            extra.iter().all(|name| unset.contains(&name.as_str())),
            "{extra:?}"
        );
        let page = markdown();
        for section in SECTIONS {
            for key in section.keys {
                assert!(page.contains(&format!("| `{}` |", key.name)) && !key.about.is_empty());
            }
        }
        assert!(
            page.contains("| `code_mail.account` | 6 in 3600 s |"),
            "{page}"
        );
        assert!(page.contains("| `digits` | `8` |"));
    }

    #[test]
    fn cfg_01_urls_are_secret_and_nothing_else_is() {
        let secret: Vec<_> = names().into_iter().filter(|name| is_secret(name)).collect();
        assert_eq!(secret, ["database.url", "mail.url", "session.url"]);
    }
}
