//! Links of strangers: where they may lead, and what may come of them.

use std::sync::Mutex;

use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

use super::*;

const PUBLIC: &str = "93.184.215.14";
const PNG: &[u8] = b"\x89PNG\r\n\x1a\nrest";

/// Names with their addresses, and how often one was looked up.
#[derive(Debug, Default)]
struct Names {
    addresses: Vec<IpAddr>,
    asked: Mutex<usize>,
}

impl Resolver for Names {
    fn resolve<'a>(&'a self, _: &'a str) -> Later<'a, Vec<IpAddr>> {
        *self.asked.lock().unwrap() += 1;
        let found = self.addresses.clone();
        Box::pin(async move { Ok(found) })
    }
}

/// Servers that say this, and what they were asked, by whom they were reached.
#[derive(Debug, Default)]
struct Servers {
    says: Vec<u8>,
    /// Whether they keep the connection open and say nothing more.
    hangs: bool,
    asked: Arc<Mutex<Vec<(SocketAddr, String)>>>,
}

impl Connector for Servers {
    fn connect<'a>(&'a self, to: SocketAddr, host: &'a str) -> Later<'a, Box<dyn Stream>> {
        let (ours, mut theirs) = duplex(64 * 1024);
        let (says, hangs, asked) = (self.says.clone(), self.hangs, self.asked.clone());
        let host = host.to_owned();
        tokio::spawn(async move {
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                request.push(theirs.read_u8().await.unwrap());
            }
            let request = String::from_utf8(request).unwrap();
            asked
                .lock()
                .unwrap()
                .push((to, format!("{host}: {request}")));
            // Whoever asked may have seen enough.
            let _ = theirs.write_all(&says).await;
            if hangs {
                std::future::pending::<()>().await;
            }
        });
        Box::pin(async move { Ok(Box::new(ours) as Box<dyn Stream>) })
    }
}

struct Net {
    names: Arc<Names>,
    servers: Arc<Servers>,
    fetcher: Fetcher,
}

fn net(addresses: &[&str], says: impl Into<Vec<u8>>, hangs: bool) -> Net {
    let names = Arc::new(Names {
        addresses: addresses.iter().map(|it| it.parse().unwrap()).collect(),
        ..Names::default()
    });
    let servers = Arc::new(Servers {
        says: says.into(),
        hangs,
        ..Servers::default()
    });
    let fetcher = Fetcher::new(names.clone(), servers.clone());
    Net {
        names,
        servers,
        fetcher,
    }
}

fn answer(head: &str, body: &[u8]) -> Vec<u8> {
    let head = head.replace('\n', "\r\n");
    let length = body.len();
    [
        format!("HTTP/1.1 {head}\r\ncontent-length: {length}\r\n\r\n").as_bytes(),
        body,
    ]
    .concat()
}

#[tokio::test]
async fn a_link_that_leads_nowhere_public_is_not_asked() {
    for (url, says) in [
        ("ftp://gen.krea.ai/x", "only https"),
        ("http://gen.krea.ai/x", "only https"),
        ("javascript:alert(1)", "no web address"),
        ("/images/1.png", "no web address"),
        ("https://gen.krea.ai:8443/x", "port 8443"),
        ("https://gen.krea.ai:22/x", "port 22"),
        ("https://me:secret@gen.krea.ai/x", "user name"),
        ("https://localhost/x", "no public host"),
        ("https://127.0.0.1/x", "no public host"),
        ("https://[::1]/x", "no public host"),
        ("https://[::ffff:127.0.0.1]/x", "no public host"),
        ("https://169.254.169.254/latest/meta-data", "no public host"),
        ("https://printer.local/", "no public host"),
        ("https://intranet/", "no public host"),
        ("https://exa mple.com/", "no web address"),
    ] {
        let net = net(&[PUBLIC], "", false);
        let error = net.fetcher.check(url).await.unwrap_err().to_string();
        assert!(error.contains(says), "{url}: {error}");
        assert_eq!(*net.names.asked.lock().unwrap(), 0, "{url}");
    }
}

#[tokio::test]
async fn a_name_one_of_whose_addresses_is_private_is_not_connected_to() {
    for private in [
        "127.0.0.1",
        "10.0.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "0.1.2.3",
        "224.0.0.1",
        "240.0.0.1",
        "198.18.0.1",
        "192.0.0.8",
        "::1",
        "::",
        "fd00::1",
        "fe80::1",
        "ff02::1",
        "::ffff:10.0.0.1",
        "::10.0.0.1",
        "64:ff9b::10.0.0.1",
        "2002:0a00:0001::1",
        "2001:db8::1",
    ] {
        let net = net(&[PUBLIC, private], "", false);
        let error = net.fetcher.check("https://gen.krea.ai/1.png").await;
        let error = error.unwrap_err();
        assert!(
            matches!(error, FetchError::Private { .. }),
            "{private}: {error}"
        );
        assert!(net.servers.asked.lock().unwrap().is_empty(), "{private}");
    }
}

#[tokio::test]
async fn the_address_that_was_checked_is_the_one_that_is_asked() {
    let net = net(
        &[PUBLIC],
        answer("200 OK\ncontent-type: image/png", PNG),
        false,
    );
    let health = net
        .fetcher
        .check("https://gen.krea.ai/images/1.png?sig=a%2Fb")
        .await
        .unwrap();
    assert_eq!(
        (health.status, health.size_bytes),
        (200, Some(PNG.len() as u64))
    );
    assert_eq!(health.content_type.as_deref(), Some("image/png"));
    assert_eq!(
        *net.names.asked.lock().unwrap(),
        1,
        "a name may change meanwhile"
    );
    let asked = net.servers.asked.lock().unwrap();
    let (to, request) = &asked[0];
    assert_eq!(to.to_string(), format!("{PUBLIC}:443"));
    assert!(request.starts_with("gen.krea.ai: GET /images/1.png?sig=a%2Fb HTTP/1.1\r\n"));
    let lower = request.to_lowercase();
    assert!(lower.contains("host: gen.krea.ai\r\n"), "{request}");
    for header in ["authorization", "cookie", "referer"] {
        assert!(!lower.contains(header), "{request}");
    }
}

#[tokio::test]
async fn a_redirect_is_told_and_not_followed() {
    let says = answer("302 Found\nlocation: https://127.0.0.1/", b"");
    let net = net(&[PUBLIC], says, false);
    let url = "https://gen.krea.ai/1.png";
    assert_eq!(net.fetcher.check(url).await.unwrap().status, 302);
    let error = net.fetcher.picture(url).await.unwrap_err().to_string();
    assert_eq!(
        error,
        "it redirects to https://127.0.0.1/, which is not followed"
    );
    assert_eq!(net.servers.asked.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn an_image_is_known_by_its_bytes_alone() {
    let url = "https://gen.krea.ai/1.png";
    for (body, format) in [
        (PNG, Some("PNG")),
        (b"\xff\xd8\xff\xe0 jpeg", Some("JPEG")),
        (b"GIF89a rest", Some("GIF")),
        (b"RIFF\0\0\0\0WEBPVP8 ", Some("WebP")),
        (b"RIFF\0\0\0\0WAVEfmt ", None),
        (b"<svg onload=alert(1)>", None),
        (b"", None),
    ] {
        let net = net(
            &[PUBLIC],
            answer("200 OK\ncontent-type: image/png", body),
            false,
        );
        let found = net.fetcher.picture(url).await;
        assert_eq!(found.as_ref().ok().map(|it| it.format), format);
        if let Ok(picture) = found {
            assert_eq!(picture.bytes, body);
        }
    }
    let gone = net(&[PUBLIC], answer("404 Not Found", PNG), false);
    let error = gone.fetcher.picture(url).await.unwrap_err();
    assert!(matches!(error, FetchError::Status(404)), "{error}");
}

#[tokio::test]
async fn what_is_too_large_is_left_whether_or_not_it_says_so() {
    let url = "https://gen.krea.ai/1.png";
    let claimed = format!(
        "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n",
        PREVIEW_BYTES + 1
    );
    let said = net(&[PUBLIC], claimed, true);
    let error = said.fetcher.picture(url).await.unwrap_err();
    assert!(matches!(error, FetchError::TooLarge), "{error}");
    let mut endless = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
    endless.extend_from_slice(PNG);
    endless.resize(PREVIEW_BYTES + 100_000, 0);
    let unsaid = net(&[PUBLIC], endless, false);
    let error = unsaid.fetcher.picture(url).await.unwrap_err();
    assert!(matches!(error, FetchError::TooLarge), "{error}");
}

#[tokio::test(start_paused = true)]
async fn one_that_hangs_is_given_up() {
    let url = "https://gen.krea.ai/1.png";
    for says in ["", "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n\u{7f}"] {
        let net = net(&[PUBLIC], says, true);
        let error = net.fetcher.picture(url).await.unwrap_err();
        assert!(matches!(error, FetchError::TimedOut), "{error}");
    }
    let nameless = net(&[], "", false);
    let error = nameless.fetcher.check(url).await.unwrap_err();
    assert!(matches!(error, FetchError::Unresolved { .. }), "{error}");
}
