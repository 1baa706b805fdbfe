import AsyncHTTPClient
import Contrato
import Foundation
import NIOCore
import NIOHTTP1

/// The system as its users see it.
package struct API: Sendable {
    /// An answer.
    package struct Answer: Sendable {
        package let status: Int
        let headers: HTTPHeaders
        package let body: [UInt8]

        /// A header's first value.
        package func header(_ name: String) -> String? { self.headers.first(name: name) }

        /// A member of the JSON body, as text.
        package subscript(member: String) -> String? {
            switch (try? JSONReader.read(self.body))?[member] {
            case .string(let text)?, .number(let text)?: text
            default: nil
            }
        }

        /// A member of the JSON body that is an object.
        package func member(_ name: String) -> Members? {
            (try? JSONReader.read(self.body))?[name].map { Members(value: $0) }
        }

        /// The value of a series in the Prometheus text format, named with all its labels in order.
        package func metric(_ series: String) -> Double? {
            self.text.split(separator: "\n").first { $0.hasPrefix(series + " ") }.flatMap { Double($0.dropFirst(series.count + 1)) }
        }

        /// The whole body.
        package var text: String { String(decoding: self.body, as: UTF8.self) }
    }

    /// An object inside an answer.
    package struct Members: Sendable {
        let value: JSONValue

        /// A member that is a whole number.
        package func integer(_ name: String) -> Int? {
            guard case .number(let text)? = self.value[name] else { return nil }
            return Int(text)
        }

        /// Of an array of objects: a member of each that is a text.
        package func texts(_ name: String) -> [String] {
            guard case .array(let values) = self.value else { return [] }
            return values.compactMap { if case .string(let text)? = $0[name] { text } else { nil } }
        }
    }

    private let token: String?

    package init(token: String?) {
        self.token = token
    }

    /// Sends a request.
    /// - Throws: what the HTTP client throws if no answer came.
    package func send(
        _ method: String,
        _ url: String,
        headers: [(String, String)] = [],
        body: String? = nil,
        timeoutSeconds: Int64 = 15
    ) async throws -> Answer {
        var request = HTTPClientRequest(url: url)
        request.method = HTTPMethod(rawValue: method)
        if let token { request.headers.add(name: "Authorization", value: "Bearer \(token)") }
        if body != nil, !headers.contains(where: { $0.0.lowercased() == "content-type" }) {
            request.headers.add(name: "Content-Type", value: "application/json")
        }
        for (name, value) in headers { request.headers.add(name: name, value: value) }
        // The shared client accepts gzip, but not if it shrinks a body as much as a year of equal days does.
        if !request.headers.contains(name: "Accept-Encoding") { request.headers.add(name: "Accept-Encoding", value: "identity") }
        if let body { request.body = .bytes(ByteBuffer(string: body)) }
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(timeoutSeconds))
        let buffer = try await response.body.collect(upTo: 16 << 20)
        return Answer(status: Int(response.status.code), headers: response.headers, body: Array(buffer.readableBytesView))
    }

    /// `POST /v1/lancamentos`.
    package func post(_ instance: ServiceProcess, _ body: String, key: String? = nil) async throws -> Answer {
        try await self.send(
            "POST", "\(instance.url)/v1/lancamentos", headers: key.map { [("Idempotency-Key", $0)] } ?? [], body: body
        )
    }

    /// `GET`.
    package func get(_ instance: ServiceProcess, _ path: String) async throws -> Answer {
        try await self.send("GET", "\(instance.url)\(path)")
    }
}
