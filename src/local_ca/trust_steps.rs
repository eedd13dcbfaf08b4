//! What to do on each system so that it trusts the local CA.

/// A system, and its steps.
#[derive(Debug, Clone, Copy)]
pub struct TrustSteps {
    /// The system.
    pub system: &'static str,
    /// The steps, one sentence or command each. `FILE` stands for the path of the certificate, and `PAGE` for the page
    /// about the CA on the data port.
    pub steps: &'static [&'static str],
}

/// The systems, those of computers first.
pub const TRUST_STEPS: &[TrustSteps] = &[
    TrustSteps {
        system: "Linux: curl, ffmpeg, GStreamer and most programs",
        steps: &[
            "Debian, Ubuntu: sudo cp FILE /usr/local/share/ca-certificates/vsps-local-ca.crt && sudo update-ca-certificates",
            "Fedora, RHEL: sudo cp FILE /etc/pki/ca-trust/source/anchors/vsps-local-ca.pem && sudo update-ca-trust",
            "Arch: sudo trust anchor --store FILE",
        ],
    },
    TrustSteps {
        system: "Linux: Chrome, Chromium and Edge (NSS)",
        steps: &[
            "Install certutil: it is in the package libnss3-tools (Debian, Ubuntu), nss-tools (Fedora) or nss (Arch).",
            "certutil -d sql:$HOME/.pki/nssdb -A -t C,, -n 'vsps local CA' -i FILE",
        ],
    },
    TrustSteps {
        system: "Firefox, on every system",
        steps: &[
            "Settings, Privacy & Security, View Certificates, Authorities, Import: choose the file, and tick `Trust this CA to identify websites`.",
        ],
    },
    TrustSteps {
        system: "macOS",
        steps: &[
            "security add-trusted-cert -r trustRoot -k ~/Library/Keychains/login.keychain-db FILE",
        ],
    },
    TrustSteps {
        system: "Windows",
        steps: &["certutil -user -addstore Root FILE", "Confirm the question of Windows with Yes."],
    },
    TrustSteps {
        system: "iPhone, iPad, Apple TV",
        steps: &[
            "Open PAGE in Safari and download the DER file. Allow the profile.",
            "Settings, General, VPN & Device Management: install the profile.",
            "Settings, General, About, Certificate Trust Settings: switch on full trust for the vsps local CA.",
            "Apple TV: send the file by AirDrop or Apple Configurator; then Settings, General, About, Certificate Trust Settings.",
        ],
    },
    TrustSteps {
        system: "Android",
        steps: &[
            "Open PAGE and download the DER file.",
            "Settings, Security, Encryption & credentials, Install a certificate, CA certificate: choose the file. The names differ between makers.",
            "Chrome trusts it then. An app trusts it only if its network security configuration has <certificates src=\"user\"/> among the trust anchors, which debug builds may have.",
            "Emulator with a writable system: a CA in /system/etc/security/cacerts is trusted by all apps.",
        ],
    },
    TrustSteps {
        system: "Samsung Tizen",
        steps: &[
            "Televisions have no setting for CAs. Use http, or a certificate of a public CA for a name of your own: vsps run --tls CERT,KEY.",
        ],
    },
    TrustSteps {
        system: "LG webOS",
        steps: &[
            "Televisions have no setting for CAs. Use http, or a certificate of a public CA for a name of your own: vsps run --tls CERT,KEY.",
        ],
    },
];
