import Logging
import Mensageria
import MensageriaFakes
import Testing

@Suite(.timeLimit(.minutes(5))) struct DatabaseOutageTests {
    @Test func `batches that meet one outage stop consumption once`() async {
        let source = FakeSource([]) { _ in true }
        let outage = DatabaseOutage(source: source, isDatabaseReady: { true }, logger: Logger(label: "tests"))
        let receivedAt = ContinuousClock.now
        await withDiscardingTaskGroup { group in
            for _ in 0..<3 {
                group.addTask {
                    await outage.waitUntilOver(receivedAt: receivedAt)
                    #expect(await source.resumptions == 1, "all of them wait for its end")
                }
            }
        }
        #expect(await source.suspensions == 1)
        // A batch from before the outage that notices it after its end.
        await outage.waitUntilOver(receivedAt: receivedAt)
        #expect(await source.suspensions == 1)
        await outage.waitUntilOver(receivedAt: .now)
        #expect(await source.suspensions == 2)
    }
}
