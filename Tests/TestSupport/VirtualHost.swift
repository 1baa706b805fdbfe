import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1

/// Virtual hosts on the broker of the whole run, by its management API.
enum VirtualHost {
    /// - Returns: the broker's URL with this virtual host.
    static func create(_ name: String, on amqpURL: String) async throws -> String {
        guard var url = URLComponents(string: amqpURL), let user = url.user else { throw TestFailure("the broker's URL names no user") }
        try await self.request(.PUT, "vhosts/\(name)", body: "{}")
        try await self.request(
            .PUT, "permissions/\(name)/\(user)", body: #"{"configure": ".*", "write": ".*", "read": ".*"}"#
        )
        url.percentEncodedPath = "/\(name)"
        guard let text = url.string else { throw TestFailure("the broker's URL cannot be changed") }
        return text
    }

    static func delete(_ name: String) async throws {
        try await self.request(.DELETE, "vhosts/\(name)", body: nil)
    }

    private static func request(_ method: HTTPMethod, _ path: String, body: String?) async throws {
        guard let base = TestServers.managementURL, var url = URLComponents(string: base) else {
            throw TestFailure("TESTE_RABBITMQ_MANAGEMENT_URL is not set")
        }
        let credentials = "\(url.user ?? ""):\(url.password ?? "")"
        url.user = nil
        url.password = nil
        url.path = "/api/\(path)"
        var request = HTTPClientRequest(url: url.string ?? base)
        request.method = method
        request.headers.add(name: "Authorization", value: "Basic \(Data(credentials.utf8).base64EncodedString())")
        request.headers.add(name: "Content-Type", value: "application/json")
        if let body { request.body = .bytes(ByteBuffer(string: body)) }
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(30))
        guard (200..<300).contains(response.status.code) else {
            throw TestFailure("\(method.rawValue) \(path): \(response.status)")
        }
    }
}
