import Foundation

/// The whole system for one test: fresh databases and a fresh virtual host, one lancamentos and some consolidado instances.
package struct Stack: Sendable {
    package let lancamentos: ServiceProcess
    package let consolidados: [ServiceProcess]
    /// A token for every account.
    package let token: String
    /// The broker, as the consolidado instances use it.
    package let amqpURL: String
    /// The URL of each service's database.
    package let databases: [String: String]
    /// Signs further tokens.
    package let secret: String
    /// The stack's own on the broker of the whole run; on a broker of the test's own `/`.
    package let virtualHost: String

    /// Runs the closure with a running system and ends it afterwards, however the closure ends.
    /// - Parameters:
    ///   - servers: a test's own servers; nil uses those of the whole run.
    ///   - consolidados: how many instances.
    ///   - environment: settings of all instances; they replace the addresses and the secret that are set here.
    ///   - page: whether the page of consolidado may call lancamentos.
    package static func with<Value>(
        servers: PrivateServers? = nil,
        consolidados: Int = 2,
        environment: [String: String] = [:],
        page: Bool = false,
        _ body: (Stack) async throws -> Value
    ) async throws -> Value {
        guard let postgres = try servers?.url(.postgres) ?? TestServers.postgresURL, let folder = TestServers.folder else {
            throw TestFailure("a suite without the servers must not run")
        }
        let name = TestServers.uniqueName()
        var databases: [String: String] = [:]
        for service in ["lancamentos", "consolidado"] {
            databases[service] = try await TestServers.createDatabase("\(name)_\(service)", on: postgres)
        }
        let brokers = try await self.brokers(servers, virtualHost: name)
        let stack = try Stack(
            databases: databases, brokers: brokers, consolidados: consolidados, settings: environment, page: page,
            virtualHost: servers == nil ? name : "/", folder: folder)
        do {
            try await stack.migrate()
            try await stack.start()
            if servers != nil { try await Task.sleep(for: Self.queueSettleTime) }
            let value = try await body(stack)
            await stack.stop()
            try await Self.cleanUp(name, postgres: servers == nil ? postgres : nil)
            return value
        } catch {
            await stack.stop()
            // The test's own failure is reported.
            try? await Self.cleanUp(name, postgres: servers == nil ? postgres : nil)
            throw error
        }
    }

    /// A quorum queue that was declared only just before SIGKILL may stay without a leader: the broker writes the names of its
    /// queues' servers with a delay (seen on 3.10.8: 0.1 s after the declaration `names.dets` had one queue of two). That is the broker's
    /// promise to keep, not ours, so tests that kill it wait a little after the first start.
    private static let queueSettleTime: Duration = .seconds(6)

    /// On a broker of the test's own each service has its own user with least rights; on the common one a virtual host keeps tests apart.
    private static func brokers(_ servers: PrivateServers?, virtualHost: String) async throws -> [String: String] {
        if let servers {
            return ["lancamentos": try servers.brokerURL(of: "lancamentos"), "consolidado": try servers.brokerURL(of: "consolidado")]
        }
        guard let broker = TestServers.amqpURL else { throw TestFailure("TESTE_AMQP_URL is not set") }
        let url = try await VirtualHost.create(virtualHost, on: broker)
        return ["lancamentos": url, "consolidado": url]
    }

    private init(
        databases: [String: String], brokers: [String: String], consolidados: Int, settings: [String: String], page: Bool,
        virtualHost: String, folder: String
    ) throws {
        let secret = UUID().uuidString
        var environment = [
            "FLUXO_AUTH_SEGREDO": secret,
            "FLUXO_LANCAMENTOS_BANCO_URL": databases["lancamentos"]!,
            "FLUXO_CONSOLIDADO_BANCO_URL": databases["consolidado"]!,
            "FLUXO_LANCAMENTOS_AMQP_URL": brokers["lancamentos"]!,
            "FLUXO_CONSOLIDADO_AMQP_URL": brokers["consolidado"]!,
            "PATH": "/usr/bin:/bin",
        ].merging(settings) { _, given in given }
        let lancamentosPort = try FreePort.find()
        let ports = try (0..<consolidados).map { _ in try FreePort.find() }
        let pageEnvironment = [
            "FLUXO_PAINEL_LANCAMENTOS_URL": "http://127.0.0.1:\(lancamentosPort)",
            "FLUXO_HTTP_CORS_ORIGENS": ports.map { "http://127.0.0.1:\($0)" }.joined(separator: ","),
        ]
        if page { environment.merge(pageEnvironment) { mine, _ in mine } }
        func make(_ product: String, port: Int) throws -> ServiceProcess {
            try ServiceProcess(
                product: product,
                environment: environment.merging(["FLUXO_\(product.uppercased())_PORTA": "\(port)"]) { $1 },
                port: port,
                folder: folder
            )
        }
        self.lancamentos = try make("lancamentos", port: lancamentosPort)
        self.consolidados = try ports.map { try make("consolidado", port: $0) }
        self.databases = databases
        self.secret = secret
        self.amqpURL = brokers["consolidado"]!
        self.virtualHost = virtualHost
        self.token = Token.make(secret: secret, contas: ["*"])
    }

    private func migrate() async throws {
        try await self.lancamentos.migrate()
        try await self.consolidados.first?.migrate()
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
