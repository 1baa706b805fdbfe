import AMQP
import Contrato
import FluxoDeCaixa
import Observability
import Testing

@testable import Lancamentos

@Suite struct CommandReaderTests {
    private func refusal(_ delivery: Delivery) -> CommandRefusal? {
        do throws(CommandRefusal) {
            _ = try Comandos.reader.read(delivery)
            return nil
        } catch {
            return error
        }
    }

    private func expect(
        _ delivery: Delivery, refusedAs nome: Problema.Nome, _ motivo: Motivo, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let refusal = self.refusal(delivery)
        #expect(refusal?.problema.nome == nome, sourceLocation: sourceLocation)
        #expect(refusal?.motivo == motivo, sourceLocation: sourceLocation)
    }

    @Test func `a good command is the entry that REST would read, with the message's properties beside it`() throws {
        let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        let command = try Comandos.reader.read(Comandos.delivery { $0.headers = ["traceparent": .string(trace)] })
        #expect(command.novo.conta.nome == "loja")
        #expect(command.novo.chave?.texto == "m1")
        #expect(command.novo.data == nil && command.diaDoEnvio == nil)
        #expect(command.registradoPor == "loja")
        #expect(command.hop.traceparent.description.hasPrefix("00-0af7651916cd43dd8448eb211c80319c-"))
        #expect(command.hop.traceparent.description != trace)
    }

    @Test(arguments: ["nada", "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01"])
    func `a trace that cannot be read is replaced by a new one`(trace: String) throws {
        let command = try Comandos.reader.read(Comandos.delivery { $0.headers = ["traceparent": .string(trace)] })
        #expect(command.hop.traceparent.description.count == 55)
        #expect(!command.hop.traceparent.description.contains("0af76519"))
    }

    @Test func `only messages that arrived directly through the exchange of commands are accepted`() {
        for exchange in ["", "amq.topic", "fluxo-caixa.lancamentos", "fluxo-caixa.comandos2"] {
            self.expect(Comandos.delivery(exchange: exchange), refusedAs: .contaNaoPermitida, .origemNaoPermitida)
        }
        let died = Comandos.delivery { $0.headers = ["x-death": .array([.table(["queue": "eventos.x"])])] }
        self.expect(died, refusedAs: .contaNaoPermitida, .origemNaoPermitida)
        // Before every other fault: a dead-lettered event has no account in the place of a command's.
        self.expect(Comandos.delivery(body: "{", exchange: ""), refusedAs: .contaNaoPermitida, .origemNaoPermitida)
    }

    @Test func `the account must be the routing key's`() {
        #expect(self.refusal(Comandos.delivery(routingKey: "lancamento.registrar")) == nil)
        for key in [
            "lancamento.registrar.outra", "lancamento.registrar.loja.caixa", "lancamento.registrar.Loja", "lancamento.registrar.",
            "lancamento.registrar.#", "registrar.loja", "",
        ] {
            self.expect(Comandos.delivery(routingKey: key), refusedAs: .contaNaoPermitida, .contaNaoPermitida)
        }
        // Reported before any other fault; without an account, the faults are reported.
        let faulty = #"{"conta":"outra","tipo":"x","valor":-1}"#
        self.expect(Comandos.delivery(body: faulty), refusedAs: .contaNaoPermitida, .contaNaoPermitida)
        self.expect(Comandos.delivery(body: #"{"conta":"a..b"}"#, routingKey: "x"), refusedAs: .invalido, .invalido)
    }

    @Test func `the first refusal that applies counts`() {
        self.expect(Comandos.delivery(body: "{") { $0.messageID = nil }, refusedAs: .ilegivel, .ilegivel)
        self.expect(Comandos.delivery(routingKey: "x") { $0.messageID = nil }, refusedAs: .chaveInvalida, .semMessageID)
        self.expect(Comandos.delivery(body: #"{"conta":"loja"}"#, routingKey: "x"), refusedAs: .contaNaoPermitida, .contaNaoPermitida)
        let deep = String(repeating: "[", count: 17) + String(repeating: "]", count: 17)
        self.expect(Comandos.delivery(body: deep), refusedAs: .ilegivel, .ilegivel)
        let long = #"{"conta":"loja","tipo":"credito","valor":"1.00"}"# + String(repeating: " ", count: CommandReader.bodyBytesMax)
        self.expect(Comandos.delivery(body: long), refusedAs: .corpoGrande, .ilegivel)
        self.expect(Comandos.delivery(body: long) { $0.contentType = "text/plain" }, refusedAs: .tipoDeMidia, .ilegivel)
        let largest = #"{"conta":"loja","tipo":"credito","valor":"1.00"}"#
        let padding = String(repeating: " ", count: CommandReader.bodyBytesMax - largest.utf8.count)
        #expect(self.refusal(Comandos.delivery(body: largest + padding)) == nil)
    }

    @Test func `every fault is reported at once, and the dead letter names them`() throws {
        let refusal = try #require(self.refusal(Comandos.delivery(body: #"{"conta":"loja","tipo":"x","valor":0,"chave":"k"}"#)))
        #expect(refusal.problema.erros.map(\.campo) == ["tipo", "valor", "chave"])
        #expect(refusal.messageRefusal.motivo == .invalido)
        for field in ["`tipo`", "`valor`", "`chave`"] { #expect(refusal.messageRefusal.erro.contains(field)) }
    }

    @Test func `the message id is the key, literally`() throws {
        for id in ["\"aspas\"", "a,b", String(repeating: "k", count: 128)] {
            #expect(try Comandos.reader.read(Comandos.delivery { $0.messageID = id }).novo.chave?.texto == id)
        }
        for id in [nil, "", " ", "a b", "ç", "\u{0}", String(repeating: "k", count: 129)] {
            self.expect(Comandos.delivery { $0.messageID = id }, refusedAs: .chaveInvalida, .semMessageID)
        }
    }

    @Test func `without a day the timestamp's counts, under the same window`() throws {
        let command = try Comandos.reader.read(Comandos.delivery { $0.timestamp = Comandos.ontem })
        #expect(command.diaDoEnvio == Dia(parsing: "2026-11-23"))
        #expect(command.novo.data == nil)
        let dated = #"{"conta":"loja","tipo":"credito","valor":"1.00","data":"2026-11-20"}"#
        // An unused timestamp may have any value.
        #expect(self.refusal(Comandos.delivery(body: dated) { $0.timestamp = 0 }) == nil)
        for timestamp in [0, 1_000_000, Comandos.ontem + 3 * 86_400, Comandos.ontem * 1000, .max] {
            let refusal = try #require(self.refusal(Comandos.delivery { $0.timestamp = timestamp }))
            #expect(refusal.problema.erros.map(\.campo) == ["data"])
            #expect(refusal.problema.erros.map(\.codigo) == [.foraDoIntervalo])
        }
        let wrong = Comandos.delivery(body: #"{"conta":"loja","tipo":"credito","valor":"1.00","data":"x"}"#) { $0.timestamp = 0 }
        #expect(self.refusal(wrong)?.problema.erros.map(\.codigo) == [.formato])
        let null = Comandos.delivery(body: #"{"conta":"loja","tipo":"credito","valor":"1.00","data":null}"#) { $0.timestamp = 0 }
        #expect(self.refusal(null)?.problema.erros.map(\.codigo) == [.foraDoIntervalo])
    }

    @Test func `a media type is not asked for, but another is refused`() {
        for type in [nil, "", "application/json", "Application/JSON; charset=utf-8", "application/json ;x"] {
            #expect(self.refusal(Comandos.delivery { $0.contentType = type }) == nil)
        }
        for type in ["text/plain", "application/jsonx", "application/cloudevents+json"] {
            self.expect(Comandos.delivery { $0.contentType = type }, refusedAs: .tipoDeMidia, .ilegivel)
        }
        for encoding in [nil, "", "utf-8", "UTF-8", "identity"] {
            #expect(self.refusal(Comandos.delivery { $0.contentEncoding = encoding }) == nil)
        }
        self.expect(Comandos.delivery { $0.contentEncoding = "gzip" }, refusedAs: .tipoDeMidia, .ilegivel)
    }
}
