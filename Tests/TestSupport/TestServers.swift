import Foundation
package import Postgres

/// The real servers that `deploy/local/test` starts for the integration tests, by the environment variables it sets.
package enum TestServers {
    /// A superuser's URL of the private PostgreSQL.
    package static let postgresURL = environment("TESTE_POSTGRES_URL")
    /// An administrator's URL of the private RabbitMQ.
    package static let amqpURL = environment("TESTE_AMQP_URL")
    /// The management API of the private RabbitMQ, with an administrator's name and password in it.
    package static let managementURL = environment("TESTE_RABBITMQ_MANAGEMENT_URL")
    /// The private RabbitMQ's folder: its ports, and the passwords that made its users.
    package static let rabbitmqFolder = environment("TESTE_RABBITMQ_DIR")
    /// A command that runs `rabbitmqctl` on the private RabbitMQ.
    package static let rabbitmqctl = environment("TESTE_RABBITMQCTL")
    /// The folder of the release products.
    package static let products = environment("TESTE_PRODUTOS")
    /// The command that starts, stops and kills further private servers.
    package static let servidores = environment("TESTE_SERVIDORES")
    /// An interpreter that has what the programs in Tests/Conformance need.
    package static let python = environment("TESTE_PYTHON")
    /// Whether Chromium and its driver are installed.
    package static let hasBrowser = environment("TESTE_NAVEGADOR") != nil
    /// A folder for the files of tests, deleted after the run.
    package static let folder = environment("TESTE_DIR")

    /// Whether everything that tests of the whole system need is there.
    package static var hasEverything: Bool {
        [self.postgresURL, self.amqpURL, self.managementURL, self.products, self.servidores, self.folder].allSatisfy { $0 != nil }
    }

    /// Whether the long runs were asked for.
    package static var runsLongTests: Bool { self.environment("TESTE_TUDO") != nil }

    static func environment(_ name: String) -> String? {
        ProcessInfo.processInfo.environment[name].flatMap { $0.isEmpty ? nil : $0 }
    }

    /// Letters and digits that no other test uses.
    package static func uniqueName() -> String {
        "t_" + String(UInt64.random(in: .min ... .max), radix: 36)
    }

    /// Runs the closure with the URL of a fresh database, which is dropped afterwards, however the closure ends.
    package static func withDatabase<Value>(_ body: (String) async throws -> Value) async throws -> Value {
        guard let url = self.postgresURL else { throw TestFailure("a suite without the server must not run") }
        let name = self.uniqueName()
        let database = try await self.createDatabase(name, on: url)
        do {
            let value = try await body(database)
            try await self.dropDatabase(name, on: url)
            return value
        } catch {
            try await self.dropDatabase(name, on: url)
            throw error
        }
    }

    /// - Returns: the URL of the new database.
    static func createDatabase(_ name: String, on url: String) async throws -> String {
        // A name cannot be a parameter; these are made of letters and digits by `uniqueName`.
        try await self.administer(url, "create database \(name)")
        let query = url.firstIndex(of: "?") ?? url.endIndex
        let slash = url[..<query].lastIndex(of: "/") ?? query
        return url[..<slash] + "/" + name + url[query...]
    }

    static func dropDatabase(_ name: String, on url: String) async throws {
        try await self.administer(url, "drop database if exists \(name) with (force)")
    }

    /// Runs a script on a database.
    package static func administer(_ url: String, _ sql: String) async throws {
        let connection = try await PostgresConnection.connect(.patient(url))
        try await connection.runScript(sql)
        await connection.close()
    }
}

extension PostgresConfiguration {
    /// Sessions of a test. Their limits only end a failed test, as that of `eventually` does: a service's own would end a session that waits
    /// for a busy test.
    package static func patient(_ url: String) throws(PostgresError) -> PostgresConfiguration {
        var configuration = try PostgresConfiguration(url: url, applicationName: "tests")
        configuration.connectTimeout = .seconds(120)
        configuration.statementTimeout = .seconds(120)
        configuration.lockTimeout = .seconds(120)
        configuration.idleInTransactionTimeout = .seconds(120)
        return configuration
    }
}

extension PostgresClient.Limits {
    /// The limits of a test's pool, which only end a failed test.
    package static func patient(connections: Int = Self().connectionsMax) -> Self {
        var limits = Self()
        limits.connectionsMax = connections
        limits.waitMax = .seconds(120)
        return limits
    }
}

/// Something in a test's surroundings did not work.
package struct TestFailure: Error, CustomStringConvertible {
    package let description: String

    package init(_ description: String) {
        self.description = description
    }
}
