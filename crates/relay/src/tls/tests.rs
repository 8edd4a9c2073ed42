//! Certificates on disk.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use super::*;
use crate::config::{FirstToken, Limits};

fn config(name: &str, tls: Tls) -> Config {
    let data = std::env::temp_dir().join(format!("kreel-tls-{name}-{}", std::process::id()));
    fs::create_dir_all(&data).unwrap();
    Config {
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        data,
        domain: Some("relay.example".into()),
        public_url: None,
        tls,
        behind_proxy: false,
        first_token: FirstToken::Print,
        limits: Limits::default(),
        grace: Duration::ZERO,
    }
}

#[test]
fn a_self_signed_certificate_stays_until_its_names_change() {
    let mut config = config("stays", Tls::SelfSigned);
    let first = Certificate::load(&config).unwrap().unwrap();
    let text = fs::read(first.path()).unwrap();
    Certificate::load(&config).unwrap();
    assert_eq!(fs::read(first.path()).unwrap(), text);
    config.domain = None;
    Certificate::load(&config).unwrap();
    assert_ne!(fs::read(first.path()).unwrap(), text);
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
fn unusable_files_say_which_and_why() {
    let mut config = config("unusable", Tls::SelfSigned);
    Certificate::load(&config).unwrap();
    let (cert, key) = (config.data.join("cert.pem"), config.data.join("key.pem"));
    config.tls = Tls::Files {
        cert: key.clone(),
        key,
    };
    let error = Certificate::load(&config).unwrap_err();
    assert!(
        error.to_string().contains("there is no certificate in it"),
        "{error}"
    );
    config.tls = Tls::Files {
        cert,
        key: config.data.join("absent.pem"),
    };
    let error = Certificate::load(&config).unwrap_err();
    assert!(error.to_string().contains("absent.pem"), "{error}");
    fs::remove_dir_all(&config.data).unwrap();
}
