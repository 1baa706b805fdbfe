import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1

/// A broker's management API.
package struct Management: Sendable {
    private let base: URLComponents
    private let authorization: String

    /// - Parameter url: with an administrator's name and password in it.
    package init(url: String) throws {
        guard var base = URLComponents(string: url), let user = base.user, let password = base.password else {
            throw TestFailure("the management API's URL names no user")
        }
        base.user = nil
        base.password = nil
        self.base = base
        self.authorization = "Basic \(Data("\(user):\(password)".utf8).base64EncodedString())"
    }

    /// Sends a request.
    /// - Parameter path: below `/api/`, percent-encoded.
    /// - Returns: the body.
    /// - Throws: ``TestFailure`` for any answer but success.
    @discardableResult
    package func request(_ method: String, _ path: String, body: String? = nil) async throws -> [UInt8] {
        var url = self.base
        url.percentEncodedPath = "/api/\(path)"
        guard let text = url.string else { throw TestFailure("\(path) is no path") }
        var request = HTTPClientRequest(url: text)
        request.method = HTTPMethod(rawValue: method)
        request.headers.add(name: "Authorization", value: self.authorization)
        request.headers.add(name: "Content-Type", value: "application/json")
        if let body { request.body = .bytes(ByteBuffer(string: body)) }
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(30))
        guard (200..<300).contains(response.status.code) else { throw TestFailure("\(method) \(path): \(response.status)") }
        return Array(try await response.body.collect(upTo: 16 << 20).readableBytesView)
    }
}
