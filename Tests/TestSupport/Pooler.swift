import Foundation

/// A PgBouncer in front of a database.
package struct Pooler: Sendable {
    private static let program = "/usr/sbin/pgbouncer"

    package static var isInstalled: Bool { FileManager.default.isExecutableFile(atPath: self.program) }

    /// The database's URL through the pooler.
    package let url: String

    /// Runs the closure with a pooler, and ends it afterwards.
    /// - Parameters:
    ///   - url: the database's URL.
    ///   - mode: its `pool_mode`.
    package static func with<Value>(_ url: String, mode: String, _ body: (Pooler) async throws -> Value) async throws -> Value {
        guard let folder = TestServers.folder else { throw TestFailure("TESTE_DIR is not set") }
        guard var address = URLComponents(string: url), let host = address.host, let port = address.port, let user = address.user else {
            throw TestFailure("the database's URL names no host, port and user")
        }
        let listening = try FreePort.find()
        let file = "\(folder)/pgbouncer-\(TestServers.uniqueName())"
        let password = address.password.map { " password=\($0)" } ?? ""
        let settings = """
            [databases]
            * = host=\(host) port=\(port) user=\(user)\(password)
            [pgbouncer]
            listen_addr = 127.0.0.1
            listen_port = \(listening)
            unix_socket_dir =
            auth_type = any
            pool_mode = \(mode)
            ignore_startup_parameters = options
            """
        try settings.write(toFile: "\(file).ini", atomically: false, encoding: .utf8)
        // It refuses to run as root.
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: "\(file).ini")
        let process = try ChildProcess(
            self.program, ["-q", "-u", "nobody", "\(file).ini"], environment: [:], output: "\(file).log")
        defer { process.kill() }
        address.port = listening
        guard let pooled = address.string else { throw TestFailure("no URL of the pooler") }
        return try await body(Pooler(url: pooled))
    }
}
