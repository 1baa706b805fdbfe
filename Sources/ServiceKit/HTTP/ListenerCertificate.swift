package import CoreMetrics
package import Logging
import Metrics
import NIOCertificateReloading
import NIOConcurrencyHelpers
import NIOSSL
import ServiceLifecycle

/// The certificate that the listener shows: read again while the service runs, so that a renewed one needs no restart.
///
/// As a service it looks at the files again and again; connections that are made afterwards see what is new. Files that cannot be used are
/// logged once, and what was read before stays.
package struct ListenerCertificate: Service {
    /// What was read so far. A fault of the first reading stops the start, and is told by who stops it.
    private struct State {
        var hasOne = false
        var lastFault: String?
    }

    private let reloader: TimedCertificateReloader

    /// Reads the files for the first time.
    /// - Parameters:
    ///   - metrics: gets `tls_certificate_expiry_timestamp_seconds`.
    ///   - interval: between two looks at the files.
    /// - Throws: ``ConfigurationError`` if they cannot be used.
    package init(
        _ files: HTTPConfiguration.TLS, interval: Duration = .seconds(30), metrics: any MetricsFactory, logger: Logger
    ) throws(ConfigurationError) {
        let expiry = Gauge(label: "tls_certificate_expiry_timestamp_seconds", factory: metrics)
        let state = NIOLockedValueBox(State())
        let configuration = TimedCertificateReloader.Configuration(
            refreshInterval: interval,
            certificateSource: .init(location: .file(path: files.certificado), format: .pem),
            privateKeySource: .init(location: .file(path: files.chave), format: .pem)
        ) {
            $0.onCertificateLoaded = { loaded in
                state.withLockedValue { $0 = State(hasOne: true) }
                // The first one is the service's own, those behind it lead to its authority.
                guard case .certificate(let own)? = loaded.currentCertificateChain.first else { return }
                expiry.record(Double(own.notValidAfter))
                if let before = loaded.previousCertificateChain, before != loaded.currentCertificateChain {
                    logger.info("the listener's certificate was renewed", metadata: ["expires": "\(own.notValidAfter)"])
                }
            }
            $0.onCertificateLoadFailed = { failure in
                let fault = "\(failure.error)"
                let isNew = state.withLockedValue { state in
                    defer { state.lastFault = fault }
                    return state.hasOne && state.lastFault != fault
                }
                if isNew {
                    logger.error(
                        "the listener's certificate cannot be read again, the one from before stays", metadata: ["error": "\(fault)"])
                }
            }
        }
        self.reloader = TimedCertificateReloader(configuration: configuration)
        do {
            try self.reloader.reload()
            // What the files hold may still be nothing that TLS can use.
            _ = try NIOSSLContext(configuration: self.tlsConfiguration())
        } catch {
            throw .unusable(
                "http.tls.certificado", value: files.certificado,
                accepted: "um certificado PEM que pode ser lido, com a sua chave sem senha em http.tls.chave (\(files.chave))")
        }
    }

    /// TLS 1.2 or newer, without certificates of clients.
    func tlsConfiguration() throws -> TLSConfiguration {
        var configuration = try TLSConfiguration.makeServerConfiguration(certificateReloader: self.reloader)
        configuration.minimumTLSVersion = .tlsv12
        configuration.applicationProtocols = ["http/1.1"]
        return configuration
    }

    package func run() async throws { try await self.reloader.run() }
}
