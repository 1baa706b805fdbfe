import Foundation

/// Virtual hosts on the broker of the whole run.
enum VirtualHost {
    /// - Returns: the broker's URL with this virtual host.
    static func create(_ name: String, on amqpURL: String) async throws -> String {
        guard var url = URLComponents(string: amqpURL), let user = url.user else { throw TestFailure("the broker's URL names no user") }
        let management = try self.management()
        try await management.request("PUT", "vhosts/\(name)", body: "{}")
        try await management.request(
            "PUT", "permissions/\(name)/\(user)", body: #"{"configure": ".*", "write": ".*", "read": ".*"}"#
        )
        url.percentEncodedPath = "/\(name)"
        guard let text = url.string else { throw TestFailure("the broker's URL cannot be changed") }
        return text
    }

    static func delete(_ name: String) async throws {
        try await self.management().request("DELETE", "vhosts/\(name)")
    }

    private static func management() throws -> Management {
        guard let url = TestServers.managementURL else { throw TestFailure("TESTE_RABBITMQ_MANAGEMENT_URL is not set") }
        return try Management(url: url)
    }
}
