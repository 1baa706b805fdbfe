import Foundation

/// The whole system for one test: fresh databases and a fresh virtual host, one lancamentos and some consolidado instances.
package struct Stack: Sendable {
    package let lancamentos: ServiceProcess
    package let consolidados: [ServiceProcess]
    /// A token for every account.
    package let token: String
    /// Signs further tokens.
    package let secret: String
    /// The databases, by service.
    package let databaseURLs: [String: String]
    /// An administrator's URL of the broker, with the test's virtual host.
    package let amqpURL: String

    /// Runs the closure with a running system and ends it afterwards, however the closure ends.
    /// - Parameters:
    ///   - servers: a test's own servers; nil uses those of the whole run.
    ///   - consolidados: how many instances.
    package static func with<Value>(
        servers: PrivateServers? = nil,
        consolidados: Int = 2,
        _ body: (Stack) async throws -> Value
    ) async throws -> Value {
        guard let postgres = try servers?.url(.postgres) ?? TestServers.postgresURL,
            let broker = try servers?.url(.rabbitmq) ?? TestServers.amqpURL,
            let folder = TestServers.folder
        else { throw TestFailure("a suite without the servers must not run") }
        let name = TestServers.uniqueName()
        var databases: [String: String] = [:]
        for service in ["lancamentos", "consolidado"] {
            databases[service] = try await TestServers.createDatabase("\(name)_\(service)", on: postgres)
        }
        // A broker of the test's own is its own virtual host.
        let amqpURL = servers == nil ? try await VirtualHost.create(name, on: broker) : broker
        let stack = try Stack(databases: databases, amqpURL: amqpURL, consolidados: consolidados, folder: folder)
        do {
            try await stack.migrate()
            try await stack.start()
            let value = try await body(stack)
            await stack.stop()
            try await Self.cleanUp(name, postgres: servers == nil ? postgres : nil)
            return value
        } catch {
            await stack.stop()
            // The test's own failure is the one to tell.
            try? await Self.cleanUp(name, postgres: servers == nil ? postgres : nil)
            throw error
        }
    }

    private init(databases: [String: String], amqpURL: String, consolidados: Int, folder: String) throws {
        let secret = UUID().uuidString
        let environment = [
            "FLUXO_AUTH_SEGREDO": secret,
            "FLUXO_LANCAMENTOS_BANCO_URL": databases["lancamentos"]!,
            "FLUXO_CONSOLIDADO_BANCO_URL": databases["consolidado"]!,
            "FLUXO_LANCAMENTOS_AMQP_URL": amqpURL,
            "FLUXO_CONSOLIDADO_AMQP_URL": amqpURL,
            "PATH": "/usr/bin:/bin",
        ]
        func make(_ product: String) throws -> ServiceProcess {
            let port = try FreePort.find()
            return try ServiceProcess(
                product: product,
                environment: environment.merging(["FLUXO_\(product.uppercased())_PORTA": "\(port)"]) { $1 },
                port: port,
                folder: folder
            )
        }
        self.lancamentos = try make("lancamentos")
        self.consolidados = try (0..<consolidados).map { _ in try make("consolidado") }
        self.secret = secret
        self.token = Token.make(secret: secret, contas: ["*"])
        self.databaseURLs = databases
        self.amqpURL = amqpURL
    }

    private func migrate() async throws {
        guard let products = TestServers.products else { throw TestFailure("TESTE_PRODUTOS is not set") }
        for service in ["lancamentos", "consolidado"] {
            let environment = ["FLUXO_\(service.uppercased())_BANCO_URL": self.databaseURLs[service]!]
            try await Command.run("\(products)/\(service)", ["migrate"], environment: environment)
        }
    }

    private func start() async throws {
        for instance in [self.lancamentos] + self.consolidados { try instance.launch() }
        for instance in [self.lancamentos] + self.consolidados { try await instance.waitUntilReady() }
    }

    private func stop() async {
        for instance in [self.lancamentos] + self.consolidados { await instance.terminate() }
    }

    private static func cleanUp(_ name: String, postgres: String?) async throws {
        guard let postgres else { return }
        for service in ["lancamentos", "consolidado"] { try await TestServers.dropDatabase("\(name)_\(service)", on: postgres) }
        try await VirtualHost.delete(name)
    }
}
