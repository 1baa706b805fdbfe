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

    /// `GET /readyz` at the configured address.
    /// - Parameter maxMs: the time for connecting and for the whole answer. The default leaves the command time to end within 2 s.
    package static func ask(_ settings: HTTPSettings, maxMs: Int = 1800) async -> Outcome {
        let scheme = settings.tls != nil ? "https" : "http"
        let url = "\(scheme)://\(self.host(settings.address)):\(settings.port)/readyz"
        do {
            return try await self.within(maxMs: maxMs) { try await self.get(url) }
        } catch is NoAnswerInTime {
            return Outcome(isReady: false, message: "\(url) não respondeu em \(maxMs) ms")
        } catch {
            return Outcome(isReady: false, message: "\(url) não respondeu: \(error)")
        }
    }

    private static func get(_ url: String) async throws -> Outcome {
        var configuration = HTTPClient.Configuration()
        // The answer "connection refused" is final: a client that connects again would hide it behind the time limit.
        configuration.connectionPool.retryConnectionEstablishment = false
        return try await HTTPClient.withHTTPClient(configuration: configuration) { client in
            var request = HTTPClientRequest(url: url)
            // The certificate names the public host and not the local address. The request has no secret and asks for none.
            var unverified = TLSConfiguration.makeClientConfiguration()
            unverified.certificateVerification = .none
            request.tlsConfiguration = unverified
            let response = try await client.execute(request, deadline: .distantFuture)
            let body = try await response.body.collect(upTo: self.answerMaxBytes)
            return Outcome(isReady: response.status == .ok, message: String(buffer: body))
        }
    }

    private struct NoAnswerInTime: Error {}

    /// Cancels `body` after `maxMs`. The client's own time limit ends with the head of the answer.
    private static func within(maxMs: Int, _ body: @escaping @Sendable () async throws -> Outcome) async throws -> Outcome {
        try await withThrowingTaskGroup(of: Outcome.self) { group in
            group.addTask { try await body() }
            group.addTask {
                try await Task.sleep(for: .milliseconds(maxMs))
                throw NoAnswerInTime()
            }
            defer { group.cancelAll() }
            guard let outcome = try await group.next() else { throw NoAnswerInTime() }
            return outcome
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
