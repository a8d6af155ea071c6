//! What a request from an app's own server carries beside its form.

use sekisho_model::{Digest, Origin};

/// A request to one of the endpoints that apps call directly.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// The `Authorization` header.
    pub authorization: Option<&'a str>,
    /// Every `DPoP` header (RFC 9449 §4.1); one is right, several are wrong.
    pub dpop: &'a [String],
    /// The certificate of the connection (RFC 8705), from our own TLS or a trusted proxy.
    pub certificate: Option<&'a ClientCertificate>,
    /// Which endpoint was called: the path below the issuer, such as `/oauth2/token`.
    pub path: &'static str,
    /// The method, in capitals.
    pub method: &'a str,
    /// From where.
    pub origin: &'a Origin,
}

/// A client certificate in DER, whose key the caller proved to hold in the TLS handshake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientCertificate(Vec<u8>);

impl ClientCertificate {
    /// Takes the bytes the TLS layer verified.
    pub const fn from_der(der: Vec<u8>) -> Self {
        Self(der)
    }

    /// The certificate's bytes.
    pub fn der(&self) -> &[u8] {
        &self.0
    }

    /// `x5t#S256` (RFC 8705 §3.1): SHA-256 of the certificate, base64url.
    pub fn thumbprint(&self) -> String {
        Digest::of(&self.0).to_base64url()
    }
}
