//! Whom a client believes to be its agent: whoever has a certificate of an authority of ours, or the one certificate
//! whose fingerprint we were told. The system's own authorities are not asked: agents are no public web sites.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use ring::digest::{SHA256, digest};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::crypto::{CryptoProvider, ring as provider, verify_tls13_signature};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use tokio_rustls::rustls::version::TLS13;
use tokio_rustls::rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error as TlsError, RootCertStore, SignatureScheme,
};

use super::{Options, Url};
use crate::error::{Error, Result};

/// Whom to believe to be the agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trust {
    /// Whoever has a certificate of the authorities in this file, in PEM, for the host's name.
    Authority(PathBuf),
    /// Whoever has this very certificate, whatever it says.
    Pinned(Fingerprint),
}

/// The SHA-256 of a certificate, as `openssl x509 -fingerprint -sha256` tells it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint(pub [u8; 32]);

impl Fingerprint {
    /// Of a certificate.
    pub fn of(certificate: &CertificateDer<'_>) -> Fingerprint {
        let mut all = [0; 32];
        all.copy_from_slice(digest(&SHA256, certificate).as_ref());
        Fingerprint(all)
    }
}

impl FromStr for Fingerprint {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Fingerprint, String> {
        let wrong =
            || format!("`{text}` is no SHA-256 fingerprint: that is 64 hexadecimal digits, with or without colons");
        let digits: Vec<u8> = text
            .chars()
            .filter(|one| *one != ':')
            .map(|one| one.to_digit(16).and_then(|digit| u8::try_from(digit).ok()).ok_or_else(wrong))
            .collect::<std::result::Result<_, _>>()?;
        let bytes: Vec<u8> = digits.chunks(2).map(|pair| pair.iter().fold(0, |all, digit| all << 4 | digit)).collect();
        let whole = (digits.len() == 64).then_some(bytes).and_then(|bytes| bytes.try_into().ok());
        whole.map(Fingerprint).ok_or_else(wrong)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(out, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

/// What connects by TLS, as the options say.
pub fn connector(url: &Url, options: &Options) -> Result<TlsConnector> {
    let trust = options.trust.as_ref().ok_or_else(|| {
        Error::Invalid(format!(
            "{url}: https needs to know whom to trust: --ca FILE, or --pin with the fingerprint that the agent says as it starts"
        ))
    })?;
    let crypto = Arc::new(provider::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&crypto)).with_protocol_versions(&[&TLS13]);
    let builder = builder.map_err(|error| Error::Invalid(format!("TLS: {error}")))?;
    let builder = match trust {
        Trust::Authority(file) => builder.with_root_certificates(authorities(file)?),
        Trust::Pinned(pinned) => {
            let only = Only { pinned: *pinned, crypto };
            builder.dangerous().with_custom_certificate_verifier(Arc::new(only))
        }
    };
    let config = match &options.certificate {
        None => builder.with_no_client_auth(),
        Some((certificate, key)) => builder
            .with_client_auth_cert(certificates(certificate)?, private_key(key)?)
            .map_err(|error| Error::Invalid(format!("{}: {error}", certificate.display())))?,
    };
    Ok(TlsConnector::from(Arc::new(config)))
}

/// The certificates in a file in PEM.
pub fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let text = std::fs::read(file).map_err(Error::file("read", file))?;
    let all: std::result::Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    match all {
        Ok(all) if !all.is_empty() => Ok(all),
        Ok(_) => Err(Error::Invalid(format!("{} has no certificate in it, as PEM has them", file.display()))),
        Err(error) => Err(Error::Invalid(format!("{} cannot be read as PEM: {error}", file.display()))),
    }
}

/// The private key in a file in PEM.
pub fn private_key(file: &Path) -> Result<PrivateKeyDer<'static>> {
    let text = std::fs::read(file).map_err(Error::file("read", file))?;
    PrivateKeyDer::from_pem_slice(&text)
        .map_err(|error| Error::Invalid(format!("{} has no private key, as PEM has them: {error}", file.display())))
}

/// The certificates in a file as authorities.
pub fn authorities(file: &Path) -> Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(file)? {
        let added = roots.add(certificate);
        added.map_err(|error| Error::Invalid(format!("{}: {error}", file.display())))?;
    }
    Ok(roots)
}

/// Believes one certificate alone; that its owner has the key to it is checked as ever.
#[derive(Debug)]
struct Only {
    pinned: Fingerprint,
    crypto: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Only {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> std::result::Result<ServerCertVerified, TlsError> {
        match Fingerprint::of(end_entity) == self.pinned {
            true => Ok(ServerCertVerified::assertion()),
            false => Err(TlsError::InvalidCertificate(CertificateError::ApplicationVerificationFailure)),
        }
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signed: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, TlsError> {
        Err(TlsError::General("only TLS 1.3 is spoken".to_owned()))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, TlsError> {
        verify_tls13_signature(message, certificate, signed, &self.crypto.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.crypto.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn fingerprints_are_read_as_they_are_told(bytes: [u8; 32]) {
            let told = Fingerprint(bytes).to_string();
            let pairs: Vec<String> = told.to_uppercase().as_bytes().chunks(2)
                .map(|pair| String::from_utf8_lossy(pair).into_owned()).collect();
            prop_assert_eq!(told.parse(), Ok(Fingerprint(bytes)));
            prop_assert_eq!(pairs.join(":").parse(), Ok(Fingerprint(bytes)));
            prop_assert!(told[1..].parse::<Fingerprint>().is_err());
        }

        #[test]
        fn other_texts_are_no_fingerprints(text in "\\PC{0,70}") {
            let digits = text.chars().filter(|one| *one != ':');
            let is_one = digits.clone().count() == 64 && digits.clone().all(|one| one.is_ascii_hexdigit());
            prop_assert_eq!(text.parse::<Fingerprint>().is_ok(), is_one);
        }
    }
}
