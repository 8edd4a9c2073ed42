//! Certificates on disk.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use super::*;
use crate::config::{FirstToken, Limits};
use crate::limits::CERTIFICATE_CHECK;

fn config(name: &str, tls: Tls) -> Config {
    let data = std::env::temp_dir().join(format!("kreel-tls-{name}-{}", std::process::id()));
    fs::create_dir_all(&data).unwrap();
    Config {
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        data,
        domain: Some("relay.example".into()),
        public_url: None,
        tls,
        proxies: crate::Proxies::default(),
        metrics: None,
        access: crate::Access::default(),
        first_token: FirstToken::Print,
        limits: Limits::default(),
        grace: Duration::ZERO,
    }
}

#[test]
fn a_self_signed_certificate_stays_until_its_names_change() {
    let mut config = config("stays", Tls::SelfSigned);
    let first = Identity::load(&config).unwrap().unwrap();
    let text = fs::read(first.path().unwrap()).unwrap();
    Identity::load(&config).unwrap();
    assert_eq!(fs::read(first.path().unwrap()).unwrap(), text);
    config.public_url = Some("https://[2001:db8::7]:8443".to_owned());
    Identity::load(&config).unwrap();
    assert_ne!(fs::read(first.path().unwrap()).unwrap(), text);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(config.data.join("key.pem"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    fs::remove_dir_all(&config.data).unwrap();
}

#[test]
fn a_self_signed_certificate_names_all_that_the_relay_is_called() {
    let mut config = config("named", Tls::SelfSigned);
    config.listen = SocketAddr::from((Ipv4Addr::new(203, 0, 113, 7), 443));
    config.public_url = Some("https://hooks.example".to_owned());
    let named = names(&config);
    for name in [
        "localhost",
        "127.0.0.1",
        "::1",
        "203.0.113.7",
        "hooks.example",
        "*.relay.example",
    ] {
        assert!(
            named.iter().any(|named| named == name),
            "{name} in {named:?}"
        );
    }
    Identity::load(&config).unwrap();
    fs::remove_dir_all(&config.data).unwrap();
}

#[test]
fn unusable_files_say_which_and_why() {
    let mut config = config("unusable", Tls::SelfSigned);
    Identity::load(&config).unwrap();
    let (cert, key) = (config.data.join("cert.pem"), config.data.join("key.pem"));
    config.tls = Tls::Files {
        cert: key.clone(),
        key,
    };
    let error = Identity::load(&config).unwrap_err();
    assert!(
        error.to_string().contains("there is no certificate in it"),
        "{error}"
    );
    config.tls = Tls::Files {
        cert,
        key: config.data.join("absent.pem"),
    };
    let error = Identity::load(&config).unwrap_err();
    assert!(error.to_string().contains("absent.pem"), "{error}");
    fs::remove_dir_all(&config.data).unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_change_before_the_first_look_is_noticed() {
    let mut config = config("early", Tls::SelfSigned);
    let loaded = Identity::load(&config).unwrap().unwrap();
    let Identity::Files(files) = &loaded else {
        panic!("files were asked for")
    };
    let current = || files.current.read().unwrap().cert.clone();
    let first = current();
    config.domain = Some("other.example".into());
    Identity::load(&config).unwrap();
    let task = tokio::spawn(loaded.clone().keep_fresh());
    let noticed = async {
        while current() == first {
            tokio::time::sleep(CERTIFICATE_CHECK).await;
        }
    };
    tokio::time::timeout(10 * CERTIFICATE_CHECK, noticed)
        .await
        .unwrap();
    task.abort();
    fs::remove_dir_all(&config.data).unwrap();
}

/// Clients are given the file once, and a relay's names change.
#[tokio::test]
async fn who_trusts_a_certificate_trusts_the_next_one() {
    use tokio_rustls::rustls::pki_types::pem::PemObject as _;
    use tokio_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig};

    let mut config = config("next", Tls::SelfSigned);
    Identity::load(&config).unwrap();
    let (file, key) = (config.data.join("cert.pem"), config.data.join("key.pem"));
    let read = || CertificateDer::from_pem_file(&file).unwrap();
    let old = read();
    config.domain = Some("other.example".into());
    Identity::load(&config).unwrap();
    assert_ne!(read(), old);
    let mut roots = RootCertStore::empty();
    roots.add(old).unwrap();
    let provider = || Arc::new(aws_lc_rs::default_provider());
    let client = ClientConfig::builder_with_provider(provider());
    let client = client.with_safe_default_protocol_versions().unwrap();
    let client = client.with_root_certificates(roots).with_no_client_auth();
    let server = ServerConfig::builder_with_provider(provider());
    let server = server.with_safe_default_protocol_versions().unwrap();
    let key = PrivateKeyDer::from_pem_file(&key).unwrap();
    let server = server.with_no_client_auth();
    let server = server.with_single_cert(vec![read()], key).unwrap();
    let (near, far) = tokio::io::duplex(64 * 1024);
    let acceptor = TlsAcceptor::from(Arc::new(server));
    let connector = tokio_rustls::TlsConnector::from(Arc::new(client));
    let name = "other.example".try_into().unwrap();
    let (accepted, connected) = tokio::join!(acceptor.accept(near), connector.connect(name, far));
    accepted.unwrap();
    connected.unwrap();
    fs::remove_dir_all(&config.data).unwrap();
}
