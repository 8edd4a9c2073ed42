//! Requests that are fine, each with the bodies of its messages.

/// Whole messages, and their bodies.
pub(super) const ACCEPTED: &[(&[u8], &[&[u8]])] = &[
    (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", &[b""]),
    (b"\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", &[b""]),
    (b"GET / HTTP/1.0\r\n\r\n", &[b""]),
    (
        b"POST / HTTP/1.0\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi",
        &[b"hi"],
    ),
    (b"get / HTTP/1.1\r\nhOST: a\r\n\r\n", &[b""]),
    (
        b"M-SEARCH!#$%&'*+-.^_`|~ / HTTP/1.1\r\nHost: a\r\n\r\n",
        &[b""],
    ),
    (
        b"GET //a/../b?c=d&e=%00 HTTP/1.1\r\nHost: a\r\n\r\n",
        &[b""],
    ),
    (
        b"GET /caf\xc3\xa9?\xe2\x98\x83 HTTP/1.1\r\nHost: a\r\n\r\n",
        &[b""],
    ),
    (
        b"GET http://a.example:80/b HTTP/1.1\r\nHost: A.example:80\r\n\r\n",
        &[b""],
    ),
    (b"GET HTTPS://a HTTP/1.0\r\n\r\n", &[b""]),
    (b"OPTIONS / HTTP/1.1\r\nHost: a\r\n\r\n", &[b""]),
    (b"GET / HTTP/1.1\r\nHost:a:65535\r\n\r\n", &[b""]),
    (
        b"GET / HTTP/1.1\r\nHost: \t [2001:db8::1]:8080 \t \r\n\r\n",
        &[b""],
    ),
    (b"GET / HTTP/1.1\r\nHost: 192.0.2.1\r\n\r\n", &[b""]),
    (
        b"GET / HTTP/1.1\r\nHost: a\r\nX-Empty:\r\nX-Tab: a\tb\r\nX-8: \xff\x80\r\n\r\n",
        &[b""],
    ),
    (
        b"GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\nX: 2\r\nX: 1\r\n\r\n",
        &[b""],
    ),
    (
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
        &[b""],
    ),
    (
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
        &[b"hello"],
    ),
    (
        b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 0005\r\n\r\n\r\n\0\r\n",
        &[b"\r\n\0\r\n"],
    ),
    (
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 40\r\n\r\n\
        GET /within HTTP/1.1\r\nHost: within\r\n\r\n..",
        &[b"GET /within HTTP/1.1\r\nHost: within\r\n\r\n.."],
    ),
    (
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        &[b""],
    ),
    (
        b"POST / HTTP/1.1\r\nHost: a\r\ntransfer-encoding:\tCHUNKED \r\n\r\n\
        5\r\nhello\r\n000\r\n\r\n",
        &[b"hello"],
    ),
    (
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\
        1\r\n\r\r\n2;a=b\r\n\r\n\r\nB;c=\"d;e\"\r\n0\r\n\r\n\0\0\0\0\0\0\r\n0;f\r\n\r\n",
        &[b"\r\r\n0\r\n\r\n\0\0\0\0\0\0"],
    ),
    (
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n\
        3\r\nabc\r\n0\r\nX-Sum: 1\r\nx-more:\r\n\r\n",
        &[b"abc"],
    ),
    (
        b"GET /1 HTTP/1.1\r\nHost: a\r\n\r\n\
        GET /2 HTTP/1.1\r\nHost: a\r\n\r\n\
        \r\nGET /3 HTTP/1.1\r\nHost: b\r\n\r\n",
        &[b"", b"", b""],
    ),
    (
        b"POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\none\
        POST /2 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\ntwo\r\n0\r\n\r\n\
        POST /3 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nthree",
        &[b"one", b"two", b"three"],
    ),
    // No upgrade: the method, the body, the version.
    (
        b"POST / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n\
        GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        &[b"", b""],
    ),
    (
        b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\nContent-Length: 1\r\n\r\n.\
        GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        &[b".", b""],
    ),
    (
        b"GET / HTTP/1.0\r\nConnection: keep-alive\r\nUpgrade: h2c\r\n\r\n\
        GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        &[b"", b""],
    ),
    // An upgrade after which nothing comes.
    (
        b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
        &[b""],
    ),
];
