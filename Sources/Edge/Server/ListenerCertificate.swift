package import CoreMetrics
package import Logging
import Metrics
import NIOCertificateReloading
import NIOConcurrencyHelpers
import NIOSSL
import ServiceLifecycle
package import Settings

/// The listener's certificate, re-read while the service runs, so that a renewed one needs no restart.
///
/// As a service it reads the files periodically; new connections use the newest certificate. Unusable files are logged once, and the last
/// certificate stays in use.
package struct ListenerCertificate: Service {
    /// The state of reading. A fault of the first read stops the start, whose error reports it.
    private struct State {
        var hasOne = false
        var lastFault: String?
    }

    private let reloader: TimedCertificateReloader

    /// Reads the files for the first time.
    /// - Parameters:
    ///   - metrics: receives `tls_certificate_expiry_timestamp_seconds`.
    ///   - interval: between two reads of the files.
    /// - Throws: ``SettingsError`` if they cannot be used.
    package init(
        _ files: HTTPSettings.TLS, interval: Duration = .seconds(30), metrics: any MetricsFactory, logger: Logger
    ) throws(SettingsError) {
        let expiry = Gauge(label: "tls_certificate_expiry_timestamp_seconds", factory: metrics)
        let state = NIOLockedValueBox(State())
        let configuration = TimedCertificateReloader.Configuration(
            refreshInterval: interval,
            certificateSource: .init(location: .file(path: files.certificate), format: .pem),
            privateKeySource: .init(location: .file(path: files.key), format: .pem)
        ) {
            $0.onCertificateLoaded = { loaded in
                state.withLockedValue { $0 = State(hasOne: true) }
                // The first certificate is the service's own; the chain follows.
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
            // Readable files may still be unusable for TLS.
            _ = try NIOSSLContext(configuration: self.tlsConfiguration())
        } catch {
            throw .unusable(
                "http.tls.certificado", value: files.certificate,
                accepted: "um certificado PEM que pode ser lido, com a sua chave sem senha em http.tls.chave (\(files.key))")
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
