import AsyncHTTPClient
import NIOCore
import NIOHTTP1

/// A key set at the configured URL. Tokens cannot change the URL.
struct URLKeySource: KeySource {
    let url: String
    let interval: Duration
    let timeout: Duration
    let maxBytes: Int

    /// - Parameters:
    ///   - interval: between successful fetches.
    ///   - timeout: for the whole answer.
    init(url: String, interval: Duration, timeout: Duration = .seconds(3), maxBytes: Int = 262_144) {
        self.url = url
        self.interval = interval
        self.timeout = timeout
        self.maxBytes = maxBytes
    }

    var name: String { self.url }

    var limits: RefreshSchedule.Limits {
        .init(interval: self.interval, retryMin: .seconds(1), retryMax: min(self.interval, .seconds(10)), askedMin: .seconds(10))
    }

    func read() async throws(KeySourceError) -> [UInt8] {
        do {
            return try await withThrowingTaskGroup(of: [UInt8].self) { group in
                // The library's own deadline does not cover a body that trickles.
                group.addTask { try await self.fetch() }
                group.addTask {
                    try await Task.sleep(for: self.timeout)
                    throw KeySourceError.noAnswer(within: self.timeout)
                }
                defer { group.cancelAll() }
                guard let bytes = try await group.next() else { throw KeySourceError.noAnswer(within: self.timeout) }
                return bytes
            }
        } catch let error as KeySourceError {
            throw error
        } catch {
            throw .connection("\(error)")
        }
    }

    /// A client for each fetch: one every few minutes, on a separate connection.
    private func fetch() async throws -> [UInt8] {
        // A redirect could lead anywhere; the operator configures the final address.
        let configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        return try await HTTPClient.withHTTPClient(configuration: configuration) { client in
            var request = HTTPClientRequest(url: self.url)
            request.headers.add(name: "Accept", value: "application/jwk-set+json, application/json")
            let response = try await client.execute(request, timeout: TimeAmount(self.timeout))
            guard response.status == .ok else { throw KeySourceError.status(Int(response.status.code)) }
            do {
                return Array(try await response.body.collect(upTo: self.maxBytes).readableBytesView)
            } catch is NIOTooManyBytesError {
                throw KeySourceError.tooLarge(maxBytes: self.maxBytes)
            }
        }
    }
}
