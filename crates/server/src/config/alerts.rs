use std::time::Duration;

use sekisho_model::EmailAddress;
use sekisho_provider::operator_alerts::{AlertSettings, Webhook};
use sekisho_provider::rules::webhook::WebhookKey;
use url::Url;

use super::check::Problems;
use super::{Config, WebhookFile};

/// The most webhooks and mailboxes.
const MOST: usize = 20;

impl Config {
    /// Who is told what operators should know, or what is wrong with a file.
    pub(super) fn alert_settings(&self) -> Result<AlertSettings, String> {
        let mail = self
            .alerts
            .mail
            .iter()
            .filter_map(|text| EmailAddress::parse(text).ok());
        let webhooks = self.alerts.webhooks.iter().map(webhook);
        Ok(AlertSettings {
            mail: mail.collect(),
            locale: self.alerts.language,
            webhooks: webhooks.collect::<Result<_, String>>()?,
            gather: Duration::from_secs(self.alerts.gather_minutes.saturating_mul(60)),
        })
    }
}

fn webhook(file: &WebhookFile) -> Result<Webhook, String> {
    let wrong = |why: &str| format!("alerts.webhooks: {}: {why}", file.key_file.display());
    let text = std::fs::read_to_string(&file.key_file).map_err(|e| wrong(&e.to_string()))?;
    Ok(Webhook {
        name: file.name.clone(),
        url: file.url.clone(),
        key: WebhookKey::parse(&text).map_err(wrong)?,
    })
}

pub(super) fn check(config: &Config, found: &mut Problems) {
    let alerts = &config.alerts;
    for text in &alerts.mail {
        found.unless(
            EmailAddress::parse(text).is_ok(),
            format!("alerts.mail: {text:?} is no mail address"),
        );
    }
    found.unless(
        alerts.mail.len() <= MOST && alerts.webhooks.len() <= MOST,
        format!("alerts.mail, alerts.webhooks: use {MOST} at most"),
    );
    found.unless(
        alerts.gather_minutes <= 1_440,
        "alerts.gather_minutes: use 0 to 1440",
    );
    for (place, hook) in alerts.webhooks.iter().enumerate() {
        let (name, url) = (&hook.name, &hook.url);
        let earlier = alerts.webhooks.iter().take(place);
        found.unless(
            (1..=64).contains(&name.len()) && !name.chars().any(char::is_control),
            "alerts.webhooks.name: use 1 to 64 letters",
        );
        found.unless(
            earlier.into_iter().all(|other| other.name != *name),
            format!("alerts.webhooks.name: {name:?} stands there twice"),
        );
        found.unless(
            is_reachable(url, config.server.insecure_loopback),
            format!("alerts.webhooks.url: {url:?} is no https address"),
        );
    }
}

/// Plain http only where the whole house is for trying out.
fn is_reachable(url: &str, insecure_loopback: bool) -> bool {
    let Ok(url) = Url::parse(url) else {
        return false;
    };
    let scheme = url.scheme() == "https" || (insecure_loopback && url.scheme() == "http");
    scheme && url.has_host() && url.username().is_empty() && url.password().is_none()
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn with(hooks: &[(&str, &str)]) -> Config {
        let mut config = Config::dev(&PathBuf::from("x"), "127.0.0.1:1");
        config.server.insecure_loopback = false;
        let hooks = hooks.iter().map(|(name, url)| WebhookFile {
            name: (*name).to_owned(),
            url: (*url).to_owned(),
            key_file: PathBuf::from("key"),
        });
        config.alerts.webhooks = hooks.collect();
        config
    }

    fn problems(config: &Config) -> Vec<String> {
        let all = config.problems().into_iter();
        all.filter(|line| line.starts_with("alerts")).collect()
    }

    #[test]
    fn webhooks_without_https_or_with_a_name_twice_are_refused() {
        let url = "https://hooks.example/a";
        assert_eq!(
            problems(&with(&[("a", url), ("b", url)])),
            Vec::<String>::new()
        );
        assert_eq!(problems(&with(&[("a", url), ("a", url)])).len(), 1);
        for url in [
            "http://hooks.example/",
            "ftp://a.example",
            "hooks",
            "https://me:pw@a.example/",
        ] {
            assert_eq!(problems(&with(&[("a", url)])).len(), 1, "{url}");
        }
        let mut config = with(&[]);
        config.alerts.mail = vec!["nobody".to_owned()];
        config.alerts.gather_minutes = 9_999;
        assert_eq!(problems(&config).len(), 2);
    }
}
