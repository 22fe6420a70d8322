//! The demo's client: it talks to the service over HTTP, as an organization's own system would.

use std::net::SocketAddr;
use std::time::Duration;

use reqwest::{Method, Response};
use serde_json::Value;

use super::CliError;

/// Longest wait for an answer: the largest step is a batch of some hundred claims.
const PATIENCE: Duration = Duration::from_secs(120);

/// A key and where to use it.
#[derive(Debug, Clone)]
pub(super) struct Client {
    http: reqwest::Client,
    base: String,
    key: String,
}

/// What came back.
#[derive(Debug)]
pub(super) struct Answer {
    /// The HTTP status.
    pub(super) status: u16,
    /// The body.
    pub(super) body: Vec<u8>,
}

fn broken(error: &reqwest::Error) -> CliError {
    // The cause is what helps; the outer message only repeats the address.
    let cause = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
    CliError::Other(format!("a request failed: {error} {cause}"))
}

impl Answer {
    /// The body as JSON.
    pub(super) fn json(&self) -> Result<Value, CliError> {
        serde_json::from_slice(&self.body)
            .map_err(|e| CliError::Other(format!("an answer is not JSON: {e}")))
    }

    /// The answer, when its status says that it worked.
    pub(super) fn good(self, what: &str) -> Result<Self, CliError> {
        if (200..300).contains(&self.status) {
            return Ok(self);
        }
        let body = String::from_utf8_lossy(&self.body);
        Err(CliError::Other(format!("{what} was answered {}: {body}", self.status)))
    }
}

impl Client {
    /// A client with a key.
    pub(super) fn new(address: SocketAddr, key: &str) -> Result<Self, CliError> {
        // No proxy: the service is in this process.
        let http = reqwest::Client::builder().timeout(PATIENCE).no_proxy().build();
        let http = http.map_err(|e| broken(&e))?;
        Ok(Self { http, base: format!("http://{address}"), key: key.to_owned() })
    }

    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base)).bearer_auth(&self.key)
    }

    /// GET.
    pub(super) async fn get(&self, path: &str) -> Result<Answer, CliError> {
        self.take(self.request(Method::GET, path).send().await).await
    }

    /// GET in a media type.
    pub(super) async fn get_as(&self, path: &str, media: &str) -> Result<Answer, CliError> {
        self.take(self.request(Method::GET, path).header("Accept", media).send().await).await
    }

    /// POST of JSON.
    pub(super) async fn post(&self, path: &str, body: &Value) -> Result<Answer, CliError> {
        self.take(self.request(Method::POST, path).json(body).send().await).await
    }

    /// POST of a text in a media type.
    pub(super) async fn upload(
        &self,
        path: &str,
        media: &str,
        text: &'static str,
    ) -> Result<Answer, CliError> {
        let request = self.request(Method::POST, path).header("Content-Type", media).body(text);
        self.take(request.send().await).await
    }

    async fn take(&self, sent: Result<Response, reqwest::Error>) -> Result<Answer, CliError> {
        let response = sent.map_err(|e| broken(&e))?;
        let status = response.status().as_u16();
        let body = response.bytes().await.map_err(|e| broken(&e))?.to_vec();
        Ok(Answer { status, body })
    }
}
