//! The ceiling: bare actix-web handlers that do only what cannot be avoided. Nothing that checks, records
//! or protects; the distance to it is what all of that costs.

use std::cell::RefCell;
use std::collections::HashMap;
use std::time::Duration;

use actix_web::http::header::{CONTENT_TYPE, ETAG};
use actix_web::{App, HttpResponse, HttpServer, web};
use argon2::{Algorithm as Hash, Argon2, Block, Params, Version};
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde_json::{Value, json};

/// What the handlers share.
struct Shelf {
    document: Vec<u8>,
    pair: EcdsaKeyPair,
    encoding: EncodingKey,
    decoding: DecodingKey,
    answers: HashMap<Vec<u8>, Value>,
}

/// A token that every ceiling server knows.
const TOKEN: &str = "a token of forty-three characters, as ours.";

/// Serves the ceiling at `address` until it is killed.
pub fn serve(address: &str) -> std::io::Result<()> {
    let shelf = web::Data::new(shelf());
    let address = address.to_owned();
    actix_web::rt::System::new().block_on(async move {
        HttpServer::new(move || {
            App::new()
                .app_data(shelf.clone())
                .route("/document", web::get().to(document))
                .route("/sign", web::post().to(sign))
                .route("/parse-and-sign", web::post().to(parse_and_sign))
                .route("/verify", web::post().to(verify))
                .route("/look-up", web::post().to(look_up))
                .route("/hash", web::post().to(hash))
        })
        .workers(1)
        // Connections rest while it is our turn.
        .keep_alive(Duration::from_mins(5))
        .client_request_timeout(Duration::ZERO)
        .bind(address)?
        .run()
        .await
    })
}

/// A token for `/verify`, signed with a new key each time: the address tells the generator.
pub async fn token_at(address: &str) -> Result<String, String> {
    let mut connection = crate::wire::Connection::open(address).await?;
    let request = crate::wire::with_body("POST", address, "/sign", &[], "");
    let answer: Value = serde_json::from_slice(connection.ask(&request).await?.body)
        .map_err(|error| error.to_string())?;
    Ok(answer["access_token"]
        .as_str()
        .unwrap_or_default()
        .to_owned())
}

/// The body that `/look-up` and `/verify` take.
pub fn asking_for(token: Option<&str>) -> String {
    format!("token={}", token.unwrap_or(TOKEN))
}

fn shelf() -> Shelf {
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key");
    let pkcs8 = pair.to_pkcs8v1().expect("its bytes");
    let answer =
        json!({"active": true, "scope": "openid email", "client_id": "c", "exp": 1, "sub": "s"});
    Shelf {
        document: vec![b' '; 1_900],
        encoding: EncodingKey::from_ec_der(pkcs8.as_ref()),
        decoding: DecodingKey::from_ec_der(pair.public_key().as_ref()),
        pair,
        answers: HashMap::from([(key_of(TOKEN.as_bytes()), answer)]),
    }
}

async fn document(shelf: web::Data<Shelf>) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "application/json"))
        .insert_header((ETAG, "\"one\""))
        .body(shelf.document.clone())
}

async fn sign(shelf: web::Data<Shelf>, _body: web::Bytes) -> HttpResponse {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let head = json!({"typ": "at+jwt", "alg": "ES256", "kid": "a key's name"});
    let mut token = format!("{}.{}", part(&head), part(&claims()));
    let signature = shelf.pair.sign(&SystemRandom::new(), token.as_bytes());
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(signature.expect("a signature"), &mut token);
    tokens(&token)
}

async fn parse_and_sign(shelf: web::Data<Shelf>, _body: web::Bytes) -> HttpResponse {
    let header = Header::new(Algorithm::ES256);
    let token = jsonwebtoken::encode(&header, &claims(), &shelf.encoding);
    tokens(&token.expect("a token"))
}

async fn verify(shelf: web::Data<Shelf>, body: web::Bytes) -> HttpResponse {
    let mut rules = Validation::new(Algorithm::ES256);
    rules.validate_aud = false;
    let found = jsonwebtoken::decode::<Value>(token(&body), &shelf.decoding, &rules);
    match found {
        Ok(token) => HttpResponse::Ok().json(token.claims),
        Err(_) => HttpResponse::Unauthorized().finish(),
    }
}

async fn look_up(shelf: web::Data<Shelf>, body: web::Bytes) -> HttpResponse {
    match shelf.answers.get(&key_of(token(&body))) {
        Some(answer) => HttpResponse::Ok().json(answer),
        None => HttpResponse::Unauthorized().finish(),
    }
}

/// One Argon2id hash at the house's floor, in memory that is used again.
async fn hash(_body: web::Bytes) -> HttpResponse {
    thread_local!(static MEMORY: RefCell<Vec<Block>> = const { RefCell::new(Vec::new()) });
    let params = Params::new(19_456, 2, 1, Some(32)).expect("a cost");
    let blocks = params.block_count();
    let argon2 = Argon2::new(Hash::Argon2id, Version::V0x13, params);
    let mut output = [0; 32];
    MEMORY.with_borrow_mut(|memory| {
        memory.resize(blocks, Block::new());
        let hashed =
            argon2.hash_password_into_with_memory(b"password", &[1; 16], &mut output, memory);
        hashed.expect("a hash");
    });
    HttpResponse::Ok().body(output.to_vec())
}

fn claims() -> Value {
    json!({
        "iss": "https://id.example", "sub": "machine", "aud": ["https://api.example"], "client_id": "machine",
        "iat": 1_790_000_000, "exp": 4_000_000_000_u64, "jti": "m1.0123456789abcdef0123456789", "scope": "orders:read",
    })
}

fn tokens(token: &str) -> HttpResponse {
    HttpResponse::Ok().json(json!({
        "access_token": token, "token_type": "Bearer", "expires_in": 300, "scope": "orders:read",
    }))
}

fn token(body: &[u8]) -> &[u8] {
    body.strip_prefix(b"token=").unwrap_or(body)
}

fn key_of(token: &[u8]) -> Vec<u8> {
    digest(&SHA256, token).as_ref().to_vec()
}
