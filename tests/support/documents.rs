//! A server of somebody else: it shows one document, and counts who asks.

use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use actix_web::http::StatusCode;
use actix_web::{App, HttpResponse, HttpServer, web};
use serde_json::Value;

/// What it answers.
#[derive(Clone)]
pub struct Document {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
}

impl Document {
    pub fn json(value: &Value) -> Self {
        Self {
            status: 200,
            headers: vec![("content-type", "application/json".to_owned())],
            body: value.to_string().into_bytes(),
        }
    }
}

/// The server. It stops with the test.
pub struct DocumentServer {
    pub url: String,
    shown: Arc<Mutex<Document>>,
    asked: Arc<AtomicUsize>,
}

impl DocumentServer {
    pub fn open(document: Document) -> Self {
        Self::start(document, None)
    }

    /// With a certificate for 127.0.0.1; the authority's own certificate is returned as PEM.
    pub fn open_with_tls(document: Document) -> (Self, String) {
        let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
        let key = rustls::pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der());
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key.unwrap())
            .unwrap();
        (Self::start(document, Some(tls)), made.cert.pem())
    }

    fn start(document: Document, tls: Option<rustls::ServerConfig>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let scheme = if tls.is_some() { "https" } else { "http" };
        let url = format!("{scheme}://{}/document", listener.local_addr().unwrap());
        let shown = Arc::new(Mutex::new(document));
        let asked = Arc::new(AtomicUsize::new(0));
        let state = (Arc::clone(&shown), Arc::clone(&asked));
        let server = HttpServer::new(move || {
            let (shown, asked) = state.clone();
            let answer = move || {
                asked.fetch_add(1, Ordering::SeqCst);
                let document = shown.lock().unwrap().clone();
                let mut response =
                    HttpResponse::build(StatusCode::from_u16(document.status).unwrap());
                for header in document.headers {
                    response.insert_header(header);
                }
                std::future::ready(response.body(document.body))
            };
            App::new().default_service(web::to(answer))
        })
        .workers(1)
        .disable_signals();
        let server = match tls {
            Some(tls) => server.listen_rustls_0_23(listener, tls),
            None => server.listen(listener),
        };
        tokio::spawn(server.unwrap().run());
        Self { url, shown, asked }
    }

    pub fn show(&self, document: Document) {
        *self.shown.lock().unwrap() = document;
    }

    /// How often it was asked.
    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}
