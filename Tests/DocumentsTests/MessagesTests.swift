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
        #expect(names == [NomesAMQP.Exchange.lancamentos, NomesAMQP.Exchange.comandos, NomesAMQP.Exchange.consolidados])
        #expect(exchanges.allSatisfy { $0["type"]?.text == "topic" && $0["durable"] == .bool(true) })
    }

    @Test func `queues, their arguments and bindings are the code's`() throws {
        let queues = try Self.channels().filter { $0.value["bindings"]?["amqp"]?["is"]?.text == "queue" }
        let names = queues.compactMap { $0.value["bindings"]?["amqp"]?["queue"]?["name"]?.text }
        let expected = [
            NomesAMQP.Queue.consolidado, NomesAMQP.Queue.consolidadoDLQ, NomesAMQP.Queue.comandos, NomesAMQP.Queue.comandosDLQ,
        ]
        #expect(names.sorted() == expected.sorted())
        var bindings: [String] = []
        for queue in queues {
            let arguments = try #require(queue.value["x-argumentos"])
            #expect(arguments.names == [NomesAMQP.QueueArgument.type, NomesAMQP.QueueArgument.deliveryLimit], "\(queue.name)")
            #expect(arguments[NomesAMQP.QueueArgument.type]?.text == NomesAMQP.QueueArgument.quorum)
            #expect(arguments[NomesAMQP.QueueArgument.deliveryLimit]?.integer == Int(NomesAMQP.QueueArgument.deliveryLimitValue))
            #expect(queue.value["address"]?.text == queue.value["bindings"]?["amqp"]?["queue"]?["name"]?.text)
            for binding in try #require(queue.value["x-ligacoes"]).elements {
                bindings.append("\(binding["exchange"]?.text ?? "") \(binding["chave"]?.text ?? "") \(queue.value["address"]?.text ?? "")")
            }
        }
        #expect(
            Set(bindings) == [
                "\(NomesAMQP.Exchange.lancamentos) \(NomesAMQP.RoutingKey.todosOsRegistrados) \(NomesAMQP.Queue.consolidado)",
                "\(NomesAMQP.Exchange.comandos) \(NomesAMQP.RoutingKey.todosOsComandos) \(NomesAMQP.Queue.comandos)",
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
                "\(NomesAMQP.Exchange.lancamentos) \(NomesAMQP.RoutingKey.registrado(.credito, conta).replacing("credito", with: "{tipo}"))",
                "\(NomesAMQP.Exchange.comandos) \(NomesAMQP.RoutingKey.registrar)",
                "\(NomesAMQP.Exchange.comandos) \(NomesAMQP.RoutingKey.registrar(conta))",
                "\(NomesAMQP.Exchange.consolidados) \(NomesAMQP.RoutingKey.atualizado(conta))",
            ])
        let registered = try #require(try Self.channels().first { $0.name == "lancamentosRegistrados" })
        #expect(registered.value["parameters"]?["tipo"]?["enum"]?.texts == Tipo.allCases.map(\.rawValue))
    }

    @Test func `a dead letter has the headers that the code adds`() throws {
        let headers = try #require(try Self.messages()["CartaMorta"]?["headers"])
        #expect(headers["properties"]?["motivo"]?["enum"]?.texts == Motivo.allCases.map(\.rawValue))
        let always = [
            NomesAMQP.Header.motivo, NomesAMQP.Header.erro, NomesAMQP.Header.recebidoEm, NomesAMQP.Header.fila,
            NomesAMQP.Header.chaveDeRoteamento,
        ]
        #expect(headers["required"]?.texts == always)
        #expect(headers["properties"]?.names == always + [NomesAMQP.Header.usuario])
    }

    @Test func `messages have the content types, types and headers of the code`() throws {
        let messages = try Self.messages()
        for name in ["LancamentoRegistrado", "ConsolidadoAtualizado"] {
            let message = try #require(messages[name])
            #expect(message["contentType"]?.text == NomesAMQP.ContentType.cloudEvent)
            #expect(message["x-propriedades"]?["content_type"]?["const"]?.text == NomesAMQP.ContentType.cloudEvent)
            #expect(message["x-propriedades"]?["type"]?["const"] == message["payload"]?["properties"]?["type"]?["const"])
            #expect(message["name"] == message["payload"]?["properties"]?["type"]?["const"])
        }
        #expect(messages["LancamentoRegistrado"]?["name"]?.text == EventoLancamentoRegistrado.type)
        #expect(messages["LancamentoRegistrado"]?["headers"]?["properties"]?.names == [NomesAMQP.Header.traceparent])
        #expect(messages["LancamentoRegistrado"]?["x-propriedades"]?["app_id"]?["const"]?.text == NomesAMQP.AppID.lancamentos)
        #expect(messages["ConsolidadoAtualizado"]?["x-propriedades"]?["app_id"]?["const"]?.text == NomesAMQP.AppID.consolidado)
        #expect(messages["RespostaRegistrado"]?["contentType"]?.text == NomesAMQP.ContentType.json)
        #expect(messages["RespostaRecusado"]?["contentType"]?.text == NomesAMQP.ContentType.problema)
        for name in ["RespostaRegistrado", "RespostaRecusado"] {
            #expect(messages[name]?["headers"]?["properties"]?.names == [NomesAMQP.Header.status])
        }
        let chave = try #require(messages["RegistrarLancamento"]?["x-propriedades"]?["message_id"]?["pattern"])
        #expect(try Documented.schema("Chave")["pattern"] == chave)
    }
}
