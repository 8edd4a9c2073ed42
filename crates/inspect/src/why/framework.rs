//! Which framework's own page an answer is.

use super::Facts;
use super::page::Page;

/// The framework whose page for unknown paths this is, and where its routes are written.
pub(super) fn of_missing(facts: &Facts<'_>, page: &Page) -> Option<(&'static str, &'static str)> {
    let powered = facts
        .answer_header("x-powered-by")
        .unwrap_or_default()
        .to_lowercase();
    let server = facts
        .answer_header("server")
        .unwrap_or_default()
        .to_lowercase();
    let text = page.text.trim();
    if page.has(&[
        "cannot post /",
        "cannot get /",
        "cannot put /",
        "cannot delete /",
        "cannot patch /",
    ]) {
        return Some((
            "Express",
            "app.METHOD(path) of this very method, and the prefix of the router it is in",
        ));
    }
    if powered.contains("next.js") || page.has(&["/_next/static", "__next_error__"]) {
        return Some((
            "Next.js",
            "app/PATH/route.ts (exporting a function named like the method) or pages/api/PATH.ts",
        ));
    }
    if text == r#"{"detail":"Not Found"}"# {
        return Some((
            "FastAPI",
            "the decorator's path, the prefix of its APIRouter, and include_router",
        ));
    }
    if page.has(&[
        "using the urlconf defined in",
        "you're seeing this error because you have debug = true",
    ]) {
        return Some((
            "Django",
            "urlpatterns, whose paths begin without a slash and usually end with one",
        ));
    }
    if page.has(&["no route matches", "actioncontroller::routingerror"]) {
        return Some(("Rails", "config/routes.rb (rails routes lists them)"));
    }
    if page.has(&[
        "symfony\\\\component\\\\httpkernel",
        "could not be found.\"",
        "notfoundhttpexception",
    ]) {
        return Some((
            "Laravel",
            "routes/web.php or routes/api.php, whose paths begin with /api (php artisan \
                route:list)",
        ));
    }
    if text == "404 page not found" {
        return Some((
            "Go's net/http",
            "the patterns given to the mux; one without a slash at its end matches only itself",
        ));
    }
    if page.has(&["the requested url was not found on the server. if you entered the url manually"])
    {
        return Some((
            "Flask",
            "@app.route and the url_prefix of its blueprint (flask routes)",
        ));
    }
    if page.has(&["whitelabel error page"])
        || page.has(&["\"timestamp\"", "\"path\""]) && page.has(&["\"error\":\"not found\""])
    {
        return Some(("Spring", "@PostMapping and the class's @RequestMapping"));
    }
    if text.starts_with("{\"message\":\"Route ")
        || page.has(&["\"message\":\"route post:", "\"message\":\"route get:"])
    {
        return Some((
            "Fastify",
            "the route's url and the prefix its plugin is registered with",
        ));
    }
    server.contains("nginx").then_some((
        "nginx",
        "the location blocks: the request never got to the app",
    ))
}
