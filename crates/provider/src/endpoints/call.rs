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
pub struct ClientCertificate {
    der: Vec<u8>,
    chain: Chain,
}

/// Whether a certificate leads to an authority that is trusted for clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chain {
    /// It does.
    Trusted,
    /// It does not, or nobody looked: it may be self-signed (RFC 8705 §2.2).
    Unknown,
}

impl ClientCertificate {
    /// Takes the certificate of a handshake.
    pub const fn from_der(der: Vec<u8>, chain: Chain) -> Self {
        Self { der, chain }
    }

    /// The certificate's bytes.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// Whether its chain was verified.
    pub const fn chain(&self) -> Chain {
        self.chain
    }

    /// `x5t#S256` (RFC 8705 §3.1): SHA-256 of the certificate, base64url.
    pub fn thumbprint(&self) -> String {
        Digest::of(&self.der).to_base64url()
    }
}
