import AsyncHTTPClient
import NIOCore
import NIOHTTP1

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
        let url = "http://\(self.host(configuration.endereco)):\(configuration.porta)/readyz"
        let client = HTTPClient.shared
        do {
            let response = try await client.execute(HTTPClientRequest(url: url), timeout: .seconds(Int64(maxS)))
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
