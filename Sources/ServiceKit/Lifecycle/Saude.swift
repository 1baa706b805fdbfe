import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import NIOSSL

/// The command `saude`: asks the running instance whether it is ready.
package enum Saude {
    /// What was found, and the exit status that says so.
    package struct Outcome: Sendable, Equatable {
        package let isReady: Bool
        /// One line: the instance's own words, or why it could not be asked.
        package let message: String

        package var exitCode: Int32 { self.isReady ? 0 : 1 }
    }

    private static let answerMaxBytes = 65_536

    /// `GET /readyz` at the configured address, at most `maxS` seconds.
    package static func ask(_ configuration: SaudeConfiguration, maxS: Int = 5) async -> Outcome {
        let scheme = configuration.isHTTPS ? "https" : "http"
        let url = "\(scheme)://\(self.host(configuration.endereco)):\(configuration.porta)/readyz"
        var request = HTTPClientRequest(url: url)
        // The certificate names the public host, not the address that the listener has here. Nothing secret is told or asked.
        var unverified = TLSConfiguration.makeClientConfiguration()
        unverified.certificateVerification = .none
        request.tlsConfiguration = unverified
        do {
            let response = try await HTTPClient.shared.execute(request, timeout: .seconds(Int64(maxS)))
            let body = try await response.body.collect(upTo: self.answerMaxBytes)
            return Outcome(isReady: response.status == .ok, message: String(buffer: body))
        } catch {
            return Outcome(isReady: false, message: "\(url) não respondeu: \(error)")
        }
    }

    /// A wildcard address is where a server listens, not where a client can go.
    static func host(_ endereco: String) -> String {
        switch endereco {
        case "0.0.0.0": "127.0.0.1"
        case "::": "[::1]"
        default: endereco.contains(":") ? "[\(endereco)]" : endereco
        }
    }
}
