import Testing

@testable import ServiceKit

@Suite struct HealthRegistryTests {
    @Test func readyOnlyIfAllAreWell() async {
        let health = HealthRegistry()
        #expect(await health.readiness().isReady)
        health.register("banco") { nil }
        #expect(await health.readiness().isReady)
        health.register("esquema") { "versão 2; aceita-se 3" }
        let readiness = await health.readiness()
        #expect(!readiness.isReady)
        let banco = #""banco":{"pronto":true}"#
        let esquema = #""esquema":{"pronto":false,"motivo":"versão 2; aceita-se 3"}"#
        let json = #"{"pronto":false,"encerrando":false,"dependencias":{\#(banco),\#(esquema)}}"#
        #expect(String(decoding: readiness.json, as: UTF8.self) == json)
        health.register("esquema") { nil }
        #expect(await health.readiness().isReady)
    }

    @Test func drainingIsNotReady() async {
        let health = HealthRegistry()
        health.drain()
        let readiness = await health.readiness()
        #expect(readiness.isDraining && !readiness.isReady)
    }

    @Test func silentCheckFailsInsteadOfHanging() async {
        let health = HealthRegistry(checkMaxMs: 1)
        health.register("banco") {
            // Ends only by cancellation.
            for await _ in AsyncStream<Void>.makeStream().stream {}
            return nil
        }
        #expect(await health.readiness().dependencies.map(\.reason) == ["sem resposta em 1 ms"])
    }
}
