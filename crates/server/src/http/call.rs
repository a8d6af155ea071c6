//! What a request from an app's own server carries beside its form.

use actix_web::HttpRequest;
use actix_web::http::header::HeaderName;
use sekisho_model::Origin;
use sekisho_provider::endpoints::call::{Call, ClientCertificate};

use super::app::{App, authorization};

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
            .get_all(HeaderName::from_static("dpop"))
            .map(|value| value.to_str().unwrap_or_default().to_owned())
            .collect();
        Self {
            authorization: authorization(request).map(str::to_owned),
            dpop,
            certificate: None,
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
