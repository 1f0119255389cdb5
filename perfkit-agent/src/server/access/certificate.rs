//! The names in a certificate. Whether it is to be believed was looked at before.

use tokio_rustls::rustls::pki_types::CertificateDer;
use x509_cert::Certificate;
use x509_cert::der::Decode;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

/// Letters of a name; longer ones are nobody's.
const LONGEST: usize = 256;

/// The common name first, if there is one, then the alternative ones: DNS names, mail addresses and URIs. Empty where it
/// cannot be read.
pub fn names(certificate: &CertificateDer<'_>) -> Vec<String> {
    let Ok(read) = Certificate::from_der(certificate) else { return Vec::new() };
    let read = read.tbs_certificate();
    let common = read.subject().common_name().ok().flatten().map(|name| name.value().into_owned());
    let others = read.get_extension::<SubjectAltName>().ok().flatten().map(|(_, names)| names.0).unwrap_or_default();
    let others = others.iter().filter_map(|name| match name {
        GeneralName::DnsName(name) => Some(name.as_str().to_owned()),
        GeneralName::Rfc822Name(name) => Some(name.as_str().to_owned()),
        GeneralName::UniformResourceIdentifier(name) => Some(name.as_str().to_owned()),
        _ => None,
    });
    let all = common.into_iter().chain(others);
    all.filter(|name| !name.is_empty() && name.len() <= LONGEST && !name.contains(char::is_control)).collect()
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use proptest::prelude::*;
    use tokio_rustls::rustls::pki_types::pem::PemObject;

    use super::*;

    fn made(subject: &str, more: &[&str]) -> CertificateDer<'static> {
        let folder = tempfile::tempdir().unwrap();
        let mut openssl = Command::new("openssl");
        openssl.args([
            "req",
            "-utf8",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-keyout",
        ]);
        openssl.arg(folder.path().join("key")).args(["-subj", subject]).args(more);
        let made = openssl.output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        CertificateDer::from_pem_slice(&made.stdout).unwrap()
    }

    #[test]
    fn names_are_those_that_openssl_wrote() {
        let more = ["-addext", "subjectAltName=DNS:box.example,email:me@example.org,URI:spiffe://x/y,IP:10.0.0.1"];
        assert_eq!(names(&made("/O=Us/CN=Jörg", &more)), ["Jörg", "box.example", "me@example.org", "spiffe://x/y"]);
        assert_eq!(names(&made("/O=Us", &[])), [""; 0]);
    }

    proptest! {
        #[test]
        fn a_broken_certificate_is_read_or_has_no_names(bytes: Vec<u8>) {
            let _ = names(&CertificateDer::from(bytes));
        }
    }

    #[test]
    fn no_byte_that_is_turned_makes_it_panic() {
        let whole = made("/CN=x", &["-addext", "subjectAltName=DNS:box.example"]).to_vec();
        for at in 0..whole.len() {
            for bit in 0..8 {
                let mut broken = whole.clone();
                broken[at] ^= 1 << bit;
                let _ = names(&CertificateDer::from(broken));
            }
            let _ = names(&CertificateDer::from(whole[..at].to_vec()));
        }
    }
}
