//! 401, 403, 407 and 419: who is to prove what.

use super::page::Page;
use super::{Facts, Why, quote};

pub(super) fn explain(status: u16, facts: &Facts<'_>, page: &Page) -> Why {
    if let Some(why) = signature(facts, page) {
        return why;
    }
    if let Some(why) = forgery(status, page) {
        return why;
    }
    if status == 407 {
        return Why::new(
            "A proxy in front of the app wants credentials.",
            "Point kreel at the app itself, without the proxy.",
        );
    }
    let said = page.said_that();
    if page.has(&[
        "allowed_hosts",
        "disallowedhost",
        "blocked host",
        "invalid host header",
    ]) {
        return host();
    }
    if status == 401 && facts.request_header("authorization").is_none() {
        let scheme = facts.answer_header("www-authenticate");
        let scheme = scheme
            .map(|scheme| format!(" ({})", quote(&scheme)))
            .unwrap_or_default();
        return Why::new(
            format!(
                "The app wants an Authorization header{scheme}, and the request has none{said}."
            ),
            "Take the webhook's route out of the login check, or add what it wants: kreel \
                listen -H 'Authorization: …'.",
        );
    }
    let what = if status == 401 {
        "did not accept the credentials"
    } else {
        "does not allow this request"
    };
    Why::new(
        format!("The app {what}{said}."),
        "Check the secret or role it looks for, and whether a middleware guards the webhook's \
            route.",
    )
}

/// A signature that did not verify, whatever the status.
pub(super) fn signature(facts: &Facts<'_>, page: &Page) -> Option<Why> {
    let is_meant = page.has(&["signature"])
        && page.has(&[
            "match",
            "invalid",
            "verif",
            "mismatch",
            "missing",
            "no signatures",
            "wrong",
            "expected",
            "fail",
        ]);
    is_meant.then(|| {
        let cause = format!(
            "The app could not verify the signature{}.",
            page.said_that()
        );
        if facts.is_edited {
            return Why::new(
                cause,
                "An edited request no longer fits the signature of the \
                original.",
            );
        }
        Why::new(
            cause,
            "Check the signing secret; verify over the raw bytes, before any \
            middleware parses the body; and mind that an old delivery, replayed, may be \
            outside the allowed time.",
        )
    })
}

/// A token that only the app's own forms have.
pub(super) fn forgery(status: u16, page: &Page) -> Option<Why> {
    let how = csrf(status, page)?;
    Some(Why::new(
        "The app took this for a form and missed its CSRF token, which no webhook sender has.",
        format!("Take the webhook's route out of the check: {how}."),
    ))
}

/// The app's framework does not know the name it was called by.
pub(super) fn host() -> Why {
    Why::new(
        "The app refused the Host header it was called with.",
        "Do not use --host-header preserve, or add the public name to the app's allowed hosts.",
    )
}

/// How to take a route out of the check, by framework.
fn csrf(status: u16, page: &Page) -> Option<&'static str> {
    if page.has(&["invalidauthenticitytoken", "authenticity token"]) {
        return Some("in Rails, skip_before_action :verify_authenticity_token in the controller");
    }
    if status == 419 || page.has(&["csrf token mismatch", "page expired"]) {
        return Some(
            "in Laravel, add the path to validateCsrfTokens(except: […]), or put it in \
                routes/api.php",
        );
    }
    if page.has(&[
        "csrf verification failed",
        "csrf cookie not set",
        "csrftoken",
    ]) {
        return Some("in Django, @csrf_exempt on the view");
    }
    if page.has(&["cross-site post form submissions are forbidden"]) {
        return Some(
            "in SvelteKit or Astro, allow the sender's origin (csrf.trustedOrigins) or send JSON",
        );
    }
    page.has(&["csrf"])
        .then_some("in Express, mount it before the csrf middleware; elsewhere, exempt the route")
}
