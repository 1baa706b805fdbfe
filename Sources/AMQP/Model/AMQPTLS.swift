/// How a broker is told from an impostor, and what it is shown in return.
///
/// There is no way to leave the check out: the broker's certificate has to lead to a known authority, to be valid now, and to name the host
/// that was connected to (subjectAltName: DNS names, also with a wildcard for a whole label, and IP addresses). TLS 1.2 is the least.
/// Files are in PEM and read at each connect, so that renewed ones need no restart.
public struct AMQPTLS: Sendable, Equatable {
    /// The authorities that are believed; nil: those of the system, as OpenSSL finds them.
    public var authoritiesFile: String?
    /// This side's own certificate, for brokers that ask for one (`fail_if_no_peer_cert`).
    public var ownCertificate: OwnCertificate?

    /// A certificate with its key.
    public struct OwnCertificate: Sendable, Equatable {
        /// The certificate, followed by those that lead to its authority.
        public var certificateFile: String
        /// Its key, without a password.
        public var keyFile: String

        /// Both as paths.
        public init(certificateFile: String, keyFile: String) {
            self.certificateFile = certificateFile
            self.keyFile = keyFile
        }
    }

    /// Without arguments: the system's authorities, no certificate of one's own.
    public init(authoritiesFile: String? = nil, ownCertificate: OwnCertificate? = nil) {
        self.authoritiesFile = authoritiesFile
        self.ownCertificate = ownCertificate
    }
}
