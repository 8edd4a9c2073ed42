//! What a certificate authority's refusal means, in words for the operator's log.

use rustls_acme::OrderError;
use rustls_acme::acme::{AcmeError, Auth, Identifier};
use serde_json::Value;

/// The longest text of the authority's that is shown, in characters: a few sentences.
const SHOWN: usize = 400;

/// Why an order came to nothing.
pub(super) fn order(error: &OrderError) -> String {
    match error {
        OrderError::BadAuth(auth) => unproved(auth),
        OrderError::TooManyAttemptsAuth(domain) => format!(
            "the authority did not make up its mind about {} in time",
            inert(domain)
        ),
        OrderError::BadOrder(order) => {
            let detail = order
                .error
                .as_ref()
                .and_then(|problem| problem.detail.as_deref());
            format!(
                "the order was refused: {}",
                inert(detail.unwrap_or("without a reason"))
            )
        }
        OrderError::ProcessingTimeout(_) => "the order was not done in time".to_owned(),
        OrderError::Acme(AcmeError::HttpRequest(error)) => request(&error.to_string()),
        OrderError::Acme(AcmeError::Json(_)) => {
            "what answers at the directory's address is no ACME server".to_owned()
        }
        OrderError::Acme(error) => inert(&error.to_string()),
        OrderError::Rcgen(error) => inert(&error.to_string()),
    }
}

/// The name could not be proved ours.
fn unproved(auth: &Auth) -> String {
    let Identifier::Dns(domain) = &auth.identifier;
    let said = auth
        .challenges
        .iter()
        .find_map(|challenge| challenge.error.as_ref()?.detail.as_deref());
    format!(
        "the authority could not see that {} is this relay (port 443 of that name must lead here, \
         or port 80 to --acme-http): {}",
        inert(domain),
        inert(said.unwrap_or("it gave no reason"))
    )
}

/// A request that failed. An authority's own words are in the body, a problem document.
fn request(text: &str) -> String {
    // It comes as Rust's notation of a text, which is JSON's but for rare characters.
    let body = text.find('"').map(|at| &text[at..]);
    let body = body.and_then(|body| serde_json::from_str::<String>(body).ok());
    let problem = body.and_then(|body| serde_json::from_str::<Value>(&body).ok());
    let detail = problem
        .as_ref()
        .and_then(|problem| problem["detail"].as_str());
    match detail {
        Some(detail) => format!("the authority refused: {}", inert(detail)),
        None => format!("the directory can't be reached: {}", inert(text)),
    }
}

/// A text of the other side's with nothing in it that a terminal or a log would act on.
pub(super) fn inert(text: &str) -> String {
    text.chars()
        .take(SHOWN)
        .flat_map(|character| match character {
            '\'' | '"' => vec![character],
            other => other.escape_debug().collect(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use rustls_acme::acme::AuthStatus;

    use super::*;

    #[test]
    fn what_the_authority_says_is_found_and_made_inert() {
        let body = "{\n  \"detail\": \"forbidden by policy: \\\"a.test\\\" \\u001b[31m\"\n}";
        let said = request(&format!("non 2xx http status: 400 {body:?}"));
        let expected = "the authority refused: forbidden by policy: \"a.test\" \\u{1b}[31m";
        assert_eq!(said, expected);
        let unreachable = request("http error: Connection refused");
        assert!(unreachable.contains("can't be reached"), "{unreachable}");
        assert_eq!(inert(&"x\n\u{202e}".repeat(1000)).matches('\n').count(), 0);
    }

    #[test]
    fn a_name_that_is_not_ours_is_named() {
        let auth = Auth {
            status: AuthStatus::Invalid,
            identifier: Identifier::Dns("relay.test".to_owned()),
            challenges: Vec::new(),
        };
        let said = order(&OrderError::BadAuth(auth));
        assert!(
            said.contains("relay.test") && said.contains("port 443"),
            "{said}"
        );
    }
}
