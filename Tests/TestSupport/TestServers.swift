internal import Postgres

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// The real servers that `deploy/local/test` starts for the integration tests, by the environment variables it sets.
package enum TestServers {
    /// A superuser's URL of the private PostgreSQL.
    package static let postgresURL = environment("TESTE_POSTGRES_URL")
    /// An administrator's URL of the private RabbitMQ.
    package static let amqpURL = environment("TESTE_AMQP_URL")
    /// A command that runs `rabbitmqctl` on the private RabbitMQ.
    package static let rabbitmqctl = environment("TESTE_RABBITMQCTL")
    /// The folder of the release products.
    package static let products = environment("TESTE_PRODUTOS")

    static func environment(_ name: String) -> String? {
        guard let value = getenv(name) else { return nil }
        let text = String(cString: value)
        return text.isEmpty ? nil : text
    }

    /// Runs the closure with the URL of a fresh database, which is dropped afterwards, however the closure ends.
    package static func withDatabase<Value>(_ body: (String) async throws -> Value) async throws -> Value {
        guard let url = self.postgresURL else { preconditionFailure("a suite without the server must not run") }
        var configuration = try PostgresConfiguration(url: url, applicationName: "tests")
        configuration.statementTimeout = .seconds(60)
        let name = "t_" + String(UInt64.random(in: .min ... .max), radix: 36)
        let administration = try await PostgresConnection.connect(configuration)
        // A name cannot be a parameter; this one is made of letters and digits here.
        try await administration.runScript("create database \(name)")
        do {
            let value = try await body(self.replacingDatabase(of: url, by: name))
            try await administration.runScript("drop database \(name) with (force)")
            return value
        } catch {
            try await administration.runScript("drop database \(name) with (force)")
            throw error
        }
    }

    /// `postgresql://user@host:port/postgres?x` with another database name.
    private static func replacingDatabase(of url: String, by name: String) -> String {
        let query = url.firstIndex(of: "?") ?? url.endIndex
        let slash = url[..<query].lastIndex(of: "/") ?? query
        return url[..<slash] + "/" + name + url[query...]
    }
}
