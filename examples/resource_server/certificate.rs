//! The certificate of a caller whose token is bound to one (RFC 8705 §3).
//!
//! This program speaks plain HTTP, so a proxy in front of it ends TLS, asks for the certificate, proves that
//! the caller holds its key, and passes it on (RFC 9440). The proxy has to take the header away from what
//! comes in. An API that ends TLS itself takes the certificate from the connection instead.

use std::net::IpAddr;

use actix_web::HttpRequest;
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

pub(crate) struct Certificates {
    /// Who is believed. Without one, tokens bound to certificates are refused.
    pub(crate) proxy: Option<IpAddr>,
}

impl Certificates {
    /// `x5t#S256` of the caller's certificate.
    pub(crate) fn thumbprint(&self, request: &HttpRequest) -> Option<String> {
        let from = request.peer_addr()?.ip();
        if self.proxy != Some(from) {
            return None;
        }
        let mut all = request.headers().get_all("client-cert");
        let (Some(header), None) = (all.next(), all.next()) else {
            return None;
        };
        let text = header.to_str().ok()?.trim();
        let text = text.strip_prefix(':')?.strip_suffix(':')?;
        let der = STANDARD.decode(text).ok()?;
        Some(URL_SAFE_NO_PAD.encode(digest(&SHA256, &der)))
    }
}
