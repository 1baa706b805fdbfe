package import FluxoDeCaixa

/// The event of a changed day of an account: CloudEvents 1.0, structured JSON.
///
/// It contains the sums of the day itself. Opening and closing balance are left out because they change with earlier days.
package enum EventoConsolidadoAtualizado {
    package static let source = "/fluxo-caixa/consolidado"
    /// The member `type`, and the AMQP property of that name; the number at its end is the major version.
    package static let type = "br.fluxocaixa.consolidado.atualizado.v1"

    package struct Noticia: Sendable, Equatable {
        package let conta: Conta
        package let movimento: MovimentoDoDia
        /// The account's version, read together with the sums.
        package let versao: Int64
        /// When the day last changed.
        package let atualizadoEm: Instante

        package init(conta: Conta, movimento: MovimentoDoDia, versao: Int64, atualizadoEm: Instante) {
            self.conta = conta
            self.movimento = movimento
            self.versao = versao
            self.atualizadoEm = atualizadoEm
        }

        /// The member `id`. Of two events of one day, the one with the higher version is newer.
        package var id: String { "\(self.conta.nome)/\(self.movimento.data)/\(self.versao)" }
    }

    /// An event of this type as a subscriber uses it.
    package struct Recebida: Sendable, Equatable {
        package let conta: Conta
        package let data: Dia
        package let versao: Int64
        /// The member `data` as JSON, without line breaks.
        package let dados: [UInt8]
    }

    /// Reads an event. Members of `data` that this program does not know are kept: the contract grows.
    /// - Returns: nil if it is not an event of this type.
    package static func decode(_ body: [UInt8]) -> Recebida? {
        guard let evento = try? JSONReader.read(body), evento["type"]?.text?.hasSameBytes(as: self.type) == true,
            let dados = evento["data"], let conta = dados["conta"]?.text.flatMap({ Conta($0) }),
            let data = dados["data"]?.text.flatMap({ Dia(parsing: $0) }), let versao = dados["versao"]?.integer
        else { return nil }
        var writer = JSONWriter(reservedBytes: 512)
        writer.value(dados)
        return Recebida(conta: conta, data: data, versao: Int64(versao), dados: writer.bytes)
    }

    /// The member `dataschema`: where the JSON schema of `data` is served.
    package static func dataschema(urlPublica: String) -> String {
        "\(urlPublica)/esquemas/consolidado-atualizado-v1.json"
    }

    package static func encode(_ noticia: Noticia, urlPublica: String) -> [UInt8] {
        var writer = JSONWriter(reservedBytes: 1024)
        writer.object { writer in
            writer.member("specversion", "1.0")
            writer.member("id", noticia.id)
            writer.member("source", self.source)
            writer.member("type", self.type)
            writer.member("subject", noticia.conta.nome)
            writer.member("time", noticia.atualizadoEm.description)
            writer.member("datacontenttype", AMQPNames.ContentType.json)
            writer.member("dataschema", self.dataschema(urlPublica: urlPublica))
            writer.object("data") { self.write(noticia, to: &$0) }
        }
        return writer.bytes
    }

    private static func write(_ noticia: Noticia, to writer: inout JSONWriter) {
        let movimento = noticia.movimento
        writer.member("conta", noticia.conta.nome)
        writer.member("data", movimento.data.description)
        writer.member("moeda", LancamentoJSON.moeda)
        writer.member("total_creditos", movimento.totalCreditos.description)
        writer.member("total_debitos", movimento.totalDebitos.description)
        writer.member("transferencias_entrada", movimento.transferenciasEntrada.description)
        writer.member("transferencias_saida", movimento.transferenciasSaida.description)
        writer.member("saldo_do_dia", movimento.saldoDoDia.description)
        writer.member("quantidade_creditos", movimento.quantidadeCreditos)
        writer.member("quantidade_debitos", movimento.quantidadeDebitos)
        writer.member("versao", noticia.versao)
        writer.member("atualizado_em", noticia.atualizadoEm.description)
    }
}
