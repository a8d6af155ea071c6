//! TLS of our own, and the certificates that apps show in its handshake (RFC 8705; TK-18).

use std::any::Any;
use std::path::Path;
use std::sync::Arc;

use actix_tls::accept::rustls_0_23::TlsStream;
use actix_web::dev::Extensions;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{
    CipherSuite, DigitallySignedStruct, DistinguishedName, Error, RootCertStore, ServerConfig,
    SignatureScheme,
};
use sekisho_model::Timestamp;
use sekisho_provider::endpoints::call::{Chain, ClientCertificate};
use tokio::net::TcpStream;

use crate::config::{ClientCertificates, Server};

/// What is needed to speak TLS.
pub struct Tls {
    /// For the listener.
    pub config: ServerConfig,
    /// For the listener of apps with certificates, if it is one of its own.
    pub asking: Option<(String, ServerConfig)>,
    /// Whose certificates authenticate apps by name.
    pub authorities: Option<Authorities>,
}

/// Verifies chains of apps' certificates.
pub type Authorities = Arc<dyn ClientCertVerifier>;

/// Why TLS cannot be spoken.
#[derive(Debug, thiserror::Error)]
pub enum TlsProblem {
    /// A file.
    #[error("server.{key}: {file} cannot be used: {why}")]
    File {
        /// Which setting names it.
        key: &'static str,
        /// Which file.
        file: String,
        /// Why.
        why: String,
    },
    /// The certificate and the key, or the authorities.
    #[error("server.tls_certificate_file and its companions cannot be used: {0}")]
    Files(#[from] Error),
    /// The authorities.
    #[error("server.tls_client_ca_file cannot be used: {0}")]
    Authorities(String),
}

/// Reads the files that the configuration names; `None` if it names none.
pub fn read(server: &Server) -> Result<Option<Tls>, TlsProblem> {
    let (Some(chain), Some(key)) = (&server.tls_certificate_file, &server.tls_key_file) else {
        return Ok(None);
    };
    let chain = certificates("tls_certificate_file", chain)?;
    let key =
        PrivateKeyDer::from_pem_file(key).map_err(|error| unusable("tls_key_file", key, &error))?;
    let crypto = Arc::new(crypto());
    let config = |certificates: ClientCertificates| -> Result<ServerConfig, Error> {
        let begun = ServerConfig::builder_with_provider(Arc::clone(&crypto))
            .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])?;
        let begun = match certificates {
            ClientCertificates::Off => begun.with_no_client_auth(),
            ClientCertificates::Optional => {
                begun.with_client_cert_verifier(Arc::new(AnyCertificate(Arc::clone(&crypto))))
            }
        };
        begun.with_single_cert(chain.clone(), key.clone_key())
    };
    let asks = server.tls_client_certificates;
    let (config, asking) = match &server.mtls_listen {
        Some(listen) => (
            config(ClientCertificates::Off)?,
            Some((listen.clone(), config(asks)?)),
        ),
        None => (config(asks)?, None),
    };
    let authorities = match &server.tls_client_ca_file {
        Some(file) => Some(authorities(file, Arc::clone(&crypto))?),
        None => None,
    };
    Ok(Some(Tls {
        config,
        asking,
        authorities,
    }))
}

/// What is wrong with the files, in one line.
pub fn problem(server: &Server) -> Option<String> {
    read(server).err().map(|problem| problem.to_string())
}

fn certificates(
    key: &'static str,
    file: &Path,
) -> Result<Vec<CertificateDer<'static>>, TlsProblem> {
    let read = CertificateDer::pem_file_iter(file)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| unusable(key, file, &error))?;
    if read.is_empty() {
        return Err(unusable(key, file, &"there is no certificate in it"));
    }
    Ok(read)
}

fn unusable(key: &'static str, file: &Path, why: &dyn std::fmt::Display) -> TlsProblem {
    TlsProblem::File {
        key,
        file: file.display().to_string(),
        why: why.to_string(),
    }
}

fn authorities(file: &Path, crypto: Arc<CryptoProvider>) -> Result<Authorities, TlsProblem> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates("tls_client_ca_file", file)? {
        roots.add(certificate)?;
    }
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), crypto)
        .build()
        .map_err(|error| TlsProblem::Authorities(error.to_string()))?;
    Ok(verifier)
}

/// TLS 1.3, and of TLS 1.2 what FAPI 2.0 §5.2.2 leaves of it here: ECDHE with AES-GCM.
fn crypto() -> CryptoProvider {
    let mut crypto = aws_lc_rs::default_provider();
    crypto.cipher_suites.retain(|suite| {
        suite.tls13().is_some()
            || matches!(
                suite.suite(),
                CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384
                    | CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256
                    | CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384
                    | CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256
            )
    });
    crypto
}

/// Lets every certificate through whose key the caller proves to hold: self-signed ones are judged by
/// the client's registration, the others by [`keep_certificate`].
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ClientCertVerifier for AnyCertificate {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// Keeps a connection's certificate for the requests that come by it.
pub fn keep_certificate(
    connection: &dyn Any,
    authorities: Option<&Authorities>,
    now: Timestamp,
    kept: &mut Extensions,
) {
    let Some(stream) = connection.downcast_ref::<TlsStream<TcpStream>>() else {
        return;
    };
    let (_, session) = stream.get_ref();
    let Some((own, between)) = session.peer_certificates().and_then(<[_]>::split_first) else {
        return;
    };
    let seconds = u64::try_from(now.seconds()).unwrap_or_default();
    let now = UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds));
    let chain = match authorities {
        Some(authorities) if authorities.verify_client_cert(own, between, now).is_ok() => {
            Chain::Trusted
        }
        Some(_) | None => Chain::Unknown,
    };
    kept.insert(ClientCertificate::from_der(own.to_vec(), chain));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tk_18_only_suites_with_forward_secrecy_and_aes_gcm_or_of_tls_1_3_are_offered() {
        let crypto = crypto();
        let (new, old): (Vec<_>, Vec<_>) = crypto
            .cipher_suites
            .iter()
            .map(|suite| format!("{:?}", suite.suite()))
            .partition(|name| name.starts_with("TLS13_"));
        assert_eq!((new.len(), old.len()), (3, 4), "{new:?} {old:?}");
        for name in old {
            assert!(
                name.starts_with("TLS_ECDHE_") && name.contains("_GCM_"),
                "{name}"
            );
        }
    }

    #[test]
    fn cfg_01_files_that_cannot_be_used_are_named_with_their_setting() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            Some(path)
        };
        let mut server = Server::default();
        assert_eq!(problem(&server), None);
        server.tls_certificate_file = Some(folder.path().join("none.pem"));
        server.tls_key_file = file("key.pem", "no key");
        let told = problem(&server).unwrap();
        assert!(
            told.contains("tls_certificate_file") && told.contains("none.pem"),
            "{told}"
        );
        server.tls_certificate_file = file("empty.pem", "no certificate");
        assert!(problem(&server).unwrap().contains("no certificate in it"));
    }
}
