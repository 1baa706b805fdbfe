import Fixtures
import HostNames
import Testing

@testable import Postgres

@Suite(.timeLimit(.minutes(5))) struct PostgresHostsTests {
    private static let names = HostResolver(
        lookup: FakeNames(["primario": ["10.0.0.1", "2001:db8::1"], "reserva": ["10.0.0.2"]]))

    private static func parameters(_ url: String) async throws -> [String: String] {
        var configuration = try PostgresConfiguration(url: url, applicationName: "tests")
        configuration.resolver = self.names
        return Dictionary(uniqueKeysWithValues: try await configuration.resolveHosts().map { ($0.keyword, $0.value) })
    }

    @Test(arguments: [
        (
            "postgresql://u@primario/b",
            ["host": "primario,primario", "hostaddr": "10.0.0.1,2001:db8::1"]
        ),
        (
            "postgresql://u@primario:5433,reserva:5434/b",
            ["host": "primario,primario,reserva", "hostaddr": "10.0.0.1,2001:db8::1,10.0.0.2", "port": "5433,5433,5434"]
        ),
        (
            "postgresql://u@reserva,192.0.2.7/b?port=5435",
            ["host": "reserva,192.0.2.7", "hostaddr": "10.0.0.2,192.0.2.7", "port": "5435,5435"]
        ),
        ("postgresql://u@reserva,ausente/b", ["host": "reserva", "hostaddr": "10.0.0.2", "port": ""]),
        ("postgresql://u@%2Frun%2Fpostgresql,reserva/b", ["host": "/run/postgresql,reserva", "hostaddr": ",10.0.0.2", "port": ","]),
    ])
    func `each address of a host is an entry with the host's name and port`(url: String, expected: [String: String]) async throws {
        #expect(try await Self.parameters(url) == expected)
    }

    @Test(arguments: ["postgresql:///b", "postgresql://u@primario/b?hostaddr=10.9.9.9", "postgresql://u@a:1,b:2,c/b?port=1,2"])
    func `what names no host, has its address or is wrong is left to libpq`(url: String) async throws {
        #expect(try await Self.parameters(url).isEmpty)
    }

    @Test func `a host without an address is a failed connection, not a wait for the name server`() async throws {
        for (names, text) in [(FakeNames([:]), "unknown"), (FakeNames(nil), "no answer")] {
            var configuration = try PostgresConfiguration(url: "postgresql://u@banco/b", applicationName: "tests")
            configuration.resolver = HostResolver(lookup: names)
            let error = await #expect(throws: PostgresError.self) { try await PostgresConnection.connect(configuration) }
            #expect(error?.code == .connectFailed)
            #expect(error?.detail.contains(text) == true)
        }
    }
}
