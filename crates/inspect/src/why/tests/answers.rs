//! Redirects and refusals.

use super::*;

#[test]
fn redirects_are_handed_back() {
    for (status, location, cause, next) in [
        (
            308,
            "/api/hook/?a=b",
            "only with a slash at its end",
            "Use /api/hook/",
        ),
        (
            301,
            "http://localhost:3000/api/hook/",
            "redirects to http://localhost:3000/api/hook/",
            "Use /api/hook/",
        ),
        (
            301,
            "https://localhost:3000/api/hook?a=b",
            "insists on HTTPS",
            "X-Forwarded-Proto",
        ),
        (
            302,
            "/login?next=%2Fapi%2Fhook",
            "wants a login for POST /api/hook",
            "session check",
        ),
        (
            307,
            "/v2/hook",
            "redirects to /v2/hook; redirects are handed back to the sender, not followed",
            "at /v2/hook itself",
        ),
        (
            303,
            "https://b.example/x",
            "will come with GET",
            "/x on https://b.example itself",
        ),
    ] {
        says(
            said(status, &[("location", location)], ""),
            &[cause, "not followed"],
            &[next],
        );
    }
    assert_eq!(said(300, &[("location", "/x")], ""), None);
}

#[test]
fn refusals_say_what_is_wanted() {
    let django = "<!DOCTYPE html><html lang=\"en\"><head><title>403 Forbidden</title></head><body>\
        <h1>Forbidden <span>(403)</span></h1><p>CSRF verification failed. Request aborted.</p>";
    let rails =
        "ActionController::InvalidAuthenticityToken (Can't verify CSRF token authenticity.):";
    let laravel = "{\"message\": \"CSRF token mismatch.\"}";
    let html = &[("content-type", "text/html")][..];
    for (status, lines, body, cause, next) in [
        (403, html, django, "CSRF token", "@csrf_exempt"),
        (422, &[], rails, "CSRF token", "skip_before_action"),
        (403, &[], rails, "CSRF token", "skip_before_action"),
        (419, &[], laravel, "CSRF token", "validateCsrfTokens"),
        (
            403,
            &[],
            "ForbiddenError: invalid csrf token\n    at /app/node_modules/csurf/index.js:112:19",
            "CSRF",
            "Express",
        ),
        (
            401,
            &[("www-authenticate", "Bearer")],
            "{\"error\":\"No token provided\"}",
            "Authorization header (Bearer), and the request has none, saying “No token provided”",
            "-H 'Authorization",
        ),
        (403, &[], "", "does not allow this request.", "middleware"),
        (
            403,
            &[],
            "Blocked request. This host (\"x.example\") is not allowed. Blocked hosts…",
            "refused the Host header",
            "--host-header",
        ),
        (407, &[], "", "proxy", "without the proxy"),
        (
            401,
            &[],
            "{\"error\":\"Invalid signature\"}",
            "could not verify the signature, saying “Invalid signature”",
            "raw bytes",
        ),
    ] {
        says(said(status, lines, body), &[cause], &[next]);
    }
}

#[test]
fn missing_routes_name_their_framework() {
    let express = "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta \
        charset=\"utf-8\">\n<title>Error</title>\n</head>\n<body>\n<pre>Cannot POST \
        /api/hook</pre>\n</body>\n</html>\n";
    let django = "<!DOCTYPE html><html lang=\"en\"><head><title>Page not found at \
        /api/hook</title></head><body><p>Using the URLconf defined in <code>shop.urls</code>, \
        Django tried these URL patterns";
    let flask = "<!doctype html>\n<html lang=en>\n<title>404 Not Found</title>\n<h1>Not \
        Found</h1>\n<p>The requested URL was not found on the server. If you entered the URL \
        manually please check your spelling and try again.</p>\n";
    let next = "<!DOCTYPE html><html><head><title>404: This page could not be \
        found.</title><script src=\"/_next/static/chunks/main.js\">";
    let rails = "{\"status\":404,\"error\":\"Not \
        Found\",\"exception\":\"#<ActionController::RoutingError: No route matches [POST] \
        \\\"/api/hook\\\">\"}";
    let laravel = "{\"message\":\"The route api/hook could not be \
        found.\",\"exception\":\"Symfony\\\\Component\\\\HttpKernel\\\\Exception\\\\NotFoundHttpException\"}";
    let fastify = "{\"message\":\"Route POST:/api/hook not found\",\"error\":\"Not \
        Found\",\"statusCode\":404}";
    let spring = "{\"timestamp\":\"2026-01-01T00:00:00Z\",\"status\":404,\"error\":\"Not \
        Found\",\"path\":\"/api/hook\"}";
    let nginx = "<html>\r\n<head><title>404 Not \
        Found</title></head>\r\n<body>\r\n<center><h1>404 Not \
        Found</h1></center>\r\n<hr><center>nginx/1.27.0</center>";
    for (lines, body, name) in [
        (&[("content-type", "text/html")][..], express, "Express"),
        (&[], django, "Django"),
        (&[], flask, "Flask"),
        (&[], next, "Next.js"),
        (&[], rails, "Rails"),
        (&[], laravel, "Laravel"),
        (&[], fastify, "Fastify"),
        (&[], spring, "Spring"),
        (&[], "{\"detail\":\"Not Found\"}", "FastAPI"),
        (&[], "404 page not found\n", "Go's net/http"),
        (&[("server", "nginx/1.27.0")], nginx, "nginx"),
    ] {
        let cause = format!("The app ({name}) has no route for POST /api/hook.");
        says(said(404, lines, body), &[&cause], &["Check "]);
    }
    says(
        said(404, &[], ""),
        &["has no route for POST /api/hook."],
        &["kreel listen PORT/PATH"],
    );
    says(
        said(404, &[], "{\"error\":\"no such order\"}"),
        &["saying “no such order”"],
        &[],
    );
    says(said(410, &[], ""), &["gone for good"], &["change"]);
}

#[test]
fn missing_routes_are_compared_with_what_worked() {
    let missing = |path, worked| {
        explain(&Facts {
            status: Some(404),
            path,
            paths_that_worked: worked,
            ..facts()
        })
    };
    let worked = &[
        ("POST", "/webhooks/krea?x=1"),
        ("GET", "/health"),
        ("POST", "/api/hook"),
    ][..];
    for (path, next) in [
        ("/webhook/krea", "Did you mean POST /webhooks/krea, which"),
        ("/api/hooks", "Did you mean POST /api/hook, which"),
        ("/hook", "Did you mean POST /api/hook, which"),
        ("/api/hook/", "POST /api/hook, without a slash at its end"),
        ("/health", "GET /health has worked before: the method"),
        ("/api/hook?b", "The same path has worked before"),
        ("/something/else", "Check the path"),
    ] {
        says(missing(path, worked), &["no route"], &[next]);
    }
}

#[test]
fn wrong_methods_and_upgrades() {
    says(
        said(405, &[("allow", "GET, HEAD")], ""),
        &["takes GET, HEAD at /api/hook, not POST"],
        &["take POST"],
    );
    says(
        said(405, &[], ""),
        &["but not with POST."],
        &["export a function named POST"],
    );
    says(
        said(426, &[("upgrade", "websocket")], ""),
        &["change to websocket"],
        &["reload channel"],
    );
    says(
        said(101, &[("upgrade", "websocket")], ""),
        &["change to websocket"],
        &[],
    );
}

#[test]
fn unfit_requests_say_what_does_not_fit() {
    let express = "{\"error\":\"Unexpected token 'h', \\\"hello\\\" is not valid JSON\"}";
    let too_large = "PayloadTooLargeError: request entity too large\n    at readStream \
        (/app/node_modules/raw-body/index.js:163:17)";
    let nginx = "<html>\r\n<head><title>413 Request Entity Too \
        Large</title></head>\r\n<body>\r\n<center><h1>413 Request Entity Too \
        Large</h1></center>\r\n<hr><center>nginx/1.27.0</center>";
    let fastapi = r#"{"detail":[{"type":"missing","loc":["body","event_id"],"msg":"Field required","input":{}},{"type":"int_parsing","loc":["body","user","age"],"msg":"Input should be a valid integer"}]}"#;
    let laravel = r#"{"message":"The email field is required.","errors":{"email":["The email field is required."]}}"#;
    let zod = r#"{"error":{"issues":[{"code":"invalid_type","path":["job","id"],"message":"Required"}]}}"#;
    for (status, lines, body, cause, next) in [
        (
            400,
            &[][..],
            express,
            "could not read the body as JSON, saying “Unexpected token 'h'",
            "Body tab",
        ),
        (
            400,
            &[],
            "The plain HTTP request was sent to HTTPS port",
            "wants TLS",
            "kreel listen https://localhost:3000",
        ),
        (
            400,
            &[],
            "Client sent an HTTP request to an HTTPS server.\n",
            "wants TLS",
            "https://localhost:3000",
        ),
        (
            400,
            &[],
            "<title>DisallowedHost at /</title> Invalid HTTP_HOST header",
            "refused the Host header",
            "--host-header",
        ),
        (
            400,
            &[],
            "{\"message\":\"missing event\"}",
            "did not understand the request, saying “missing event”",
            "Compare",
        ),
        (411, &[], "", "wants a Content-Length", "chunked"),
        (
            413,
            &[],
            too_large,
            "body of 250 kB is too large for the app: Express' body parser takes 100 kB",
            "express.json",
        ),
        (
            413,
            &[("server", "nginx")],
            nginx,
            "nginx takes 1 MB",
            "client_max_body_size",
        ),
        (
            413,
            &[],
            "Body exceeded 1mb limit",
            "Next.js takes 1 MB",
            "sizeLimit",
        ),
        (413, &[], "", "it has a limit for bodies", "Raise"),
        (
            415,
            &[],
            "",
            "does not take application/json",
            "body parser",
        ),
        (
            422,
            &[],
            fastapi,
            "body.event_id: Field required; body.user.age: Input should be",
            "model",
        ),
        (
            422,
            &[],
            laravel,
            "email: The email field is required",
            "model",
        ),
        (
            422,
            &[],
            r#"{"issues":[{"path":["job","id"],"message":"Required"}]}"#,
            "job.id: Required",
            "model",
        ),
        (422, &[], "", "finds it invalid.", "Compare"),
        (
            429,
            &[("retry-after", "30")],
            "",
            "wants 30 s of rest",
            "in development",
        ),
        (431, &[], "", "headers too long", "--max-http-header-size"),
        (409, &[], "", "conflict", "repeats"),
        (408, &[], "", "gave up waiting", "Replay"),
        (451, &[], "", "legal", "Ask"),
        (
            418,
            &[],
            "short and stout",
            "418 to POST /api/hook, saying “short and stout”",
            "output",
        ),
        (400, &[], zod, "did not understand", "Compare"),
    ] {
        says(said(status, lines, body), &[cause], &[next]);
    }
    let form = headers(&[("content-type", "application/x-www-form-urlencoded")]);
    let wrong_type = Facts {
        status: Some(400),
        answer_body: express.as_bytes(),
        request_headers: Some(&form),
        ..facts()
    };
    says(
        explain(&wrong_type),
        &["tried to read application/x-www-form-urlencoded as JSON"],
        &["Content-Type"],
    );
    let whole = Facts {
        status: Some(422),
        answer_body: br#"{"detail":[{"loc":["body"],"msg":"Input should be a valid dictionary"}]}"#,
        ..wrong_type
    };
    says(
        explain(&whole),
        &["body: Input should be"],
        &["not read as JSON"],
    );
    let empty = Facts {
        status: Some(400),
        request_bytes: 0,
        ..facts()
    };
    says(
        explain(&empty),
        &["did not understand the request."],
        &["has no body"],
    );
}
