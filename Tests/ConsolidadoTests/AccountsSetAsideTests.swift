import AMQP
import Contrato
import FluxoDeCaixa
import Testing

@testable import Consolidado

@Suite struct AccountsSetAsideTests {
    private static let start = ContinuousClock.now

    private static func message(_ number: UInt64, _ conta: String, generation: UInt64 = 1) -> ReceivedEntry {
        let delivery = Delivery(
            tag: DeliveryTag(generation: generation, number: number), redelivered: false, exchange: "", routingKey: "",
            properties: AMQPProperties(), body: [], bodyBytesTotal: 0)
        let entry = LancamentoAplicavel(
            id: LancamentoID(bits: 0x0190_0000_0000_7000_8000_0000_0000_0000 | UInt128(number)), conta: Conta(conta)!,
            data: Dia(parsing: "2026-11-24")!, tipo: .credito, natureza: "operacional", valor: Valor(centavos: 100)!)
        return ReceivedEntry(delivery: delivery, entry: entry)
    }

    private static func numbers(_ messages: [ReceivedEntry]) -> [UInt64] { messages.map(\.delivery.tag.number).sorted() }

    @Test func `later messages of an account wait with the earlier ones, those of others do not`() {
        var accounts = AccountsSetAside()
        accounts.setAside([Self.message(1, "a")], now: Self.start)
        let others = accounts.divert([Self.message(2, "a"), Self.message(3, "b")])
        #expect(Self.numbers(others) == [3])
        #expect(Self.numbers(accounts.takeDue(messagesMax: 10, now: Self.start + .seconds(1))) == [1, 2])
    }

    @Test func `pauses double up to their limit while an account stays locked, and a free account is forgotten`() {
        var accounts = AccountsSetAside()
        var now = Self.start
        var pauses: [Duration] = []
        accounts.setAside([Self.message(1, "a")], now: now)
        for _ in 0..<6 {
            let next = accounts.nextRetry!
            pauses.append(next - now)
            now = next
            #expect(accounts.takeDue(messagesMax: 10, now: now - .nanoseconds(1)).isEmpty)
            accounts.setAside(accounts.takeDue(messagesMax: 10, now: now), now: now)
            accounts.tried(now: now)
        }
        #expect(pauses == [100, 200, 400, 800, 1000, 1000].map { .milliseconds($0) })
        _ = accounts.takeDue(messagesMax: 10, now: now + .seconds(1))
        accounts.tried(now: now + .seconds(1))
        #expect(accounts.isEmpty)
    }

    @Test func `what arrives for an account while it is tried is due at once afterwards`() {
        var accounts = AccountsSetAside()
        accounts.setAside([Self.message(1, "a")], now: Self.start)
        let now = Self.start + .seconds(1)
        #expect(Self.numbers(accounts.takeDue(messagesMax: 10, now: now)) == [1])
        #expect(accounts.divert([Self.message(2, "a")]).isEmpty)
        accounts.tried(now: now)
        #expect(accounts.nextRetry == now)
        #expect(Self.numbers(accounts.takeDue(messagesMax: 10, now: now)) == [2])
    }

    @Test func `accounts are tried up to a number of messages together, and at least one`() {
        var accounts = AccountsSetAside()
        accounts.setAside((1...6).map { Self.message($0, "a") } + (7...12).map { Self.message($0, "b") }, now: Self.start)
        let now = Self.start + .seconds(1)
        #expect(accounts.takeDue(messagesMax: 5, now: now).count == 6)
        #expect(accounts.takeDue(messagesMax: 5, now: now).count == 6)
        #expect(accounts.takeDue(messagesMax: 5, now: now).isEmpty)
    }

    @Test func `messages of a closed channel are dropped when a later one delivers`() {
        var accounts = AccountsSetAside()
        accounts.setAside([Self.message(1, "a"), Self.message(2, "b")], now: Self.start)
        // The account is not locked for its redelivered message until a statement has met the lock again.
        #expect(Self.numbers(accounts.divert([Self.message(1, "a", generation: 2)])) == [1])
        #expect(accounts.isEmpty)
        accounts.setAside([Self.message(1, "a", generation: 2)], now: Self.start)
        accounts.forget(before: 2)
        #expect(accounts.messageCount == 1)
        accounts.forget(before: 3)
        #expect(accounts.isEmpty)
    }

    @Test func `room is made each time that so many more messages wait, up to a limit`() {
        var accounts = AccountsSetAside()
        func takeRoom() -> Bool { accounts.takeRoom(every: 10) }
        func add(_ numbers: ClosedRange<UInt64>) { accounts.setAside(numbers.map { Self.message($0, "a") }, now: Self.start) }
        add(1...9)
        #expect(!takeRoom())
        add(10...10)
        #expect(takeRoom())
        #expect(!takeRoom())
        add(11...20)
        #expect(takeRoom())
        // Fewer wait again: the broker counts from there.
        accounts.forget(before: 2)
        accounts.setAside((1...10).map { Self.message($0, "a", generation: 2) }, now: Self.start)
        #expect(takeRoom())
        accounts.setAside((11...10_020).map { Self.message($0, "a", generation: 2) }, now: Self.start)
        #expect(takeRoom())
        accounts.setAside((10_021...10_040).map { Self.message($0, "a", generation: 2) }, now: Self.start)
        #expect(!takeRoom())
    }

    @Test func `only what lasts is reported, once when it begins and once when it ends`() {
        var accounts = AccountsSetAside()
        accounts.setAside([Self.message(1, "a"), Self.message(2, "b")], now: Self.start)
        #expect(accounts.change(now: Self.start) == nil)
        #expect(accounts.change(now: Self.start + .seconds(1)) == .began(accounts: 2, messages: 2))
        #expect(accounts.change(now: Self.start + .seconds(2)) == nil)
        _ = accounts.takeDue(messagesMax: 10, now: Self.start + .seconds(3))
        accounts.tried(now: Self.start + .seconds(3))
        #expect(accounts.change(now: Self.start + .seconds(3)) == .ended(after: .seconds(3)))
        #expect(accounts.change(now: Self.start + .seconds(4)) == nil)
        // A batch of another instance: over before it is worth a line.
        accounts.setAside([Self.message(3, "a")], now: Self.start)
        _ = accounts.takeDue(messagesMax: 10, now: Self.start + .milliseconds(100))
        accounts.tried(now: Self.start + .milliseconds(100))
        #expect(accounts.change(now: Self.start + .milliseconds(100)) == nil)
    }
}
