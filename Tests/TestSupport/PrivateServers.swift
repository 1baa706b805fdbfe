import Foundation

/// A PostgreSQL and a RabbitMQ of a test's own, which it may kill.
package struct PrivateServers: Sendable {
    /// Which of the two.
    package enum Server: String, Sendable {
        case postgres
        case rabbitmq
    }

    private let folder: String

    /// Runs the closure with servers of its own and stops them afterwards, however it ends.
    /// - Parameters:
    ///   - wanted: which.
    ///   - brokerSettings: further lines of `rabbitmq.conf`.
    package static func with<Value>(
        _ wanted: [Server] = [.postgres, .rabbitmq], brokerSettings: String = "", _ body: (PrivateServers) async throws -> Value
    ) async throws -> Value {
        guard let folder = TestServers.folder else { throw TestFailure("TESTE_DIR is not set") }
        let servers = PrivateServers(folder: "\(folder)/\(TestServers.uniqueName())")
        let settings = "\(servers.folder)/rabbitmq/conf.d"
        try FileManager.default.createDirectory(atPath: settings, withIntermediateDirectories: true)
        try brokerSettings.write(toFile: "\(settings)/teste.conf", atomically: false, encoding: .utf8)
        do {
            for server in wanted { try await servers.start(server) }
            let value = try await body(servers)
            for server in wanted.reversed() { try await servers.run(server, "stop") }
            return value
        } catch {
            // The test's own failure is reported; a server that still runs is ended with the run.
            for server in wanted.reversed() { try? await servers.run(server, "stop") }
            throw error
        }
    }

    /// Runs `rabbitmqctl` on the broker.
    /// - Returns: its output.
    package func brokerControl(_ arguments: String...) async throws -> String {
        guard let command = TestServers.servidores else { throw TestFailure("TESTE_SERVIDORES is not set") }
        return try await Command.run(command, ["rabbitmq", "ctl", "\(self.folder)/rabbitmq"] + arguments)
    }

    /// Starts a server, with its old data and port if it ran before; returns when it answers.
    package func start(_ server: Server) async throws { try await self.run(server, "start") }

    /// SIGKILL.
    package func kill(_ server: Server) async throws { try await self.run(server, "kill") }

    /// Sends a signal to the server's main process.
    package func signal(_ server: Server, _ number: Int32) throws {
        guard let pid = pid_t(try self.read(server, "pid")) else { throw TestFailure("no pid of \(server.rawValue)") }
        Foundation.kill(pid, number)
    }

    /// Sends a signal to the server's main process and to its children, each of which serves a connection.
    package func signalTree(_ server: Server, _ number: Int32) async throws {
        let pid = try self.read(server, "pid")
        // No child is made any more once the main process stands still.
        if number == SIGSTOP { try self.signal(server, number) }
        try await Command.run("/usr/bin/pkill", ["-\(number)", "-P", pid])
        if number != SIGSTOP { try self.signal(server, number) }
    }

    /// An administrator's URL of the server.
    package func url(_ server: Server) throws -> String { try self.read(server, "url") }

    /// The broker's URL for a user with least rights: `lancamentos`, `consolidado`, `integrador`, or `loja42`, who is
    /// confined to the accounts `loja42.*`.
    package func brokerURL(of user: String) throws -> String { try self.read(.rabbitmq, "url.\(user)") }

    /// The broker's management API.
    package func management() throws -> Management { try Management(url: self.read(.rabbitmq, "url.management")) }

    private func read(_ server: Server, _ file: String) throws -> String {
        try String(contentsOfFile: "\(self.folder)/\(server.rawValue)/\(file)", encoding: .utf8)
            .trimmingCharacters(in: .whitespacesAndNewlines)
    }

    private func run(_ server: Server, _ action: String) async throws {
        guard let command = TestServers.servidores else { throw TestFailure("TESTE_SERVIDORES is not set") }
        try await Command.run(command, [server.rawValue, action, "\(self.folder)/\(server.rawValue)"])
    }
}
