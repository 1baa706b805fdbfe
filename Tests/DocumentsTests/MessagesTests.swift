import Contrato
import Documents
import FluxoDeCaixa
import Testing

/// `config/asyncapi.yaml` has the names that the code has, and no others.
@Suite struct MessagesTests {
    private static func channels() throws -> [JSONMember] { try #require(try Documented.asyncAPI().value["channels"]).members }

    private static func messages() throws -> JSONValue { try #require(try Documented.asyncAPI().value["components"]?["messages"]) }

    @Test func `exchanges are the code's`() throws {
        let exchanges = try Self.channels().compactMap { $0.value["bindings"]?["amqp"]?["exchange"] }
        let names = Set(exchanges.compactMap { $0["name"]?.text })
        #expect(names == [AMQPNames.Exchange.lancamentos, AMQPNames.Exchange.comandos, AMQPNames.Exchange.consolidados])
        #expect(exchanges.allSatisfy { $0["type"]?.text == "topic" && $0["durable"] == .bool(true) })
    }

    @Test func `queues, their arguments and bindings are the code's`() throws {
        let queues = try Self.channels().filter { $0.value["bindings"]?["amqp"]?["is"]?.text == "queue" }
        let names = queues.compactMap { $0.value["bindings"]?["amqp"]?["queue"]?["name"]?.text }
        let expected = [
            AMQPNames.Queue.consolidado, AMQPNames.Queue.consolidadoDLQ, AMQPNames.Queue.comandos, AMQPNames.Queue.comandosDLQ,
        ]
        #expect(names.sorted() == expected.sorted())
        var bindings: [String] = []
        for queue in queues {
            let arguments = try #require(queue.value["x-argumentos"])
            #expect(arguments.names == [AMQPNames.QueueArgument.type, AMQPNames.QueueArgument.deliveryLimit], "\(queue.name)")
            #expect(arguments[AMQPNames.QueueArgument.type]?.text == AMQPNames.QueueArgument.quorum)
            #expect(arguments[AMQPNames.QueueArgument.deliveryLimit]?.integer == Int(AMQPNames.QueueArgument.deliveryLimitValue))
            #expect(queue.value["address"]?.text == queue.value["bindings"]?["amqp"]?["queue"]?["name"]?.text)
            for binding in try #require(queue.value["x-ligacoes"]).elements {
                bindings.append("\(binding["exchange"]?.text ?? "") \(binding["chave"]?.text ?? "") \(queue.value["address"]?.text ?? "")")
            }
        }
        #expect(
            Set(bindings) == [
                "\(AMQPNames.Exchange.lancamentos) \(AMQPNames.RoutingKey.allRegistrados) \(AMQPNames.Queue.consolidado)",
                "\(AMQPNames.Exchange.comandos) \(AMQPNames.RoutingKey.allComandos) \(AMQPNames.Queue.comandos)",
            ])
    }

    @Test func `routing keys are the code's`() throws {
        let conta = try #require(Conta("loja42.caixa"))
        let keys = try Self.channels().filter { $0.value["bindings"]?["amqp"]?["is"]?.text == "routingKey" }.map { channel in
            let address = try #require(channel.value["address"]?.text).replacing("{conta}", with: conta.nome)
            return "\(channel.value["bindings"]?["amqp"]?["exchange"]?["name"]?.text ?? "") \(address)"
        }
        #expect(
            Set(keys) == [
                "\(AMQPNames.Exchange.lancamentos) \(AMQPNames.RoutingKey.registrado(.credito, conta).replacing("credito", with: "{tipo}"))",
                "\(AMQPNames.Exchange.comandos) \(AMQPNames.RoutingKey.registrar)",
                "\(AMQPNames.Exchange.comandos) \(AMQPNames.RoutingKey.registrar(conta))",
                "\(AMQPNames.Exchange.consolidados) \(AMQPNames.RoutingKey.atualizado(conta))",
            ])
        let registered = try #require(try Self.channels().first { $0.name == "lancamentosRegistrados" })
        #expect(registered.value["parameters"]?["tipo"]?["enum"]?.texts == Tipo.allCases.map(\.rawValue))
    }

    @Test func `a dead letter has the headers that the code adds`() throws {
        let headers = try #require(try Self.messages()["CartaMorta"]?["headers"])
        #expect(headers["properties"]?["motivo"]?["enum"]?.texts == Motivo.allCases.map(\.rawValue))
        let always = [
            AMQPNames.Header.motivo, AMQPNames.Header.erro, AMQPNames.Header.recebidoEm, AMQPNames.Header.fila,
            AMQPNames.Header.chaveDeRoteamento,
        ]
        #expect(headers["required"]?.texts == always)
        #expect(headers["properties"]?.names == always + [AMQPNames.Header.usuario])
    }

    @Test func `messages have the content types, types and headers of the code`() throws {
        let messages = try Self.messages()
        for name in ["LancamentoRegistrado", "ConsolidadoAtualizado"] {
            let message = try #require(messages[name])
            #expect(message["contentType"]?.text == AMQPNames.ContentType.cloudEvent)
            #expect(message["x-propriedades"]?["content_type"]?["const"]?.text == AMQPNames.ContentType.cloudEvent)
            #expect(message["x-propriedades"]?["type"]?["const"] == message["payload"]?["properties"]?["type"]?["const"])
            #expect(message["name"] == message["payload"]?["properties"]?["type"]?["const"])
        }
        #expect(messages["LancamentoRegistrado"]?["name"]?.text == EventoLancamentoRegistrado.type)
        #expect(messages["LancamentoRegistrado"]?["headers"]?["properties"]?.names == [AMQPNames.Header.traceparent])
        #expect(messages["LancamentoRegistrado"]?["x-propriedades"]?["app_id"]?["const"]?.text == AMQPNames.AppID.lancamentos)
        #expect(messages["ConsolidadoAtualizado"]?["x-propriedades"]?["app_id"]?["const"]?.text == AMQPNames.AppID.consolidado)
        #expect(messages["RespostaRegistrado"]?["contentType"]?.text == AMQPNames.ContentType.json)
        #expect(messages["RespostaRecusado"]?["contentType"]?.text == AMQPNames.ContentType.problema)
        for name in ["RespostaRegistrado", "RespostaRecusado"] {
            #expect(messages[name]?["headers"]?["properties"]?.names == [AMQPNames.Header.status])
        }
        let chave = try #require(messages["RegistrarLancamento"]?["x-propriedades"]?["message_id"]?["pattern"])
        #expect(try Documented.schema("Chave")["pattern"] == chave)
    }
}
