//! A throw-away certificate authority, since every Azure endpoint speaks TLS, on loopback too.

use std::io::{self, Write as _};
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, SanType,
};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tempfile::{NamedTempFile, TempPath};
use tokio_rustls::TlsAcceptor;

/// Why there is no certificate to serve with.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A certificate could not be made.
    #[error("making the throw-away certificates failed")]
    Certificate(#[from] rcgen::Error),
    /// The certificate does not fit the TLS library.
    #[error("setting up TLS with the throw-away certificate failed")]
    Setup(#[from] rustls::Error),
    /// The authority's file could not be written.
    #[error("writing the throw-away authority's certificate failed")]
    File(#[from] io::Error),
}

/// A certificate for loopback, its authority's certificate in a file; the file goes when this goes.
pub struct Tls {
    acceptor: TlsAcceptor,
    ca_file: TempPath,
}

impl Tls {
    /// Makes a new authority and a certificate for `127.0.0.1`, `localhost` and `names`.
    ///
    /// # Errors
    /// If a certificate cannot be made or the authority's file cannot be written.
    pub fn new(names: &[String]) -> Result<Self, TlsError> {
        let authority = authority()?;
        let key = KeyPair::generate()?;
        let certificate = server_parameters(names)?.signed_by(&key, &authority)?;
        let mut config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())),
            )?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        let mut file = NamedTempFile::with_prefix("sandbox-ca-")?;
        file.write_all(authority.pem().as_bytes())?;
        file.flush()?;
        Ok(Self {
            acceptor: TlsAcceptor::from(Arc::new(config)),
            ca_file: file.into_temp_path(),
        })
    }

    /// The authority's certificate as a PEM file, fit for `SSL_CERT_FILE`.
    #[must_use]
    pub fn ca_file(&self) -> &Path {
        &self.ca_file
    }

    /// What turns an accepted connection into a TLS connection.
    #[must_use]
    pub fn acceptor(&self) -> TlsAcceptor {
        self.acceptor.clone()
    }
}

fn authority() -> Result<CertifiedIssuer<'static, KeyPair>, rcgen::Error> {
    let mut parameters = CertificateParams::default();
    parameters
        .distinguished_name
        .push(DnType::CommonName, "Sandbox throw-away authority");
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    CertifiedIssuer::self_signed(parameters, KeyPair::generate()?)
}

fn server_parameters(names: &[String]) -> Result<CertificateParams, rcgen::Error> {
    let mut names = names.to_vec();
    names.push("localhost".to_owned());
    let mut parameters = CertificateParams::new(names)?;
    parameters
        .subject_alt_names
        .push(SanType::IpAddress(IpAddr::V4(Ipv4Addr::LOCALHOST)));
    parameters.distinguished_name.push(DnType::CommonName, "localhost");
    parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    // Python's strict mode, on by default since 3.13, refuses a certificate without it.
    parameters.use_authority_key_identifier_extension = true;
    Ok(parameters)
}
