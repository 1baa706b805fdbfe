import Contrato
import Foundation
import SeededRandom
import Testing

@testable import Lancamentos

@Suite struct ReplyAddressTests {
    /// As RabbitMQ 3.10 writes it: base64 of a pid and of a guid.
    private static func direct(node: String = "reply@123456", tag: UInt8 = 88, numbers: Int = 12, key: Int = 16) -> String {
        let pid: [UInt8] = [131, tag, 100, 0, UInt8(node.utf8.count)] + Array(node.utf8) + [UInt8](repeating: 7, count: numbers)
        let key = Data([UInt8](repeating: 9, count: key)).base64EncodedString()
        return "amq.rabbitmq.reply-to.\(Data(pid).base64EncodedString()).\(key)"
    }

    @Test func `direct reply-to, server-named queues and the sender's own are replied to`() {
        #expect(ReplyAddress(Self.direct(), user: nil) == .direct(Self.direct()))
        #expect(ReplyAddress(Self.direct(tag: 103, numbers: 9), user: nil) != nil)
        #expect(ReplyAddress("amq.gen-JzTY20BRgKO-HjmUJj0wLg", user: nil) == .queue("amq.gen-JzTY20BRgKO-HjmUJj0wLg"))
        #expect(ReplyAddress("respostas.loja.caixa-1", user: "loja") == .queue("respostas.loja.caixa-1"))
        #expect(ReplyAddress("respostas.a.b.c", user: "a.b") == .queue("respostas.a.b.c"))
    }

    @Test(arguments: [
        "", "respostas.loja.", "respostas.loja", "respostas.outra.x", "respostas.loja.a.b", "respostas..x", "Respostas.loja.x",
        " respostas.loja.x", "amq.gen-", "amq.gen", "amq.rabbitmq.reply-to", "amq.rabbitmq.reply-to.", "amq.default",
        "lancamentos.comandos", "lancamentos.comandos.dlq", "consolidado.lancamentos", "consolidado.lancamentos.dlq",
        "amq.rabbitmq.reply-to.@@@.x", "amq.rabbitmq.reply-to.AAAA.AAAA", "amq.rabbitmq.reply-to.g2sAAA==.AAAAAAAAAAAAAAAAAAAAAA==",
    ])
    func `nothing else is`(replyTo: String) {
        #expect(ReplyAddress(replyTo, user: "loja") == nil)
        #expect(ReplyAddress(replyTo, user: nil) == nil)
    }

    @Test func `a user that is not vouched for owns no queue`() {
        #expect(ReplyAddress("respostas.loja.x", user: nil) == nil)
        #expect(ReplyAddress("respostas..x", user: "") == nil)
        // Canonically equivalent is not the same user.
        #expect(ReplyAddress("respostas.jose\u{301}.x", user: "jos\u{e9}") == nil)
    }

    @Test func `a forged direct reply-to that the broker could not decode is not replied to`() {
        #expect(ReplyAddress(Self.direct(tag: 97), user: nil) == nil)
        #expect(ReplyAddress(Self.direct(numbers: 11), user: nil) == nil)
        #expect(ReplyAddress(Self.direct(numbers: 13), user: nil) == nil)
        #expect(ReplyAddress(Self.direct(node: "semarroba"), user: nil) == nil)
        #expect(ReplyAddress(Self.direct(key: 3), user: nil) == nil)
        #expect(ReplyAddress(Self.direct() + ".x", user: nil) == nil)
        #expect(ReplyAddress(Self.direct() + "\n", user: nil) == nil)
    }

    @Test func `whatever is asked for, the answer goes to no queue of ours`() {
        var random = SeededGenerator(seed: 5)
        let parts = [
            "lancamentos", "comandos", "consolidado", "dlq", "respostas", "amq", "gen-", "rabbitmq", "reply-to", "loja", ".", ".", ".", "x",
            "\u{0}", "*", "#", "amq.gen-", "respostas.loja.", "amq.rabbitmq.reply-to.",
        ]
        let ours = [AMQPNames.Queue.comandos, AMQPNames.Queue.comandosDLQ, AMQPNames.Queue.consolidado, AMQPNames.Queue.consolidadoDLQ]
        var wrong: [String] = []
        for _ in 0..<20_000 {
            let name = (0..<Int.random(in: 1...8, using: &random)).map { _ in parts.randomElement(using: &random)! }.joined()
            let user = ["loja", "amq", "lancamentos", nil, "consolidado.lancamentos"].randomElement(using: &random)!
            guard let address = ReplyAddress(name, user: user) else { continue }
            let isAllowed =
                name.hasPrefix("amq.gen-") || name.hasPrefix("respostas.\(user ?? "?").") || name.hasPrefix("amq.rabbitmq.reply-to.")
            if ours.contains(address.routingKey) || !isAllowed { wrong.append(name) }
        }
        #expect(wrong.isEmpty)
    }
}
