//! Redirects, which are handed back to the sender and never followed.

use super::{Facts, Why, quote};

/// What paths of login pages have in them.
const LOGIN: [&str; 6] = ["login", "signin", "sign-in", "sign_in", "oauth", "/auth"];

/// None for 304, and for what has no `Location` to speak of.
pub(super) fn explain(status: u16, facts: &Facts<'_>) -> Option<Why> {
    let location = facts.answer_header("location")?;
    if !matches!(status, 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let (origin, path) = parts(&location);
    let (from, shown) = (facts.path_alone(), quote(&location));
    let back = "redirects are handed back to the sender, not followed";
    let path_alone = path.split(['?', '#']).next().unwrap_or(path);
    if path_alone.trim_end_matches('/') == from.trim_end_matches('/') && path_alone != from {
        let way = if path_alone.ends_with('/') {
            "with"
        } else {
            "without"
        };
        return Some(Why::new(
            format!(
                "The app knows this path only {way} a slash at its end and redirects to \
                    {shown}; {back}, and most webhook senders do not follow them."
            ),
            format!(
                "Use {} in the webhook's address, or let the app take both.",
                quote(path_alone)
            ),
        ));
    }
    if location.starts_with("https://") && path_alone == from && !is_tls(facts) {
        return Some(Why::new(
            format!("The app insists on HTTPS and redirects to {shown}; {back}."),
            "Let the app trust X-Forwarded-Proto (kreel sends https in it), or turn its HTTPS \
                redirect off in development.",
        ));
    }
    let lower = path.to_lowercase();
    if LOGIN.iter().any(|word| lower.contains(word)) {
        return Some(Why::new(
            format!(
                "The app wants a login for {} and redirects to {shown}; {back}.",
                facts.route()
            ),
            "Take the webhook's route out of the session check: a webhook proves itself by \
                its signature, not by a login.",
        ));
    }
    let method = match status {
        301..=303 if facts.method != "GET" => {
            " A sender that follows it will come with GET and without the body."
        }
        _ => "",
    };
    let host = origin
        .map(|origin| format!(" on {}", quote(origin)))
        .unwrap_or_default();
    Some(Why::new(
        format!("The app redirects to {shown}; {back}.{method}"),
        format!("Point the webhook at {}{host} itself.", quote(path_alone)),
    ))
}

fn is_tls(facts: &Facts<'_>) -> bool {
    facts
        .target
        .is_some_and(|target| target.starts_with("https://"))
}

/// Origin and path of a location, which may be relative.
fn parts(location: &str) -> (Option<&str>, &str) {
    let Some((_, rest)) = location.split_once("://") else {
        return (None, location);
    };
    let start = location.len() - rest.len();
    match rest.find('/') {
        Some(at) => (Some(&location[..start + at]), &rest[at..]),
        None => (Some(location), "/"),
    }
}
