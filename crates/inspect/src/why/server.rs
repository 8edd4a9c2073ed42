//! 5xx: the app failed at it, or something in front of the app did.

use super::page::Page;
use super::{Facts, Why, quote};

pub(super) fn explain(status: u16, facts: &Facts<'_>, page: &Page) -> Why {
    match status {
        501 => Why::new(
            format!(
                "The app does not know the method {}{}.",
                quote(facts.method),
                page.said_that()
            ),
            "Check that the target is the app, and not a server for static files.",
        ),
        502..=504 => gateway(status, facts, page),
        _ => crashed(status, page),
    }
}

fn crashed(status: u16, page: &Page) -> Why {
    if let Some(trace) = page.trace() {
        let place = trace
            .place
            .map(|place| format!(" at {place}"))
            .unwrap_or_default();
        return Why::new(
            format!(
                "The app failed{place}: {}.",
                trace.error.trim_end_matches('.')
            ),
            "Mend it there and replay.",
        );
    }
    if page.is_bare() {
        return Why::new(
            format!("The app answered {status} and does not say why."),
            "Its own output at that moment has the error; then replay.",
        );
    }
    let page_of = if page.is_html {
        " with an error page"
    } else {
        ""
    };
    Why::new(
        format!("The app answered {status}{page_of}{}.", page.said_that()),
        "Its own output at that moment has the rest; then replay.",
    )
}

/// What these statuses mean depends on who says them.
fn gateway(status: u16, facts: &Facts<'_>, page: &Page) -> Why {
    let server = facts.answer_header("server").unwrap_or_default();
    let lower = server.to_lowercase();
    let known = [
        "nginx",
        "caddy",
        "traefik",
        "envoy",
        "cloudflare",
        "apache",
        "haproxy",
        "openresty",
    ];
    let named = known
        .into_iter()
        .find(|name| lower.contains(name) || page.has(&[name]));
    let is_dev = page.has(&[
        "econnrefused",
        "error occurred while trying to proxy",
        "error occurred while proxying",
        "proxy error",
        "http proxy error",
    ]);
    if named.is_none() && !is_dev && (status == 503 || !page.is_bare()) {
        let after = facts.answer_header("retry-after");
        let after = after.map(|after| format!(", to be tried again after {}", quote(&after)));
        return Why::new(
            format!(
                "The app answered {status}{}{}.",
                page.said_that(),
                after.unwrap_or_default()
            ),
            "It may be starting, stopping or waiting for something it needs: look at its \
                output, then replay.",
        );
    }
    let who = named.map_or("the proxy of the dev server".to_owned(), str::to_owned);
    let what = match status {
        502 => "could not reach the app behind it, or got no valid answer",
        503 => "has no app behind it that is ready",
        _ => "waited in vain for the app behind it",
    };
    Why::new(
        format!(
            "What listens there is {who}, and it {what}{}.",
            page.said_that()
        ),
        "Start the app behind it, or look at its output; or point kreel at the app's own \
            port: kreel listen PORT.",
    )
}
