use std::time::Duration;

use tokio::sync::OnceCell;

/// How long an app may take to answer (LO-03).
const PATIENCE: Duration = Duration::from_secs(5);

/// Posts forms to apps: no redirects, no cookies, no proxy of the environment.
#[derive(Default)]
pub(super) struct Postman(OnceCell<reqwest::Client>);

impl Postman {
    /// Posts a form and says with which status it was answered; the body is not read.
    pub(super) async fn post_form(
        &self,
        url: &str,
        fields: &[(&str, &str)],
    ) -> Result<u16, &'static str> {
        let client = self.0.get_or_try_init(async || client());
        let http = client.await.map_err(|_unusable| "no TLS here")?;
        match http.post(url).form(fields).send().await {
            Ok(response) => Ok(response.status().as_u16()),
            Err(error) if error.is_timeout() => Err("no answer in time"),
            Err(error) if error.is_connect() => Err("no connection"),
            Err(_other) => Err("the request failed"),
        }
    }
}

fn client() -> Result<reqwest::Client, reqwest::Error> {
    reqwest::Client::builder()
        .timeout(PATIENCE)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .user_agent("Sekisho")
        .build()
}
