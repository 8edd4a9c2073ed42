//! What may be typed about a certificate authority.

use std::str::FromStr;

use kreel_relay::LETS_ENCRYPT_STAGING;

/// A mail address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mail(pub(crate) String);

/// An authority's directory: an HTTPS address, or `staging`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AcmeDirectory(pub(crate) String);

impl FromStr for Mail {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let address = text.strip_prefix("mailto:").unwrap_or(text);
        let visible = address
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b',');
        match address.split_once('@') {
            Some((user, host)) if visible && !user.is_empty() && host.contains('.') => {
                Ok(Self(address.to_owned()))
            }
            _ => Err("a contact is a mail address like me@example.org".to_owned()),
        }
    }
}

impl FromStr for AcmeDirectory {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "staging" {
            return Ok(Self(LETS_ENCRYPT_STAGING.to_owned()));
        }
        let url = text.parse::<http::Uri>().ok();
        // rustls-acme speaks HTTPS only, as the protocol demands.
        let fits = |url: &http::Uri| url.scheme_str() == Some("https") && url.host().is_some();
        match url.filter(fits) {
            Some(_) => Ok(Self(text.to_owned())),
            None => Err("a directory is an https:// address, or `staging`".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contacts_are_mail_addresses() {
        let mail = |text: &str| text.parse::<Mail>().map(|mail| mail.0);
        assert_eq!(mail("mailto:me@example.org").unwrap(), "me@example.org");
        for bad in [
            "",
            "me",
            "@example.org",
            "me@",
            "me@host",
            "a b@example.org",
        ] {
            assert!(mail(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn directories_are_https_addresses() {
        let directory = |text: &str| text.parse::<AcmeDirectory>().map(|found| found.0);
        assert_eq!(directory("staging").unwrap(), LETS_ENCRYPT_STAGING);
        assert!(directory("https://localhost:14000/dir").is_ok());
        for bad in [
            "",
            "production",
            "http://ca.example/dir",
            "ca.example",
            "https://",
        ] {
            assert!(directory(bad).is_err(), "{bad}");
        }
    }
}
