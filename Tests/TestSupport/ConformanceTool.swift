import Foundation

/// The programs in `Tests/Conformance`, which see the services as a stranger's tools do.
package enum ConformanceTool {
    /// The folder of the programs.
    private static let folder = Clone.path("Tests/Conformance")
    /// The folder of the documents.
    package static let config = Clone.path("config")

    /// Runs a program to its end.
    /// - Parameters:
    ///   - stack: the tool receives its addresses and its token.
    ///   - amqpURL: the broker as an integrator sees it.
    /// - Returns: what it printed.
    /// - Throws: ``TestFailure`` with what it printed if it does not end with 0.
    @discardableResult
    package static func run(
        _ program: String, _ arguments: [String], stack: Stack? = nil, amqpURL: String? = nil
    ) async throws -> String {
        guard let python = TestServers.python else { throw TestFailure("TESTE_PYTHON is not set") }
        var environment = ["PATH": "/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1", "LANG": "C.UTF-8"]
        environment["HOME"] = TestServers.folder
        environment["ESQUEMAS_EXTERNOS"] = TestServers.environment("ESQUEMAS_EXTERNOS")
        environment["LANCAMENTOS_URL"] = stack?.lancamentos.url
        environment["CONSOLIDADO_URLS"] = stack?.consolidados.map(\.url).joined(separator: ",")
        environment["TOKEN"] = stack?.token
        environment["AUTH_HS256_SECRET"] = stack?.secret
        environment["AMQP_URL"] = amqpURL
        return try await Command.run(
            python, ["\(self.folder)/\(program)"] + arguments, environment: environment)
    }
}
