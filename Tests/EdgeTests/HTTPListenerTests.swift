import Settings
import Testing

@testable import Edge

@Suite struct HTTPListenerTests {
    @Test func `a port in use is reported with the key that changes it`() async throws {
        try await EdgeFixture().serve { port in
            var other = EdgeFixture()
            other.settings.port = port
            let listener = HTTPListener(try await other.application(), settings: other.settings, service: "lancamentos")
            let error = await #expect(throws: SettingsError.self) { try await listener.run() }
            let line = try #require(error).description
            #expect(line.contains("lancamentos.porta = \"\(port)\"") && line.contains("FLUXO_LANCAMENTOS_PORTA"), "\(line)")
        }
    }

    /// 192.0.2.1 is for documentation (RFC 5737): no machine has it.
    @Test func `an address of another machine is reported with the key that changes it`() async throws {
        var fixture = EdgeFixture()
        fixture.settings.address = "192.0.2.1"
        let listener = HTTPListener(try await fixture.application(), settings: fixture.settings, service: "consolidado")
        let error = await #expect(throws: SettingsError.self) { try await listener.run() }
        #expect(try #require(error).description.contains("consolidado.endereco = \"192.0.2.1\""))
    }
}
