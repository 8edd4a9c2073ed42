//! 404, 405 and 410: which path or method was meant.

use super::page::Page;
use super::{Facts, Why, framework, quote};
use crate::limits;

/// How like another path must be to be meant: most of its letters in common.
const LIKE: f64 = 0.7;

pub(super) fn explain(status: u16, facts: &Facts<'_>, page: &Page) -> Why {
    if status == 405 {
        return method(facts, page);
    }
    if status == 410 {
        return Why::new(
            format!(
                "The app says that {} is gone for good{}.",
                facts.route(),
                page.said_that()
            ),
            "Find out where it has moved and change the webhook's address; some senders stop \
                sending after a 410.",
        );
    }
    let framework = framework::of_missing(facts, page);
    let who = match framework {
        Some((name, _)) => format!("The app ({name}) has no route for {}", facts.route()),
        None if page.is_bare() => format!("The app has no route for {}", facts.route()),
        None => format!(
            "The app answered 404 to {}{}",
            facts.route(),
            page.said_that()
        ),
    };
    let next = match (meant(facts), framework) {
        (Some(hint), _) => hint,
        (None, Some((_, place))) => format!("Check {place}."),
        (None, None) => "Check the path in the webhook's address, and the one after the port \
            in kreel listen PORT/PATH, which is put in front of it."
            .to_owned(),
    };
    Why::new(format!("{who}."), next)
}

/// The path that was probably meant, from those seen to work.
fn meant(facts: &Facts<'_>) -> Option<String> {
    let path = facts.path_alone();
    let worked = facts.paths_that_worked.iter().take(limits::WORKED_PATHS);
    let mut worked: Vec<(&str, &str)> = worked
        .map(|(method, path)| (*method, path.split('?').next().unwrap_or(path)))
        .collect();
    worked.dedup();
    let slash = worked.iter().find(|(_, other)| {
        *other != path && other.trim_end_matches('/') == path.trim_end_matches('/')
    });
    if let Some((method, other)) = slash {
        let end = if other.ends_with('/') {
            "with"
        } else {
            "without"
        };
        return Some(format!(
            "{} {}, {end} a slash at its end, has worked before.",
            quote(method),
            quote(other)
        ));
    }
    if let Some((method, _)) = worked.iter().find(|(_, other)| *other == path) {
        let method = quote(method);
        return Some(if method == facts.method {
            "The same path has worked before: what it names may be gone, or the app was \
                changed or restarted since."
                .to_owned()
        } else {
            format!(
                "{method} {} has worked before: the method may be the cause.",
                quote(path)
            )
        });
    }
    let score = |other: &str| {
        if path.len().max(other.len()) > limits::LIKE_PATH_BYTES {
            return 0.0;
        }
        let is_part =
            path.len() > 1 && other.len() > 1 && (other.ends_with(path) || path.ends_with(other));
        let like = strsim::jaro_winkler(other, path)
            .min(strsim::normalized_damerau_levenshtein(other, path) + 0.25);
        if is_part { like.max(LIKE) } else { like }
    };
    let mut scored: Vec<(f64, (&str, &str))> = worked
        .into_iter()
        .map(|one| (score(one.1), one))
        .filter(|(score, _)| *score >= LIKE)
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    let (_, (method, other)) = scored.first()?;
    Some(format!(
        "Did you mean {} {}, which has worked before?",
        quote(method),
        quote(other)
    ))
}

fn method(facts: &Facts<'_>, page: &Page) -> Why {
    let (method, route) = (quote(facts.method), quote(facts.path_alone()));
    let Some(allowed) = facts
        .answer_header("allow")
        .filter(|allow| !allow.trim().is_empty())
    else {
        return Why::new(
            format!(
                "The app knows {route}, but not with {method}{}.",
                page.said_that()
            ),
            format!(
                "Let the webhook's route take {method}: in Next.js export a function named \
                    {method}, elsewhere check the route's method."
            ),
        );
    };
    let other_path = match facts
        .paths_that_worked
        .iter()
        .find(|(m, _)| *m == facts.method)
    {
        Some((method, path)) => format!(" ({} {} has worked before)", quote(method), quote(path)),
        None => String::new(),
    };
    Why::new(
        format!(
            "The app takes {} at {route}, not {method}.",
            quote(&allowed)
        ),
        format!(
            "Let the route take {method}, or check that the path is the webhook's{other_path}."
        ),
    )
}
