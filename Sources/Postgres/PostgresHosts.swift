import CLibPQ
import HostNames

/// The hosts of a database URL, each with its port.
///
/// libpq looks names up by a call that blocks. With `hostaddr` it does not; the certificate is still checked against the name in `host`.
/// <https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNECT-HOSTADDR>
struct PostgresHosts: Sendable {
    /// How long a connection waits for a name server if no address of the host is known.
    static let lookupMax: Duration = .seconds(2)

    private let hosts: [String]
    /// As many as hosts, or one for all; empty: libpq's default.
    private let ports: [String]

    /// - Parameter options: the URL's options.
    /// - Returns: nil if nothing has to be looked up: the URL has addresses itself, or names no host.
    init?(_ options: [String: String]) {
        guard let host = options["host"], !host.isEmpty, options["hostaddr"] == nil else { return nil }
        self.hosts = Self.list(host)
        self.ports = options["port"].map { Self.list($0) } ?? []
        // libpq reports the fault.
        guard self.ports.count <= 1 || self.ports.count == self.hosts.count else { return nil }
    }

    private static func list(_ text: String) -> [String] {
        text.split(separator: ",", omittingEmptySubsequences: false).map { String($0) }
    }

    /// Looks the hosts up, all at the same time.
    /// - Returns: libpq's keywords, with a host for each address. A host without an answer is left out if another has one.
    /// - Throws: ``PostgresError/Code/connectFailed`` if none has.
    func parameters(_ resolver: HostResolver) async throws(PostgresError) -> [(keyword: String, value: String)] {
        let answers = await withTaskGroup(of: (Int, Result<[String], HostNameError>).self) { group in
            for (position, host) in self.hosts.enumerated() {
                group.addTask { (position, await Self.addresses(of: host, resolver)) }
            }
            return await group.reduce(into: [Int: Result<[String], HostNameError>]()) { $0[$1.0] = $1.1 }
        }
        var entries: [(host: String, address: String, port: String?)] = []
        var failure: PostgresError?
        for (position, host) in self.hosts.enumerated() {
            switch answers[position] {
            case .success(let addresses):
                let port = self.ports.count > 1 ? self.ports[position] : self.ports.first
                entries += addresses.map { (host, $0, port) }
            case .failure(let error): failure = PostgresError(.connectFailed, detail: "\(error)")
            case nil: break
            }
        }
        if entries.isEmpty, let failure { throw failure }
        return [
            ("host", entries.map(\.host).joined(separator: ",")),
            ("hostaddr", entries.map(\.address).joined(separator: ",")),
        ] + (self.ports.isEmpty ? [] : [("port", entries.map { $0.port ?? "" }.joined(separator: ","))])
    }

    private static func addresses(of host: String, _ resolver: HostResolver) async -> Result<[String], HostNameError> {
        // The folder of a Unix socket, an abstract one, or libpq's default: no name.
        if host.isEmpty || host.hasPrefix("/") || host.hasPrefix("@") { return .success([""]) }
        do throws(HostNameError) {
            return .success(try await resolver.addresses(of: host, within: Self.lookupMax))
        } catch {
            return .failure(error)
        }
    }
}
