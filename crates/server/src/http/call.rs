//! What a request from an app's own server carries beside its form.

use actix_web::HttpRequest;
use actix_web::http::header::HeaderName;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sekisho_model::Origin;
use sekisho_provider::endpoints::call::{Call, Chain, ClientCertificate};

use super::app::{App, authorization};
use super::client_ip::is_from_proxy;

const DPOP: HeaderName = HeaderName::from_static("dpop");
const CLIENT_CERT: HeaderName = HeaderName::from_static("client-cert");

/// The parts of one call, read from its headers and its connection.
#[derive(Debug)]
pub struct CallParts {
    authorization: Option<String>,
    dpop: Vec<String>,
    certificate: Option<ClientCertificate>,
    method: String,
    origin: Origin,
}

impl CallParts {
    /// Reads them.
    pub fn read(app: &App, request: &HttpRequest) -> Self {
        let dpop = request
            .headers()
            .get_all(DPOP)
            .map(|value| value.to_str().unwrap_or_default().to_owned())
            .collect();
        Self {
            authorization: authorization(request).map(str::to_owned),
            dpop,
            certificate: certificate(app, request),
            method: request.method().as_str().to_owned(),
            origin: app.origin_of(request),
        }
    }

    /// The call of the endpoint at `path`.
    pub fn of(&self, path: &'static str) -> Call<'_> {
        Call {
            authorization: self.authorization.as_deref(),
            dpop: &self.dpop,
            certificate: self.certificate.as_ref(),
            path,
            method: &self.method,
            origin: &self.origin,
        }
    }
}

/// TK-18: from the handshake, or from the header of a proxy that is trusted to set it. A proxy's own
/// certificate is nobody's.
fn certificate(app: &App, request: &HttpRequest) -> Option<ClientCertificate> {
    if app.client_certificate_header && is_from_proxy(request, &app.trusted_proxies) {
        let mut lines = request.headers().get_all(CLIENT_CERT);
        let line = lines.next()?;
        let certificate = line.to_str().ok().and_then(certificate_in);
        if certificate.is_none() || lines.next().is_some() {
            tracing::warn!("a trusted proxy sent an unreadable Client-Cert");
            return None;
        }
        return certificate;
    }
    request.conn_data::<ClientCertificate>().cloned()
}

/// RFC 9440 §2.2: the DER bytes as a byte sequence of structured fields (RFC 8941 §3.3.5).
pub(crate) fn certificate_in(line: &str) -> Option<ClientCertificate> {
    let inside = line.trim().strip_prefix(':')?.strip_suffix(':')?;
    let der = STANDARD.decode(inside).ok().filter(|der| !der.is_empty())?;
    Some(ClientCertificate::from_der(der, Chain::Trusted))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tk_18_the_header_is_one_byte_sequence() {
        assert_eq!(certificate_in(" :AQID: ").unwrap().der(), [1, 2, 3]);
        for bad in [
            "",
            ":",
            "::",
            "AQID",
            ":AQID",
            "AQID:",
            ":AQI:",
            ":A-_D:",
            ":AQID:;a=1",
        ] {
            assert_eq!(certificate_in(bad), None, "{bad}");
        }
    }
}
