//! A certificate from a certificate authority by ACME (RFC 8555), proved on the main port
//! (TLS-ALPN-01) or on one of its own (HTTP-01), kept in the data folder and renewed in time.
//!
//! rustls-acme speaks the protocol; here stand what is kept, when it is tried again, and what
//! the operator is told.

mod cache;
mod challenge;
mod words;

use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use futures_util::StreamExt as _;
use jiff::Timestamp;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, RootCertStore};
use rustls_acme::{
    AcmeConfig, AcmeState, EventError, EventOk, ResolvesServerCertAcme, UseChallenge,
    is_tls_alpn_challenge,
};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tracing::{error, info};

use self::cache::{Cache, CacheError};
pub(crate) use self::challenge::Challenges;
use super::{unusable, validity};
use crate::config;
use crate::error::RelayError;
use crate::limits::{ACME_FIRST_PAUSE, ACME_LONGEST_PAUSE, ACME_ORDER};

/// What a certificate authority offers alone when it looks whether a name is ours.
pub(crate) const ACME_ALPN: &[u8] = rustls_acme::acme::ACME_TLS_ALPN_NAME;

/// A certificate by ACME, and the way to the next one.
#[derive(Debug)]
pub(crate) struct Acme {
    config: config::Acme,
    roots: Option<Arc<ClientConfig>>,
    current: Arc<Current>,
    cache: Cache,
    challenge: RwLock<Option<Arc<ResolvesServerCertAcme>>>,
}

/// The certificate in use.
#[derive(Debug)]
struct Current {
    certificate: RwLock<Option<Deployed>>,
    is_there: watch::Sender<bool>,
}

#[derive(Debug, Clone)]
struct Deployed {
    key: Arc<CertifiedKey>,
    /// From when until when it is good, in seconds since 1970.
    validity: [i64; 2],
}

type State = AcmeState<CacheError, CacheError>;

impl Acme {
    /// One that has yet to look into the data folder.
    pub(super) fn new(config: &config::Acme, data: &Path) -> Result<Arc<Self>, RelayError> {
        let current = Arc::new(Current {
            certificate: RwLock::default(),
            is_there: watch::Sender::new(false),
        });
        let roots = config.ca.as_deref().map(trusting).transpose()?;
        Ok(Arc::new(Self {
            cache: Cache::new(data, current.clone())?,
            config: config.clone(),
            roots,
            current,
            challenge: RwLock::default(),
        }))
    }

    /// When the certificate in use ends.
    pub(super) fn expires_at(&self) -> Option<i64> {
        Some(self.current.deployed()?.validity[1])
    }

    /// Resolves once there is a certificate.
    pub(super) async fn ready(&self) {
        let mut is_there = self.current.is_there.subscribe();
        // The sender lives as long as this does.
        let _ = is_there.wait_for(|is_there| *is_there).await;
    }

    /// What HTTP-01 must answer for this token, while it is asked for.
    fn key_authorization(&self, token: &str) -> Option<String> {
        let challenge = self
            .challenge
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        challenge.as_ref()?.get_http_01_key_auth(token)
    }

    /// Gets a certificate, and the next one once two thirds of its time are over; for ever.
    pub(super) async fn keep(self: Arc<Self>) {
        let (mut state, mut failures) = (self.state(), 0);
        loop {
            // A directory that takes a connection and says nothing shall not hold us for ever.
            let next = timeout(self.current.renewal_in() + ACME_ORDER, state.next()).await;
            let failure = match next {
                Ok(Some(Ok(EventOk::DeployedNewCert))) => {
                    failures = 0;
                    continue;
                }
                // It is taken into use as it is put by, which comes after.
                Ok(Some(Ok(EventOk::CertCacheStore))) => {
                    info!(domain = %self.config.domain, until = %self.until(), "there is a new certificate");
                    continue;
                }
                Ok(Some(Ok(EventOk::DeployedCachedCert))) => {
                    info!(domain = %self.config.domain, until = %self.until(), "the certificate that was kept is good");
                    continue;
                }
                Ok(Some(Ok(EventOk::AccountCacheStore))) => continue,
                Ok(Some(Err(EventError::Order(failure)))) => words::order(&failure),
                Ok(Some(Err(EventError::NewCertParse(failure)))) => {
                    format!("the new certificate can't be read: {failure}")
                }
                // What can't be kept is used all the same, and asked for again only in its time.
                Ok(Some(Err(failure))) => {
                    error!(error = %words::inert(&failure.to_string()), "the certificate or the account can't be kept");
                    continue;
                }
                Ok(None) => "the order ended".to_owned(),
                Err(_) => format!("no answer within {} s", ACME_ORDER.as_secs()),
            };
            let pause = pause(failures);
            failures += 1;
            error!(
                domain = %self.config.domain,
                directory = %self.config.directory,
                again_in_s = pause.as_secs(),
                "no certificate: {failure}"
            );
            sleep(pause).await;
            state = self.state();
        }
    }

    fn state(&self) -> State {
        let domains = [&self.config.domain];
        let config = match &self.roots {
            Some(roots) => AcmeConfig::new_with_client_config(domains, roots.clone()),
            None => AcmeConfig::new_with_provider(domains, Arc::new(aws_lc_rs::default_provider())),
        };
        let contact = self.config.contact.iter().map(|to| format!("mailto:{to}"));
        let state = config
            .contact(contact)
            .directory(&self.config.directory)
            .challenge_type(match self.config.http {
                Some(_) => UseChallenge::Http01,
                None => UseChallenge::TlsAlpn01,
            })
            .cache(self.cache.clone())
            .state();
        *self
            .challenge
            .write()
            .unwrap_or_else(PoisonError::into_inner) = Some(state.resolver());
        state
    }

    fn until(&self) -> String {
        let end = self
            .expires_at()
            .and_then(|end| Timestamp::from_second(end).ok());
        end.unwrap_or_default().to_string()
    }
}

impl Current {
    fn deployed(&self) -> Option<Deployed> {
        self.certificate
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Takes a certificate and its key, as rustls-acme keeps them: in one text.
    fn take(&self, pem: &[u8]) -> Result<(), String> {
        let key = super::certified(pem, pem).map_err(|(_, cause)| cause)?;
        let validity = key
            .cert
            .first()
            .and_then(validity)
            .ok_or("it can't be parsed")?;
        if validity[1] <= Timestamp::now().as_second() {
            return Err("its time is over".to_owned());
        }
        let key = Arc::new(key);
        *self
            .certificate
            .write()
            .unwrap_or_else(PoisonError::into_inner) = Some(Deployed { key, validity });
        self.is_there.send_replace(true);
        Ok(())
    }

    /// How long rustls-acme leaves the certificate alone: until two thirds of its time are over.
    fn renewal_in(&self) -> Duration {
        let Some(Deployed {
            validity: [begin, end],
            ..
        }) = self.deployed()
        else {
            return Duration::ZERO;
        };
        let left = end - (end - begin) / 3 - Timestamp::now().as_second();
        Duration::from_secs(u64::try_from(left).unwrap_or_default())
    }
}

impl ResolvesServerCert for Acme {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        if is_tls_alpn_challenge(&hello) {
            let challenge = self
                .challenge
                .read()
                .unwrap_or_else(PoisonError::into_inner);
            return challenge.as_ref()?.resolve(hello);
        }
        Some(self.current.deployed()?.key)
    }
}

/// How long to wait after so many failures: five times as long each time, so that an authority
/// that allows five failed checks an hour goes on listening to us; and a fifth more or less, so
/// that relays that failed together do not come back together.
fn pause(failures: u32) -> Duration {
    let pause = ACME_FIRST_PAUSE.saturating_mul(5u32.saturating_pow(failures));
    let jitter = 0.8 + 0.4 * f64::from(getrandom::u32().unwrap_or_default()) / f64::from(u32::MAX);
    pause.min(ACME_LONGEST_PAUSE).mul_f64(jitter)
}

/// Looks whether the authority's certificates can be used.
pub(crate) fn check(config: &config::Acme) -> Result<(), RelayError> {
    config
        .ca
        .as_deref()
        .map_or(Ok(()), |ca| trusting(ca).map(|_| ()))
}

/// A TLS client that trusts this file alone.
fn trusting(ca: &Path) -> Result<Arc<ClientConfig>, RelayError> {
    let mut roots = RootCertStore::empty();
    let certificates = CertificateDer::pem_file_iter(ca)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| unusable(ca, error))?;
    for certificate in certificates {
        roots
            .add(certificate)
            .map_err(|error| unusable(ca, error))?;
    }
    if roots.is_empty() {
        return Err(unusable(ca, "there is no certificate in it"));
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| unusable(ca, error))?;
    Ok(Arc::new(
        builder.with_root_certificates(roots).with_no_client_auth(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_stay_bounded() {
        let within = |pause: Duration, middle: f64| {
            let ratio = pause.as_secs_f64() / middle;
            assert!((0.79..=1.21).contains(&ratio), "{pause:?} for {middle} s");
        };
        for (failures, middle) in [
            (0, 5.0),
            (1, 25.0),
            (2, 125.0),
            (3, 625.0),
            (9, 3600.0),
            (u32::MAX, 3600.0),
        ] {
            within(pause(failures), middle);
        }
        let first_hour = (0..).map(|failures| ACME_FIRST_PAUSE * 5u32.pow(failures));
        let tries = first_hour.scan(Duration::ZERO, |at, pause| {
            *at += pause;
            Some(*at)
        });
        let tries = 1 + tries.take_while(|at| at.as_secs() < 3600).count();
        assert!(tries <= 5, "{tries} tries in an hour");
    }

    #[test]
    fn a_certificate_whose_time_is_over_is_not_taken() {
        let pair = rcgen::KeyPair::generate().unwrap();
        let mut params = rcgen::CertificateParams::new(["relay.test".to_owned()]).unwrap();
        let current = Current {
            certificate: RwLock::default(),
            is_there: watch::Sender::new(false),
        };
        let mut pem = |until| {
            params.not_after = until;
            params.self_signed(&pair).unwrap().pem() + &pair.serialize_pem()
        };
        let old = pem(rcgen::date_time_ymd(2020, 1, 1));
        assert_eq!(
            current.take(old.as_bytes()).unwrap_err(),
            "its time is over"
        );
        assert!(current.take(b"damaged").is_err() && !*current.is_there.borrow());
        assert_eq!(current.renewal_in(), Duration::ZERO);
        current
            .take(pem(rcgen::date_time_ymd(2500, 1, 1)).as_bytes())
            .unwrap();
        assert!(*current.is_there.borrow());
        assert!(current.renewal_in() > Duration::from_secs(365 * 24 * 3600));
    }
}
