import AsyncHTTPClient
package import Edge
import NIOCore
import NIOHTTP1
import NIOSSL

/// The command `saude`: asks the running instance whether it is ready.
package enum Saude {
    /// The result, with its exit status.
    package struct Outcome: Sendable, Equatable {
        package let isReady: Bool
        /// One line: the answer of the instance, or why there is none.
        package let message: String

        package var exitCode: Int32 { self.isReady ? 0 : 1 }
    }

    private static let answerMaxBytes = 65_536

    /// `GET /readyz` at the configured address, at most `maxS` seconds.
    package static func ask(_ settings: HTTPSettings, maxS: Int = 5) async -> Outcome {
        let scheme = settings.tls != nil ? "https" : "http"
        let url = "\(scheme)://\(self.host(settings.address)):\(settings.port)/readyz"
        var request = HTTPClientRequest(url: url)
        // The certificate names the public host and not the local address. The request has no secret and asks for none.
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

    /// A client cannot connect to a wildcard address.
    static func host(_ endereco: String) -> String {
        switch endereco {
        case "0.0.0.0": "127.0.0.1"
        case "::": "[::1]"
        default: endereco.contains(":") ? "[\(endereco)]" : endereco
        }
    }
}
