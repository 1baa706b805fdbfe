package import FluxoDeCaixa

/// The entries that the entry service has registered in a period, counted. The consolidation compares them with those that it has applied.
///
/// A count is sent in the header `conferencia` of a copy of an earlier event, to the consolidation's queue alone. It arrives behind the
/// events that it counts. A program that does not know the header reads a copy of an event that was applied before.
package struct Conferencia: Hashable, Sendable {
    /// Why the period was counted.
    package enum Passagem: String, CaseIterable, Sendable {
        /// For the first time, as soon as it is old enough.
        case nova
        /// For the second time, some minutes later: with entries that were committed late.
        case segunda
        /// Again and again, in turn with all others.
        case ronda
    }

    /// More minutes make no header that fits into a frame for certain.
    package static let minutosMax = 500

    package let passagem: Passagem
    package let registrados: ContagemPorMinuto

    package init(passagem: Passagem, registrados: ContagemPorMinuto) {
        self.passagem = passagem
        self.registrados = registrados
    }

    /// `{"passagem":"nova","de":29400000,"ate":29400001,"minutos":[[29400000,2,300,0]]}`: minutes since 1970; of each minute with entries
    /// their number, credits and debits in centavos.
    package func encode() -> String {
        var writer = JSONWriter(reservedBytes: 64 + 48 * self.registrados.itens.count)
        writer.object { writer in
            writer.member("passagem", self.passagem.rawValue)
            writer.member("de", self.registrados.periodo.lowerBound.desde1970)
            writer.member("ate", self.registrados.periodo.upperBound.desde1970)
            writer.array("minutos") { writer in
                for item in self.registrados.itens {
                    writer.array { writer in
                        writer.integer(item.minuto.desde1970)
                        writer.integer(item.contagem.quantidade)
                        writer.integer(item.contagem.creditos.centavos)
                        writer.integer(item.contagem.debitos.centavos)
                    }
                }
            }
        }
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    /// Reads what ``encode()`` wrote. Other members are ignored.
    /// - Returns: nil for anything else.
    package static func decode(_ text: String) -> Conferencia? {
        guard let json = try? JSONReader.read(Array(text.utf8)), let passagem = json["passagem"]?.text.flatMap(Passagem.init(rawValue:)),
            let de = json["de"]?.minuto, let ate = json["ate"]?.minuto, de < ate, case .array(let minutos)? = json["minutos"],
            minutos.count <= self.minutosMax
        else { return nil }
        var itens: [ContagemPorMinuto.Item] = []
        for minuto in minutos {
            guard let item = Self.item(minuto.elements), (de..<ate).contains(item.minuto) else { return nil }
            if let last = itens.last, item.minuto <= last.minuto { return nil }
            itens.append(item)
        }
        return Conferencia(passagem: passagem, registrados: ContagemPorMinuto(periodo: de..<ate, itens: itens))
    }

    private static func item(_ numbers: [JSONValue]) -> ContagemPorMinuto.Item? {
        guard numbers.count == 4, let minuto = numbers[0].minuto, let quantidade = numbers[1].whole.flatMap(Int64.init(exactly:)),
            let creditos = numbers[2].whole, let debitos = numbers[3].whole
        else { return nil }
        return .init(
            minuto: minuto,
            contagem: Contagem(
                quantidade: quantidade, creditos: Quantia(centavos: creditos), debitos: Quantia(centavos: debitos)))
    }
}

extension JSONValue {
    /// A whole number that is not negative.
    fileprivate var whole: Int128? {
        guard case .number(let text) = self, let number = Int128(text), number >= 0 else { return nil }
        return number
    }

    fileprivate var minuto: Minuto? {
        self.whole.flatMap(Int64.init(exactly:)).flatMap(Minuto.init(desde1970:))
    }
}
