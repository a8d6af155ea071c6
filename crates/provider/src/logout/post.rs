use std::time::Duration;

/// How long an app may take to answer (LO-03).
const PATIENCE: Duration = Duration::from_secs(5);

/// A client for these requests: no redirects, no cookies, no proxy of the environment.
pub(super) fn client() -> Result<reqwest::Client, reqwest::Error> {
    reqwest::Client::builder()
        .timeout(PATIENCE)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .user_agent("Sekisho")
        .build()
}

/// Posts a form and says with which status it was answered; the body is not read.
pub(super) async fn post_form(
    http: &reqwest::Client,
    url: &str,
    fields: &[(&str, &str)],
) -> Result<u16, String> {
    match http.post(url).form(fields).send().await {
        Ok(response) => Ok(response.status().as_u16()),
        Err(error) if error.is_timeout() => Err("no answer in time".to_owned()),
        Err(error) if error.is_connect() => Err("no connection".to_owned()),
        Err(_other) => Err("the request failed".to_owned()),
    }
}
