import Contrato
import FluxoDeCaixa

extension FuzzTarget {
    /// An accepted text is UTF-8 and can be written and read back equal; a refused one has its fault inside the text.
    static func json(_ input: [UInt8]) -> String? {
        do throws(JSONError) {
            let value = try JSONReader.read(input)
            var writer = JSONWriter()
            writer.value(value)
            guard String(validating: input, as: UTF8.self) != nil else { return "accepted, though it is not UTF-8" }
            guard try JSONReader.read(writer.bytes) == value else { return "read back as another value" }
            return nil
        } catch {
            return (0...input.count).contains(error.position) ? nil : "the fault is at \(error.position) of \(input.count)"
        }
    }

    /// An accepted entry keeps every limit and is equal when written and read again; a refused one has a bounded number of reasons.
    static func lancamento(_ input: [UInt8]) -> String? {
        guard let json = try? JSONReader.read(input), let hoje = Dia(parsing: "2026-11-24") else { return nil }
        let janela = JanelaDeDatas(hoje: hoje)
        _ = try? PedidoDeEstornoReader(janela: janela).read(json)
        for chave in [LancamentoReader.ChaveMember.refused, .accepted] {
            switch LancamentoReader(janela: janela, chave: chave).read(json) {
            case .failure(let recusa):
                if recusa.erros.isEmpty && recusa.chave != .malformada { return "refused without a reason" }
                if recusa.erros.count > 100 { return "\(recusa.erros.count) faults in one answer" }
                if recusa.erros.contains(where: { $0.mensagem.utf8.count > 1000 || $0.campo.utf8.count > 1000 }) {
                    return "an endless fault"
                }
            case .success(let novo):
                if let limite = self.limitePassado(novo) { return limite }
                let denovo = Self.escrito(novo, hoje: hoje).flatMap { escrito in
                    try? LancamentoReader(janela: janela, chave: .accepted).read(escrito).get()
                }
                guard denovo == novo else { return "another entry when written and read again" }
            }
        }
        return nil
    }

    private static func limitePassado(_ novo: NovoLancamento) -> String? {
        let textos = [(novo.descricao, 200), (novo.categoria, 64), (novo.referencia, 128)]
        for (texto, limite) in textos where (texto?.unicodeScalars.count ?? 0) > limite { return "a text longer than \(limite)" }
        if textos.contains(where: { $0.0?.utf8.contains(0) ?? false }) { return "U+0000 in a text" }
        if !(1...999_999_999_999).contains(novo.valor.centavos) { return "an amount of \(novo.valor.centavos) centavos" }
        if !(1...64).contains(novo.conta.nome.utf8.count) { return "an account of \(novo.conta.nome.utf8.count) characters" }
        if novo.metadados.itens.count > 16 { return "\(novo.metadados.itens.count) metadata" }
        return nil
    }

    /// The entry as a caller could have sent it.
    private static func escrito(_ novo: NovoLancamento, hoje: Dia) -> JSONValue? {
        let lancamento = Lancamento(novo, id: LancamentoID(bits: 0), hoje: hoje, registradoPor: nil, canal: .rest)
        guard case .object(let membros)? = try? JSONReader.read(LancamentoJSON.encode(lancamento)) else { return nil }
        let dados: Set = ["id", "registrado_em", "canal"]
        return .object(membros.filter { !dados.contains($0.name) && (novo.data != nil || $0.name != "data") })
    }

    /// An accepted event can be applied.
    static func evento(_ input: [UInt8]) -> String? {
        switch EventoLancamentoRegistrado.decode(body: input, messageID: nil) {
        case .failure(let recusa):
            return recusa.erro.isEmpty ? "refused without a reason" : nil
        case .success(let lancamento):
            if !lancamento.id.isVersion7 { return "an id that is no UUID of version 7" }
            if lancamento.valor.centavos <= 0 { return "an amount of \(lancamento.valor.centavos) centavos" }
            // With its own message_id the event is the same; with another one it is refused.
            let same = EventoLancamentoRegistrado.decode(body: input, messageID: lancamento.id.description)
            if (try? same.get()) != lancamento { return "its own message_id changes it" }
            let other = EventoLancamentoRegistrado.decode(body: input, messageID: LancamentoID(bits: lancamento.id.bits ^ 1).description)
            if (try? other.get()) != nil { return "another message_id is accepted" }
            return nil
        }
    }

    /// The first byte is the size of the pieces. The cuts of a body do not change the lote.
    static func lote(_ input: [UInt8]) -> String? {
        guard let first = input.first else { return nil }
        let body = Array(input.dropFirst())
        let size = Int(first) + 1
        let pieces = Self.pieces(of: body, size)
        var whole = LineSplitter()
        let expected = whole.receive(body).pieces + whole.finish().pieces
        var cut = LineSplitter()
        var seen: [LotePiece] = []
        for piece in pieces { seen += cut.receive(piece).pieces }
        seen += cut.finish().pieces
        if seen != expected { return "lines depend on where the body is cut" }

        let list = Self.lista([body])
        if Self.lista(pieces) != list { return "elements depend on where the body is cut" }
        // An array for the JSON reader has the same elements here.
        if body.count <= LotePiece.bytesMax, case .array(let values)? = try? JSONReader.read(body) {
            let read = list.pieces.map { piece -> JSONValue? in
                if case .lancamento(let bytes) = piece.content { try? JSONReader.read(bytes) } else { nil }
            }
            if list.failure != nil || read != values.map(Optional.some) { return "an array with other elements" }
        }
        return nil
    }

    private struct Lista: Equatable {
        var pieces: [LotePiece] = []
        var failure: LoteFault?
    }

    private static func lista(_ pieces: [[UInt8]]) -> Lista {
        var splitter = ArraySplitter()
        var lista = Lista()
        for piece in pieces {
            let (pieces, failure) = splitter.receive(piece)
            lista.pieces += pieces
            if let failure {
                lista.failure = failure
                return lista
            }
        }
        lista.failure = splitter.finish().failure
        return lista
    }

    static func pieces(of bytes: [UInt8], _ size: Int) -> [[UInt8]] {
        stride(from: 0, to: bytes.count, by: size).map { Array(bytes[$0..<min($0 + size, bytes.count)]) }
    }
}
