import AsyncHTTPClient
package import Contrato
package import FluxoDeCaixa
import Foundation
import NIOCore
import NIOHTTP1

/// The registered entries as `GET /v1/lancamentos` streams them: one JSON object a line, in the order of ids.
package struct Extract: Sendable {
    /// Where it is read from.
    package enum Source: Sendable {
        /// The entry service, with a token for every account that is read.
        case service(url: String, token: String)
        /// A file with the answer of such a call.
        case file(String)
    }

    private static let lineBytesMax = 262_144
    private static let connectMax: TimeAmount = .seconds(10)
    /// The longest silence in the middle of an extract.
    private static let readMax: TimeAmount = .seconds(60)
    private static let requestMax: TimeAmount = .seconds(6 * 3600)
    private static let lookUpMax: TimeAmount = .seconds(15)
    private static let fileBytesAtOnce = 1_048_576
    /// Ids are not in the order of commits: a file may lack entries that are so much older than itself.
    private static let lateCommitMax: Duration = .seconds(60)

    private let source: Source
    private let scope: ExtractScope

    package init(_ source: Source, scope: ExtractScope) {
        self.source = source
        self.scope = scope
    }

    /// Calls the closure with every entry, in the order of ids. One piece of the answer is in memory at a time.
    /// - Throws: ``ToolFailure`` if the extract cannot be read to its end, is out of order or has a line that is no entry; what the closure
    ///   throws.
    package func read(_ entry: (LancamentoAplicavel) async throws -> Void) async throws {
        var lines = LineSplitter(lineBytesMax: Self.lineBytesMax)
        var last: LancamentoID?
        func take(_ pieces: [[UInt8]]) async throws {
            for line in pieces where !line.isEmpty {
                guard let read = LinhaDoExtrato.read(line) else {
                    throw ToolFailure("the extract has a line that is no entry, after \(last.map { "\($0)" } ?? "its start")")
                }
                if let last, read.id <= last { throw ToolFailure("the extract is not in the order of ids, after \(last)") }
                last = read.id
                try await entry(read)
            }
        }
        switch self.source {
        case .file(let path):
            guard let file = FileHandle(forReadingAtPath: path) else { throw ToolFailure("\(path) cannot be read") }
            defer { try? file.close() }
            while let bytes = try file.read(upToCount: Self.fileBytesAtOnce), !bytes.isEmpty { try await take(try lines.add(bytes)) }
        case .service(let url, let token):
            let response = try await self.send("\(url)/v1/lancamentos?\(self.scope.query)", token, limit: Self.requestMax)
            do {
                for try await buffer in response.body { try await take(try lines.add(buffer.readableBytesView)) }
            } catch let error as HTTPClientError {
                throw ToolFailure("the extract ended early: \(error)")
            }
        }
        // A whole extract ends with a line break.
        guard lines.isAtLineStart else { throw ToolFailure("the extract ends in the middle of a line") }
    }

    /// The id from which on the extract may lack entries: of a file, those registered after it was written, or shortly before.
    /// - Throws: ``ToolFailure`` if the file cannot be read.
    package func end(agora: Instante) throws -> LancamentoID {
        guard case .file(let path) = self.source else { return .lowerBound(of: agora) }
        let file = URL(filePath: path).resolvingSymlinksInPath().path(percentEncoded: false)
        guard let written = (try? FileManager.default.attributesOfItem(atPath: file))?[.modificationDate] as? Date else {
            throw ToolFailure("\(path) cannot be read")
        }
        let sureMs = Int64(written.timeIntervalSince1970 * 1000) - Int64(Self.lateCommitMax / .milliseconds(1))
        return .lowerBound(of: min(agora, Instante(milissegundos: max(0, sureMs))))
    }

    /// The entry with this id now; nil if there is none. Nil for a file as well, which cannot be asked.
    package func find(_ id: LancamentoID) async throws -> LancamentoAplicavel? {
        guard case .service(let url, let token) = self.source else { return nil }
        let response = try await self.send("\(url)/v1/lancamentos/\(id)", token, limit: Self.lookUpMax, accepted: [200, 404])
        let body = try await response.body.collect(upTo: Self.lineBytesMax)
        guard response.status == .ok else { return nil }
        guard let read = LinhaDoExtrato.read(Array(body.readableBytesView)) else {
            throw ToolFailure("\(url) answered \(id) with no entry")
        }
        return read
    }

    private func send(
        _ url: String, _ token: String, limit: TimeAmount, accepted: Set<UInt> = [200]
    ) async throws -> HTTPClientResponse {
        var request = HTTPClientRequest(url: url)
        request.headers.add(name: "Authorization", value: "Bearer \(token)")
        request.headers.add(name: "Accept", value: url.contains("?") ? "application/x-ndjson" : "application/json")
        let response: HTTPClientResponse
        do {
            response = try await Self.client.execute(request, timeout: limit)
        } catch {
            throw ToolFailure("\(url) did not answer: \(error)")
        }
        guard accepted.contains(response.status.code) else {
            let body = try? await response.body.collect(upTo: 65_536)
            throw ToolFailure("\(url) answered \(response.status.code): \(ToolOutput.printable(body.map { String(buffer: $0) } ?? ""))")
        }
        return response
    }

    /// Lives as long as the process.
    private static let client: HTTPClient = {
        var configuration = HTTPClient.Configuration()
        configuration.timeout = .init(connect: Self.connectMax, read: Self.readMax)
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }()
}

/// Which entries an extract has.
package struct ExtractScope: Sendable {
    /// The query of the call; names of accounts and days need no percent-encoding, but `*` stands for all.
    fileprivate let query: String

    /// - Parameters:
    ///   - conta: nil: all.
    ///   - de: the first day of `data`.
    ///   - ate: the last day.
    package init(conta: Conta?, de: Dia?, ate: Dia?) {
        self.query = ["conta=\(conta?.nome ?? "*")", de.map { "de=\($0)" }, ate.map { "ate=\($0)" }].compactMap(\.self).joined(
            separator: "&")
    }
}

/// Splits a stream into lines. It does no I/O.
struct LineSplitter {
    private let lineBytesMax: Int
    private var rest: [UInt8] = []

    init(lineBytesMax: Int) {
        self.lineBytesMax = lineBytesMax
    }

    /// Whether what was added ends with a line break.
    var isAtLineStart: Bool { self.rest.isEmpty }

    /// Adds a piece.
    /// - Returns: the lines that it completes, without their ends.
    mutating func add(_ piece: some Collection<UInt8>) throws(ToolFailure) -> [[UInt8]] {
        let parts = piece.split(separator: 0x0A, omittingEmptySubsequences: false)
        var lines: [[UInt8]] = []
        for (index, part) in parts.enumerated() {
            self.rest += part
            guard self.rest.count <= self.lineBytesMax else {
                throw ToolFailure("the extract has a line of more than \(self.lineBytesMax) bytes")
            }
            guard index < parts.count - 1 else { break }
            lines.append(self.rest)
            self.rest = []
        }
        return lines
    }
}
