package import FluxoDeCaixa

/// The event of a registered entry: CloudEvents 1.0, structured JSON.
package enum EventoLancamentoRegistrado {
    /// The member `source`.
    package static let source = "/fluxo-caixa/lancamentos"
    /// The member `type`, and the AMQP property of that name; the number at its end is the major version.
    package static let type = "br.fluxocaixa.lancamento.registrado.v1"

    /// The type without its major version.
    static let tipoSemVersao = "br.fluxocaixa.lancamento.registrado.v"
    static let versaoMaior = "1"

    /// The member `dataschema`: where the JSON schema of `data` is served.
    package static func dataschema(urlPublica: String) -> String {
        "\(urlPublica)/esquemas/lancamento-registrado-v1.json"
    }

    /// The key with which the event is published to ``NomesAMQP/Exchange/lancamentos``.
    package static func routingKey(_ lancamento: Lancamento) -> String {
        NomesAMQP.RoutingKey.registrado(lancamento.tipo, lancamento.conta)
    }

    /// The whole body. Equal for equal entries, so that a copy sent later is the same event; that is why `estornado_por`, which may appear
    /// between two copies, is never part of it.
    package static func encode(_ lancamento: Lancamento, urlPublica: String) -> [UInt8] {
        var registrado = lancamento
        registrado.estornadoPor = nil
        var writer = JSONWriter(capacidadeEmBytes: 1024)
        writer.object { writer in
            writer.member("specversion", "1.0")
            writer.member("id", registrado.id.description)
            writer.member("source", source)
            writer.member("type", type)
            writer.member("subject", registrado.conta.nome)
            writer.member("time", registrado.registradoEm.description)
            writer.member("datacontenttype", NomesAMQP.ContentType.json)
            writer.member("dataschema", dataschema(urlPublica: urlPublica))
            writer.name("data")
            LancamentoJSON.write(registrado, to: &writer)
        }
        return writer.bytes
    }

    /// What the balance needs of a received event, or why it can never be applied.
    ///
    /// Form alone is checked, never against a clock: what was registered must be applicable. Members that are not needed are ignored.
    /// `messageID` is the AMQP property; where there is one it must name the same entry.
    package static func decode(body: [UInt8], messageID: String?) -> Result<LancamentoAplicavel, RecusaDeEvento> {
        let json: JSONValue
        do throws(JSONError) {
            json = try JSONReader.read(body)
        } catch {
            return .failure(RecusaDeEvento(motivo: .ilegivel, erro: error.mensagem))
        }
        var leitura = LeituraDeEvento(json)
        if let outra = leitura.versaoMaiorDesconhecida {
            return .failure(RecusaDeEvento(motivo: .versaoDesconhecida, erro: "A versão \(outra) do evento não é conhecida."))
        }
        guard let lancamento = leitura.lancamento(messageID: messageID) else {
            return .failure(RecusaDeEvento(motivo: .invalido, erro: leitura.falhas.joined(separator: " ")))
        }
        return .success(lancamento)
    }
}
