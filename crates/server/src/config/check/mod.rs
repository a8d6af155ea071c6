//! What a configuration must fulfil before anything starts.

mod passwords;
mod server;

use sekisho_audit::lanes::DomainRate;
use sekisho_model::ScopeSet;
use sekisho_provider::outbound::AllowedHost;

use super::{Config, connections};

pub(super) struct Problems(Vec<String>);

impl Problems {
    pub(super) fn unless(&mut self, fine: bool, problem: impl Into<String>) {
        if !fine {
            self.0.push(problem.into());
        }
    }
}

pub(super) fn problems(config: &Config) -> Vec<String> {
    let mut found = Problems(Vec::new());
    server::server(config, &mut found);
    server::certificates(config, &mut found);
    connections::check(config, &mut found);
    passwords::passwords(config, &mut found);
    codes(config, &mut found);
    guesses(config, &mut found);
    tokens(config, &mut found);
    resets(config, &mut found);
    outbound(config, &mut found);
    mail(config, &mut found);
    leaving(config, &mut found);
    super::alerts::check(config, &mut found);
    server::operators(config, &mut found);
    found.0
}

fn resets(config: &Config, found: &mut Problems) {
    let reset = &config.reset;
    found.unless(
        (1..=60).contains(&reset.link_minutes),
        "reset.link_minutes: use 1 to 60",
    );
    found.unless(
        (12..=720).contains(&reset.known_browser_wait_hours),
        "reset.known_browser_wait_hours: use 12 to 720",
    );
    found.unless(reset.hash_share >= 1, "reset.hash_share: use 1 or more");
    found.unless(
        (1..=60).contains(&reset.admission_wave_seconds),
        "reset.admission_wave_seconds: use 1 to 60",
    );
    found.unless(
        reset.admission_wave_people >= 1 && reset.admission_most_waiting >= 1,
        "reset.admission_wave_people, reset.admission_most_waiting: use 1 or more",
    );
    found.unless(
        (5..=60).contains(&reset.admission_pass_minutes),
        "reset.admission_pass_minutes: use 5 to 60",
    );
}

/// OTP-03: what an attacker with the password can guess in thirty days must stay below one in ten
/// thousand; twenty wrong codes a day is what the throttle allows.
fn codes(config: &Config, found: &mut Problems) {
    let otp = &config.otp;
    found.unless(
        (6..=10).contains(&otp.digits),
        format!("otp.digits = {}: use 6 to 10", otp.digits),
    );
    found.unless(
        (1..=10).contains(&otp.life_minutes),
        "otp.life_minutes: use 1 to 10",
    );
    found.unless((1..=5).contains(&otp.tries), "otp.tries: use 1 to 5");
    found.unless(
        (30..=600).contains(&otp.resend_after_seconds),
        "otp.resend_after_seconds: use 30 to 600",
    );
    found.unless(
        (1..=6).contains(&otp.max_sends),
        "otp.max_sends: use 1 to 6",
    );
    let rate = config.limits.code.new_browsers;
    let a_day = f64::from(rate.max) * 86_400.0 / f64::from(rate.seconds.get());
    let guessed = a_day * 30.0 / 10_f64.powi(i32::from(otp.digits));
    found.unless(
        guessed <= 1e-4,
        format!("otp.digits = {} with {a_day} tries a day lets a code be guessed with {guessed:.1e} in 30 days: use more digits or fewer tries", otp.digits),
    );
}

/// THR-02: at most a hundred wrong passwords in a row, and a day.
fn guesses(config: &Config, found: &mut Problems) {
    let limits = &config.limits.password;
    for (name, max) in [
        ("consecutive", limits.consecutive),
        ("known_browser_day", limits.known_browser_day.max),
        ("new_browsers_day", limits.new_browsers_day.max),
    ] {
        found.unless(
            (1..=100).contains(&max),
            format!("limits.password.{name} allows {max}: use 1 to 100"),
        );
    }
}

fn tokens(config: &Config, found: &mut Problems) {
    let tokens = &config.tokens;
    found.unless(
        (1..=60).contains(&tokens.code_seconds),
        "tokens.code_seconds: use 1 to 60",
    );
    found.unless(
        tokens.key_rotation_days == 0 || (7..=730).contains(&tokens.key_rotation_days),
        "tokens.key_rotation_days: use 7 to 730, or 0 for never",
    );
    found.unless(
        ScopeSet::parse(&config.registration.scope).is_ok_and(|scope| !scope.is_empty()),
        "registration.scope: use scopes with a space between them",
    );
    // No token may outlive its app (REG-07).
    let unused_days = config.registration.unused_days;
    found.unless(
        unused_days == 0 || (tokens.refresh_idle_days.saturating_add(1)..=3_650).contains(&unused_days),
        "registration.unused_days: use more than tokens.refresh_idle_days, at most 3650, or 0 for never",
    );
    found.unless(
        !config.protocol.open_registration || config.protocol.registration,
        "protocol.open_registration needs protocol.registration",
    );
    found.unless(
        (5..=600).contains(&config.protocol.pushed_request_seconds),
        "protocol.pushed_request_seconds: use 5 to 600",
    );
    found.unless(
        (1..=60).contains(&tokens.access_minutes),
        "tokens.access_minutes: use 1 to 60",
    );
    found.unless(
        (1..=1_440).contains(&tokens.id_token_minutes),
        "tokens.id_token_minutes: use 1 to 1440",
    );
    found.unless(
        (1..=365).contains(&tokens.refresh_days),
        "tokens.refresh_days: use 1 to 365",
    );
    found.unless(
        (1..=tokens.refresh_days).contains(&tokens.refresh_idle_days),
        "tokens.refresh_idle_days: use 1 to tokens.refresh_days",
    );
    found.unless(
        (1..=720).contains(&tokens.session_hours),
        "tokens.session_hours: use 1 to 720",
    );
    found.unless(
        (5..=1_440).contains(&tokens.session_idle_minutes),
        "tokens.session_idle_minutes: use 5 to 1440",
    );
    found.unless(
        tokens.trusted_browser_days <= 30,
        "tokens.trusted_browser_days: use at most 30",
    );
}

fn leaving(config: &Config, found: &mut Problems) {
    found.unless(
        (1..=365).contains(&config.leaving.delay_days),
        "leaving.delay_days: use 1 to 365",
    );
    found.unless(
        (180..=3_650).contains(&config.leaving.quarantine_days),
        "leaving.quarantine_days: use 180 to 3650",
    );
}

fn mail(config: &Config, found: &mut Problems) {
    for text in &config.mail.domain_rates {
        if let Err(refusal) = text.parse::<DomainRate>() {
            found.unless(false, format!("mail.domain_rates = {text:?}: {refusal}"));
        }
    }
}

fn outbound(config: &Config, found: &mut Problems) {
    for text in &config.outbound.allow {
        if let Err(refusal) = text.parse::<AllowedHost>() {
            found.unless(false, format!("outbound.allow = {text:?}: {refusal}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    pub(super) fn dev() -> Config {
        Config::dev(Path::new("/tmp/x"), "127.0.0.1:8080")
    }

    #[test]
    fn the_dev_defaults_have_no_problem() {
        assert_eq!(dev().problems(), Vec::<String>::new());
    }

    #[test]
    fn cfg_01_everything_wrong_is_told_at_once_by_name() {
        let all = Config::default().problems().join("\n");
        for key in [
            "server.issuer",
            "database.url",
            "mail.url",
            "mail.from",
            "keys.file",
        ] {
            assert!(all.contains(key), "{key} not in {all}");
        }
    }

    #[test]
    fn reg_20_the_outbound_list_names_hosts_and_no_patterns() {
        let problems = |entry: &str| {
            let mut config = dev();
            config.outbound.allow = vec![entry.to_owned()];
            config.problems()
        };
        assert!(problems("keys.internal.example:8443").is_empty());
        for bad in ["*.example", "https://a.example", "a.example:port", ""] {
            assert!(problems(bad).join("").contains("outbound.allow"), "{bad}");
        }
    }

    #[test]
    fn otp_03_six_digits_need_fewer_tries() {
        let mut config = dev();
        config.otp.digits = 6;
        assert!(config.problems().join("").contains("guessed"));
    }
}
