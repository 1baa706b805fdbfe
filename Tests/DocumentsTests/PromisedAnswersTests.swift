import AMQP
import Access
import Contrato
import FluxoDeCaixa
import Testing

@testable import Documents
@testable import Lancamentos

/// What the documents promise of answers is what the code answers.
@Suite struct PromisedAnswersTests {
    private static let services = PublishedDocument.Service.allCases

    private static func mediaTypes(in text: String) -> Set<String> {
        let written = text.matches(of: /(?:application|text|image)\/[a-z0-9.+-]*[a-z0-9]/).map { String($0.0) }
        let names = ["NDJSON": "application/x-ndjson", "CSV": "text/csv", "OFX": "application/x-ofx"]
        return Set(written + names.filter { text.contains($0.key) }.map { $0.value })
    }

    @Test(arguments: services)
    func `a call's texts name no media type that it neither accepts nor answers`(service: PublishedDocument.Service) throws {
        let document = try Documented.openAPI(service)
        var named = 0
        for operation in document.operations {
            let call = APIOperation(operation, of: service, in: document)
            let answered = Set(call.answers.flatMap(\.media).map(\.type))
            let known = answered.union(call.body.map(\.type)).union(["application/problem+json"])
            var texts = [call.summary, call.description] + call.parameters.map(\.description) + call.answers.map(\.description)
            texts += call.answers.flatMap { $0.headers.compactMap { $0.value["description"]?.text } }
            for text in texts {
                let types = Self.mediaTypes(in: text)
                #expect(types.subtracting(known) == [], "\(call.id): \(text)")
                named += types.count
            }
            // A caller chooses among exactly what is answered.
            let accept = call.parameters(in: .header).first { $0.name == "Accept" }
            if let accept { #expect(Self.mediaTypes(in: accept.description) == answered, "\(call.id)") }
            #expect(call.isOpen || (accept != nil) == (answered.count > 1), "\(call.id)")
        }
        #expect(named > 5)
    }

    @Test func `the lines of a lote have the members and problems that are documented`() throws {
        let document = try Documented.openAPI(.lancamentos)
        let lote = try #require(document.operations.first { $0.path == "/v1/lancamentos/lote" })
        let answer = try #require(APIOperation(lote, of: .lancamentos, in: document).answers.first { $0.status == "200" })
        let reader = LoteEntryReader(
            identity: Identity(sub: "x", contas: [.uma(try #require(Conta("a")))], scopes: []),
            hoje: try #require(Dia(parsing: "2026-11-24")), exigirChave: true)
        let id = try #require(LancamentoID(parsing: "01900000-0000-7000-8000-000000000001"))
        let failures: [RegistrationFailure] = [
            .chaveComOutroConteudo, .sobrecarga, .bancoIndisponivel, .bancoRecusa, .resultadoDesconhecido(id), .resultadoDesconhecido(nil),
        ]
        var outcomes: [EntryOutcome] = failures.map { .failed($0, temChave: true, line: nil) }
        let refused = ["{", #"{"conta":"a"}"#, #"{"conta":"b","chave":"k"}"#, #"{"conta":"a","chave":"k"}"#]
        outcomes += refused.map { .refused(Array($0.utf8)) }
        outcomes += RowFault.allCases.map { .malformed($0, line: 2) }
        outcomes += [
            .registered(id), .replayed(id, line: 3), .wouldRepeat(line: nil), .tooLarge(line: nil),
            .wouldRegister(.credito, try #require(Valor(centavos: 1)), try #require(Dia(parsing: "2026-11-24")), line: 4),
        ]
        let lines = try LoteLines(reader: reader, simulates: true, urlPublica: "http://h", requestID: "r").lines(outcomes, from: 0)
            .split(separator: 0x0A).map { try JSONReader.read(Array($0)) }
        #expect(lines.count == outcomes.count)
        let properties = try #require(try Documented.schema("ResultadoDeLote")["properties"])
        #expect(Set(lines.flatMap(\.names)) == Set(properties.names))
        #expect(Set(lines.compactMap { $0["status"]?.integer }) == Set(properties["status"]?["enum"]?.elements.compactMap(\.integer) ?? []))
        let problems = lines.compactMap { $0["erro"]?["type"]?.text?.split(separator: "#").last.map { String($0) } }
        #expect(Set(problems) == Set(answer.lineProblems) && answer.lineProblems.count == Set(problems).count)
    }

    private static func delivery(
        _ body: String, exchange: String = AMQPNames.Exchange.comandos, type: String? = nil, id: String? = "m", bytes: Int? = nil
    ) -> Delivery {
        var properties = AMQPProperties()
        (properties.contentType, properties.messageID) = (type, id)
        return Delivery(
            tag: DeliveryTag(generation: 1, number: 1), redelivered: false, exchange: exchange, routingKey: AMQPNames.RoutingKey.registrar,
            properties: properties, body: Array(body.utf8), bodyBytesTotal: UInt64(bytes ?? body.utf8.count))
    }

    @Test func `the refusals of commands have the problems that are documented`() throws {
        let day = try #require(Dia(parsing: "2026-11-24"))
        let reader = CommandReader(hoje: { day }, dia: { _ in day })
        let refusals = [
            Self.delivery("{}", exchange: "outra"), Self.delivery("{}", type: "text/plain"), Self.delivery("{}", bytes: 65_537),
            Self.delivery("{"), Self.delivery("{}", id: nil), Self.delivery("{}"),
        ].compactMap { delivery -> CommandRefusal? in
            do throws(CommandRefusal) {
                _ = try reader.read(delivery)
                return nil
            } catch {
                return error
            }
        }
        #expect(refusals.count == 6)
        let names = (refusals + [.conflito]).map(\.problema.nome.rawValue)
        let message = try #require(try Documented.asyncAPI().value["components"]?["messages"]?["RespostaRecusado"])
        let documented = message["x-problemas"]?.texts ?? []
        #expect(Set(documented) == Set(names) && documented.count == names.count)
    }
}
