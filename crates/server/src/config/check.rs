//! What a configuration must fulfil before anything starts.

use std::net::{IpAddr, SocketAddr};

use sekisho_audit::lanes::DomainRate;
use sekisho_mail::when;
use sekisho_model::ScopeSet;
use sekisho_provider::outbound::AllowedHost;
use sekisho_provider::password::PoolSettings;
use url::Url;

use super::{ClientCertificates, Config, Preset, Server, connections};

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
    server(config, &mut found);
    certificates(config, &mut found);
    connections::check(config, &mut found);
    passwords(config, &mut found);
    codes(config, &mut found);
    guesses(config, &mut found);
    tokens(config, &mut found);
    resets(config, &mut found);
    outbound(config, &mut found);
    mail(config, &mut found);
    leaving(config, &mut found);
    super::alerts::check(config, &mut found);
    operators(config, &mut found);
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

fn server(config: &Config, found: &mut Problems) {
    let server = &config.server;
    if server.issuer.is_empty() {
        found.unless(
            false,
            "server.issuer is missing: the public https URL of this server",
        );
    } else {
        issuer(config, found);
    }
    let listens = server.listen.parse::<SocketAddr>();
    found.unless(
        listens.is_ok(),
        format!(
            "server.listen = {:?}: use ADDRESS:PORT, such as 127.0.0.1:8080",
            server.listen
        ),
    );
    found.unless(
        when::is_zone(&server.default_zone),
        format!(
            "server.default_zone = {:?}: use an IANA name, such as Asia/Tokyo",
            server.default_zone
        ),
    );
    let name = server.service_name.chars().count();
    found.unless(
        (1..=40).contains(&name),
        "server.service_name: use 1 to 40 characters",
    );
    contacts(server, found);
    found.unless(
        (1_024..=1_048_576).contains(&server.max_body_bytes),
        "server.max_body_bytes: use 1024 to 1048576",
    );
    found.unless(
        (1..=120).contains(&server.max_request_seconds),
        "server.max_request_seconds: use 1 to 120",
    );
    found.unless(server.workers != Some(0), "server.workers: use at least 1");
    let everyone = server
        .trusted_proxies
        .iter()
        .any(|net| net.prefix_len() == 0);
    found.unless(
        !everyone,
        "server.trusted_proxies: name your proxies; a network of everyone lets anyone choose an address",
    );
    let here = listens.is_ok_and(|listens| listens.ip().is_loopback());
    found.unless(
        !server.insecure_loopback || here,
        "server.listen: use a loopback address with server.insecure_loopback = true",
    );
    if let Some(listen) = &config.metrics.listen {
        found.unless(
            listen.parse::<SocketAddr>().is_ok(),
            format!("metrics.listen = {listen:?}: use ADDRESS:PORT"),
        );
    }
}

/// AD-01: a listener of its own. A token never travels in the open.
fn operators(config: &Config, found: &mut Problems) {
    let Some(listen) = &config.operators.listen else {
        return;
    };
    let address = listen.parse::<SocketAddr>();
    let sealed = config.server.tls_certificate_file.is_some();
    found.unless(
        address.is_ok_and(|address| sealed || address.ip().is_loopback()),
        format!("operators.listen = {listen:?}: use ADDRESS:PORT; a loopback address without server.tls_certificate_file"),
    );
}

fn contacts(server: &Server, found: &mut Problems) {
    let plain = |text: &str| text.chars().all(|c| c.is_ascii_graphic()) && text.len() <= 200;
    let contact = server.contact.as_deref();
    found.unless(
        contact.is_none_or(|to| plain(to) && (to.contains('@') || to.starts_with("https://"))),
        "server.contact: use a mail address or an https address",
    );
    let security = server.security_contact.as_deref();
    let is_uri = |to: &str| to.starts_with("mailto:") || to.starts_with("https://");
    found.unless(
        security.is_none_or(|to| plain(to) && is_uri(to)),
        "server.security_contact: use mailto:… or https://…",
    );
}

/// TLS of our own, and certificates of apps (RFC 8705, RFC 9440).
fn certificates(config: &Config, found: &mut Problems) {
    let server = &config.server;
    found.unless(
        server.tls_certificate_file.is_some() == server.tls_key_file.is_some(),
        "server.tls_certificate_file and server.tls_key_file: set both or neither",
    );
    found.unless(
        server.tls_certificate_file.is_none() || server.issuer.starts_with("https://"),
        "server.tls_certificate_file: use an https issuer",
    );
    let asks = server.tls_client_certificates == ClientCertificates::Optional;
    found.unless(
        !asks || server.tls_certificate_file.is_some(),
        "server.tls_client_certificates = \"optional\" needs server.tls_certificate_file",
    );
    found.unless(
        asks || server.tls_client_ca_file.is_none(),
        "server.tls_client_ca_file needs server.tls_client_certificates = \"optional\"",
    );
    found.unless(
        !server.client_certificate_header || !server.trusted_proxies.is_empty(),
        "server.client_certificate_header needs server.trusted_proxies",
    );
    let apart = server.mtls_origin.as_ref();
    found.unless(
        apart.is_none_or(|text| {
            let origin = Url::parse(text).map(|url| url.origin().ascii_serialization());
            text.starts_with("https://") && origin.is_ok_and(|origin| origin == *text)
        }),
        "server.mtls_origin: use https, host and port only, without a trailing slash",
    );
    found.unless(
        apart.is_none_or(|text| *text != server.issuer && config.protocol.mutual_tls),
        "server.mtls_origin: use another origin than server.issuer, with protocol.mutual_tls",
    );
    let listens = server.mtls_listen.as_ref();
    found.unless(
        listens.is_none_or(|listen| listen.parse::<SocketAddr>().is_ok() && asks),
        "server.mtls_listen: use ADDRESS:PORT, with server.tls_client_certificates = \"optional\"",
    );
    found.unless(
        listens.is_none() || apart.is_some(),
        "server.mtls_listen needs server.mtls_origin",
    );
    let comes = asks || server.client_certificate_header;
    found.unless(
        comes || !config.protocol.mutual_tls,
        "protocol.mutual_tls needs server.tls_client_certificates = \"optional\" or server.client_certificate_header",
    );
    found.unless(
        !comes || config.protocol.mutual_tls,
        "server.tls_client_certificates and server.client_certificate_header need protocol.mutual_tls",
    );
}

fn issuer(config: &Config, found: &mut Problems) {
    let text = &config.server.issuer;
    let Ok(url) = Url::parse(text) else {
        found.unless(false, format!("server.issuer = {text:?} is not a URL"));
        return;
    };
    let loopback = url.host_str().is_some_and(|host| {
        host.trim_matches(['[', ']'])
            .parse::<IpAddr>()
            .is_ok_and(|ip| ip.is_loopback())
    });
    let plain_allowed = config.server.insecure_loopback && loopback && url.scheme() == "http";
    found.unless(
        url.scheme() == "https" || plain_allowed,
        format!("server.issuer = {text:?}: use https (http only on a loopback address, with server.insecure_loopback = true)"),
    );
    found.unless(
        !config.server.insecure_loopback || loopback,
        "server.insecure_loopback = true is only for an issuer on a loopback address",
    );
    let bare = url.origin().ascii_serialization() == *text;
    found.unless(
        bare,
        format!(
            "server.issuer = {text:?}: use scheme, host and port only, without a trailing slash"
        ),
    );
}

fn password_policy(config: &Config, found: &mut Problems) {
    let password = &config.password;
    let floor = match password.preset {
        Preset::Standard => 8,
        Preset::Notice2013 => 6,
    };
    if let Some(min) = password.min_length {
        found.unless(
            min >= floor,
            format!("password.min_length = {min}: use at least {floor}"),
        );
    }
    if let Some(min) = password.min_length_without_code {
        found.unless(
            min >= floor,
            format!("password.min_length_without_code = {min}: use at least {floor}"),
        );
    }
    found.unless(
        password.strength.is_none_or(|score| score <= 4),
        "password.strength: use 0 to 4",
    );
    let policy = config.password_policy();
    found.unless(
        policy.max_length >= policy.min_length,
        "password.max_length is below password.min_length",
    );
    found.unless(
        password.max_length.is_none_or(|max| max <= 1024),
        "password.max_length: use at most 1024",
    );
    if password.preset == Preset::Standard {
        found.unless(
            password.max_length.is_none_or(|max| max >= 64),
            "password.max_length: use at least 64",
        );
    }
}

fn passwords(config: &Config, found: &mut Problems) {
    password_policy(config, found);
    let password = &config.password;
    let floor = sekisho_provider::password::Cost::FLOOR;
    found.unless(
        password.argon2_memory_kib >= floor.memory_kib,
        format!(
            "password.argon2_memory_kib: use at least {}",
            floor.memory_kib
        ),
    );
    found.unless(
        password.argon2_memory_kib <= 262_144,
        "password.argon2_memory_kib: use at most 262144",
    );
    found.unless(
        (floor.iterations..=10).contains(&password.argon2_iterations),
        "password.argon2_iterations: use 2 to 10",
    );
    found.unless(
        (1..=4).contains(&password.argon2_parallelism),
        "password.argon2_parallelism: use 1 to 4",
    );
    found.unless(
        (50..=1_000).contains(&password.calibrate_goal_ms),
        "password.calibrate_goal_ms: use 50 to 1000",
    );
    found.unless(
        password
            .hash_slots
            .is_none_or(|slots| (1..=1_024).contains(&slots)),
        "password.hash_slots: use 1 to 1024",
    );
    hash_memory(config, found);
    found.unless(
        (100..=10_000).contains(&password.max_wait_ms),
        "password.max_wait_ms: use 100 to 10000",
    );
}

/// PW-21: as many hashes as there are slots must fit at once.
fn hash_memory(config: &Config, found: &mut Problems) {
    let password = &config.password;
    let Some(mib) = password.hash_memory_mib else {
        return;
    };
    let slots = password.hash_slots;
    let slots = slots
        .unwrap_or_else(|| PoolSettings::default().slots)
        .max(1);
    let least = u64::try_from(slots)
        .unwrap_or(u64::MAX)
        .saturating_mul(u64::from(password.argon2_memory_kib))
        .div_ceil(1024);
    found.unless(
        (least..=1_048_576).contains(&mib),
        format!(
            "password.hash_memory_mib = {mib}: {slots} hashes at once with {} KiB each need {least} to 1048576",
            password.argon2_memory_kib
        ),
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

    use super::super::SecretText;
    use super::*;

    fn dev() -> Config {
        Config::dev(Path::new("/tmp/x"), "127.0.0.1:8080")
    }

    #[test]
    fn the_dev_defaults_have_no_problem() {
        assert_eq!(dev().problems(), Vec::<String>::new());
    }

    #[test]
    fn pw_21_as_many_hashes_as_there_are_slots_must_fit_in_their_memory() {
        let with = |slots, mib| {
            let mut config = dev();
            config.password.hash_slots = Some(slots);
            config.password.hash_memory_mib = Some(mib);
            config.problems().join("\n")
        };
        assert_eq!(with(4, 76), "");
        assert!(with(4, 75).contains("password.hash_memory_mib = 75"));
        assert!(with(4, u64::MAX).contains("password.hash_memory_mib"));
        for slots in [0, 100_000, usize::MAX] {
            assert!(with(slots, 76).contains("password.hash_slots"), "{slots}");
        }
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
    fn cfg_01_an_http_issuer_is_refused_except_on_loopback_by_an_explicit_flag() {
        let with = |issuer: &str, flag| {
            let mut config = dev();
            issuer.clone_into(&mut config.server.issuer);
            config.server.insecure_loopback = flag;
            config.mail.url = SecretText::new("smtps://mail.example");
            config.problems()
        };
        assert!(with("https://id.example", false).is_empty());
        assert!(with("http://127.0.0.1:8080", true).is_empty());
        assert!(!with("http://127.0.0.1:8080", false).is_empty());
        assert!(!with("http://id.example", true).is_empty());
        assert!(!with("https://id.example/", false).is_empty());
        assert!(!with("https://id.example/path", false).is_empty());
    }

    #[test]
    fn cfg_03_trying_out_stays_on_this_machine() {
        let mut config = dev();
        "0.0.0.0:8080".clone_into(&mut config.server.listen);
        assert!(config.problems().join("").contains("server.listen"));
    }

    #[test]
    fn net_01_nobody_trusts_everyone() {
        for network in ["0.0.0.0/0", "::/0"] {
            let mut config = dev();
            config.server.trusted_proxies = vec![network.parse().unwrap()];
            assert!(config.problems().join("").contains("trusted_proxies"));
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
    fn pw_13_hash_cost_below_the_floor_is_refused() {
        let mut config = dev();
        config.password.argon2_memory_kib = 1024;
        assert!(config.problems().join("").contains("argon2_memory_kib"));
    }

    #[test]
    fn otp_03_six_digits_need_fewer_tries() {
        let mut config = dev();
        config.otp.digits = 6;
        assert!(config.problems().join("").contains("guessed"));
    }

    #[test]
    fn tk_18_certificates_of_apps_come_by_a_way_that_is_named() {
        type Change = fn(&mut Config);
        let told = |change: Change| {
            let mut config = dev();
            "https://127.0.0.1:8080".clone_into(&mut config.server.issuer);
            change(&mut config);
            config.problems().join("\n")
        };
        let cases: [(Change, &str); 7] = [
            (
                |config| config.protocol.mutual_tls = true,
                "protocol.mutual_tls",
            ),
            (
                |config| config.server.mtls_listen = Some("127.0.0.1:1".to_owned()),
                "server.mtls_listen",
            ),
            (
                |config| config.server.mtls_origin = Some("http://a.example/".to_owned()),
                "server.mtls_origin: use https",
            ),
            (
                |config| {
                    config.protocol.mutual_tls = true;
                    config.server.client_certificate_header = true;
                },
                "server.trusted_proxies",
            ),
            (
                |config| {
                    config.protocol.mutual_tls = true;
                    config.server.tls_client_certificates = ClientCertificates::Optional;
                },
                "server.tls_certificate_file",
            ),
            (
                |config| config.server.tls_key_file = Some("key.pem".into()),
                "server.tls_key_file",
            ),
            (
                |config| config.server.tls_client_ca_file = Some("ca.pem".into()),
                "server.tls_client_ca_file",
            ),
        ];
        for (change, key) in cases {
            assert!(told(change).contains(key), "{key}");
        }
        let fine = told(|config| {
            config.protocol.mutual_tls = true;
            config.server.tls_certificate_file = Some("chain.pem".into());
            config.server.tls_key_file = Some("key.pem".into());
            config.server.tls_client_certificates = ClientCertificates::Optional;
        });
        assert_eq!(fine, "");
    }
}
