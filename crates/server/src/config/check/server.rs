//! The server itself: where it is, where it listens, whom it trusts, certificates.

use std::net::{IpAddr, SocketAddr};

use sekisho_mail::when;
use url::Url;

use super::Problems;
use crate::config::{ClientCertificates, Config, Server};

pub(super) fn server(config: &Config, found: &mut Problems) {
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
pub(super) fn operators(config: &Config, found: &mut Problems) {
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
pub(super) fn certificates(config: &Config, found: &mut Problems) {
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

#[cfg(test)]
mod tests {
    use super::super::tests::dev;
    use super::*;
    use crate::config::SecretText;

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
