//! 5xx, with the traces of several languages.

use super::*;

#[test]
fn a_trace_tells_where() {
    let node = "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta \
        charset=\"utf-8\">\n<title>Error</title>\n</head>\n<body>\n<pre>TypeError: Cannot \
        read properties of undefined (reading &#39;id&#39;)<br> &nbsp; &nbsp;at Layer.handle \
        (/app/node_modules/express/lib/router/layer.js:95:5)<br> &nbsp; &nbsp;at hook \
        (/app/src/server.js:12:31)<br> &nbsp; &nbsp;at process.processTicksAndRejections \
        (node:internal/process/task_queues:95:5)</pre>\n</body>\n</html>\n";
    let node_json = r#"{"error":"boom","stack":"Error: boom\n    at async file:///app/hook.mjs:3:9\n    at next (/app/node_modules/koa/index.js:1:2)"}"#;
    let python = "Traceback (most recent call last):\n  File \
        \"/venv/lib/python3.12/site-packages/flask/app.py\", line 1473, in wsgi_app\n    \
        response = self.full_dispatch_request()\n  File \"/app/main.py\", line 14, in hook\n    \
        event[\"id\"]\n    ~~~~~^^^^^^\nKeyError: 'id'\n";
    let django = "KeyError at /api/hook\n'id'\n\nRequest Method: POST\nTraceback (most recent \
        call last):\n  File \
        \"/venv/lib/python3.12/site-packages/django/core/handlers/exception.py\", line 55, in \
        inner\n    response = get_response(request)\n  File \"/app/shop/views.py\", line 9, \
        in hook\n    event['id']\n\nException Type: KeyError at /api/hook\n";
    let rails = "{\"status\":500,\"error\":\"Internal Server \
        Error\",\"exception\":\"#<NoMethodError: undefined method 'fetch' for \
        nil>\",\"traces\":{\"Application \
        Trace\":[{\"exception_object_id\":1,\"id\":0,\"trace\":\"app/controllers/hooks_controller.rb:5:in \
        'create'\"}]}}";
    let rack = "NoMethodError: undefined method `[]' for \
        nil:NilClass\n\t/usr/lib/ruby/gems/3.2.0/gems/rack-3.0/lib/rack/x.rb:9:in \
        `call'\n\tapp.rb:5:in `block in <main>'\n";
    let php = "<br />\n<b>Fatal error</b>:  Uncaught TypeError: count(): Argument #1 must be \
        of type Countable|array, null given in /app/public/hook.php:7\nStack trace:\n#0 \
        {main}\n  thrown in <b>/app/public/hook.php</b> on line <b>7</b><br />";
    let laravel = r#"{"message":"Undefined array key \"id\"","exception":"ErrorException","file":"/app/app/Http/Controllers/HookController.php","line":21,"trace":[]}"#;
    let html = &[("content-type", "text/html; charset=utf-8")][..];
    for (lines, body, place, error) in [
        (
            html,
            node,
            "/app/src/server.js:12:",
            "TypeError: Cannot read properties of undefined (reading 'id')",
        ),
        (&[], node_json, "/app/hook.mjs:3:", "Error: boom"),
        (&[], python, "/app/main.py:14:", "KeyError: 'id'"),
        (&[], django, "/app/shop/views.py:9:", "KeyError"),
        (
            &[],
            rails,
            "app/controllers/hooks_controller.rb:5:",
            "NoMethodError: undefined method 'fetch' for nil",
        ),
        (&[], rack, "app.rb:5:", "NoMethodError: undefined method"),
        (
            html,
            php,
            "/app/public/hook.php:7:",
            "TypeError: count(): Argument #1",
        ),
        (
            &[],
            laravel,
            "HookController.php:21:",
            "ErrorException: Undefined array key",
        ),
    ] {
        says(
            said(500, lines, body),
            &["The app failed at ", place, error],
            &["Mend it there"],
        );
    }
}

#[test]
fn without_a_trace_the_words_are_quoted() {
    says(
        said(500, &[], ""),
        &["answered 500 and does not say why."],
        &["output"],
    );
    says(
        said(500, &[], "{\"error\":{\"message\":\"database is locked\"}}"),
        &["saying “database is locked”"],
        &[],
    );
    says(
        said(
            500,
            &[("content-type", "text/html")],
            "<h1>Something went\n wrong</h1>",
        ),
        &["with an error page, saying “Something went wrong”"],
        &[],
    );
    says(
        said(501, &[], ""),
        &["does not know the method POST"],
        &["static files"],
    );
    says(said(599, &[], "x"), &["599"], &[]);
    let long = "é".repeat(100_000);
    says(said(500, &[], &long), &["é…”"], &[]);
}

#[test]
fn gateways_are_not_the_app() {
    let nginx = "<html>\r\n<head><title>502 Bad \
        Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad \
        Gateway</h1></center>\r\n<hr><center>nginx/1.27.0</center>";
    says(
        said(502, &[("server", "nginx/1.27.0")], nginx),
        &["is nginx, and it could not reach"],
        &["app's own port"],
    );
    says(
        said(504, &[("server", "Caddy")], ""),
        &["is caddy, and it waited in vain"],
        &[],
    );
    let webpack = "Error occurred while trying to proxy: localhost:3000/api/hook";
    says(
        said(504, &[], webpack),
        &["proxy of the dev server"],
        &["kreel listen PORT"],
    );
    says(said(502, &[], ""), &["proxy of the dev server"], &[]);
    says(
        said(503, &[("retry-after", "5")], "{\"error\":\"migrating\"}"),
        &["answered 503, saying “migrating”, to be tried again after 5"],
        &["starting"],
    );
}
