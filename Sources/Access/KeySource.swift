import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix

protocol KeySource: Sendable {
    /// Its name in the log.
    var name: String { get }
    var limits: RefreshSchedule.Limits { get }

    func read() async throws(KeySourceError) -> [UInt8]
}

/// Why a key set document could not be read.
enum KeySourceError: Error, Equatable, CustomStringConvertible {
    case noRegularFile
    case unreadable
    case tooLarge(maxBytes: Int)
    case status(Int)
    case noAnswer(within: Duration)
    case connection(String)

    var description: String {
        switch self {
        case .noRegularFile: "there is no such file"
        case .unreadable: "the file cannot be read"
        case .tooLarge(let maxBytes): "longer than \(maxBytes) bytes"
        case .status(let status): "answered \(status) instead of 200"
        case .noAnswer(let max): "no whole answer within \(max)"
        case .connection(let reason): reason
        }
    }
}

/// When a key set is read again: pure state, no clock, no I/O.
///
/// Reads are regular while they succeed and back off while they fail. A token with an unknown `kid` may cause an extra read, because a new
/// key is often used before the next regular one; invented `kid`s cannot make extra reads more frequent than `askedMin`.
struct RefreshSchedule {
    struct Limits {
        /// Between reads that succeed.
        var interval: Duration
        /// Wait after the first failure; it doubles with each further one.
        var retryMin: Duration
        var retryMax: Duration
        /// Between the end of a read and an extra one.
        var askedMin: Duration
    }

    private let limits: Limits
    /// When the next regular read is due.
    private(set) var due: ContinuousClock.Instant
    /// Failed reads since the last success.
    private(set) var failures = 0
    private var lastLook: ContinuousClock.Instant?

    /// The first read is due at once.
    init(_ limits: Limits, now: ContinuousClock.Instant) {
        self.limits = limits
        self.due = now
    }

    mutating func looked(succeeded: Bool, now: ContinuousClock.Instant) {
        self.lastLook = now
        if succeeded {
            self.failures = 0
            self.due = now + self.limits.interval
        } else {
            let doubled = self.limits.retryMin * (1 << min(self.failures, 16))
            self.failures += 1
            self.due = now + min(doubled, self.limits.retryMax)
        }
    }

    /// Whether an extra read is allowed now. While the source fails, only regular reads happen.
    func mayAsk(now: ContinuousClock.Instant) -> Bool {
        guard let lastLook = self.lastLook else { return true }
        return self.failures == 0 && now - lastLook >= self.limits.askedMin
    }
}

/// A key set in a file, as Kubernetes mounts it or an agent writes it. The file is re-read periodically to see rotations.
struct FileKeySource: KeySource {
    let path: String
    var maxBytes = 262_144

    var name: String { self.path }

    /// Reading a few kilobytes is cheap, so a removed key is refused within two seconds.
    var limits: RefreshSchedule.Limits {
        .init(interval: .seconds(2), retryMin: .seconds(1), retryMax: .seconds(2), askedMin: .seconds(1))
    }

    func read() async throws(KeySourceError) -> [UInt8] {
        let (path, maxBytes) = (self.path, self.maxBytes)
        do {
            return try await NIOThreadPool.singleton.runIfActive { try Self.read(path, maxBytes: maxBytes) }
        } catch let error as KeySourceError {
            throw error
        } catch {
            throw .unreadable
        }
    }

    private static func read(_ path: String, maxBytes: Int) throws -> [UInt8] {
        // Opening a pipe would wait for its writer.
        let values = try? URL(filePath: path).resolvingSymlinksInPath().resourceValues(forKeys: [.isRegularFileKey])
        guard values?.isRegularFile == true else { throw KeySourceError.noRegularFile }
        guard let handle = FileHandle(forReadingAtPath: path) else { throw KeySourceError.unreadable }
        let data = try handle.read(upToCount: maxBytes + 1) ?? Data()
        try handle.close()
        guard data.count <= maxBytes else { throw KeySourceError.tooLarge(maxBytes: maxBytes) }
        return Array(data)
    }
}

/// A key set at the configured URL. Tokens cannot change the URL.
struct URLKeySource: KeySource {
    let url: String
    /// Between successful fetches.
    let interval: Duration
    /// For the whole answer.
    var timeout: Duration = .seconds(3)
    var maxBytes = 262_144

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
