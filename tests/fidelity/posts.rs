//! What is sent both ways.

use crate::support::Post;

/// All methods anybody uses, and one of nobody's.
pub(crate) const METHODS: [&str; 8] = [
    "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PURGE",
];

/// What the scripts in `support/apps` can answer.
pub(crate) const ANSWERS: [&str; 12] = [
    "echo",
    "cookies",
    "no-content",
    "not-modified",
    "redirect",
    "gzip",
    "reason",
    "latin1",
    "chunked",
    "empty",
    "empty-chunked",
    "head-length",
];

/// Targets that something on the way might want to tidy up.
const TARGETS: [&str; 16] = [
    "/",
    "/a%2Fb%2fc",
    "//double//slashes//",
    "/a/./b/../c/..",
    "/../../etc/passwd",
    "/nul%00byte%0d%0aline",
    "/%E2%82%AC/%ff/%zz/%",
    "/plus+and%20space;param=1,2",
    "/!$&'()*+,;=:@-._~",
    "/quote\"bar|back\\slash{}^",
    "/?",
    "/??a=b?c",
    "/?a=1&a=2&&=&b",
    "/?q=%26%3D%23&x=a+b%20c&y[]=1&y[]=2",
    "/?https://example.com/?nested=1",
    "/x?%00%ff=%",
];

pub(crate) fn all_answers() -> Vec<Post> {
    let mut posts: Vec<Post> = METHODS
        .iter()
        .map(|&method| Post::new(method, "/hook?a=1"))
        .collect();
    for answer in ANSWERS {
        for method in ["GET", "HEAD", "POST"] {
            posts.push(Post::new(method, "/hook").header("X-Answer", answer));
        }
    }
    posts
}

pub(crate) fn all_requests() -> Vec<Post> {
    let mut posts: Vec<Post> = TARGETS
        .iter()
        .map(|target| Post::new("GET", target))
        .collect();
    for method in ["POST", "PUT", "PATCH", "DELETE", "PURGE", "OPTIONS"] {
        posts.push(Post::new(method, "/body").body("a body of known length"));
        posts.push(Post::new(method, "/body").chunks(&[b"a body", b" in ", b"chunks"]));
        posts.push(Post::new(method, "/body").body(""));
        posts.push(Post::new(method, "/body").chunks(&[]));
        posts.push(Post::new(method, "/body"));
    }
    posts.extend([
        Post::new("POST", "/kinds")
            .header("Content-Type", "application/json")
            .header("X-Signature", "sha256=ABCdef/+=")
            .header("X-MiXeD-CaSe", "Kept As It Is")
            .body("{\"a\" : 1,\n \"a\":2 }"),
        Post::new("POST", "/repeats")
            .header("X-One", "1")
            .header("X-Many", "a")
            .header("X-Two", "2")
            .header("x-many", "b, c")
            .header("X-MANY", "")
            .header("X-One", "1")
            .body("{}"),
        Post::new("GET", "/values")
            .header("X-Empty", "")
            .header("X-Spaces", "a   b\tc")
            .header("X-Quotes", "\"a\\\"b\", 'c'")
            .header("X-Latin", b"caf\xe9")
            .header("X-Bytes", b"\x80\xff\xfe\xc3\x28")
            .header("X-Utf8", "\u{20ac}\u{1f980}")
            .header("X-Long", "v".repeat(12_000)),
        Post::new("GET", "/usual")
            .header(
                "User-Agent",
                "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
            )
            .header("Accept", "*/*; q=0.5, application/xml")
            .header("Accept-Encoding", "gzip, br")
            .header("Authorization", "Bearer secret")
            .header("Cookie", "a=1; b=2")
            .header("Origin", "https://example.com")
            .header("Referer", "https://example.com/?a=b#c")
            .header("Via", "1.1 somebody")
            .header("Range", "bytes=0-9")
            .header("If-None-Match", "\"v1\""),
    ]);
    posts
}
