package import Contrato
package import FluxoDeCaixa

/// The parameters of a query, in their order.
package struct QueryParameters: Sendable {
    private let pairs: [(name: String, value: String)]

    /// Longest part of an unknown name that an answer repeats, in Unicode scalars.
    private static let nameMaxScalars = 64

    /// Reads `a=1&b=2`; `+` is a space, a name without `=` has an empty value.
    ///
    /// - Throws: `ilegivel` if percent-encoding or UTF-8 cannot be read.
    package init(parsing query: Substring?) throws(Problema) {
        var pairs: [(name: String, value: String)] = []
        for part in (query ?? "").utf8.split(separator: UInt8(ascii: "&")) {
            let equals = part.firstIndex(of: UInt8(ascii: "="))
            let rawValue = equals.map { part[part.index(after: $0)...] }
            guard let name = PercentEncoding.decode(part[..<(equals ?? part.endIndex)], plusIsSpace: true),
                let value = rawValue.map({ PercentEncoding.decode($0, plusIsSpace: true) }) ?? ""
            else { throw Problema(.ilegivel, detail: "A consulta (depois de ?) tem codificação por cento ou UTF-8 inválidos.") }
            pairs.append((name, value))
        }
        self.pairs = pairs
    }

    /// The values of the parameters in `known`, and a fault for each that is unknown, repeated, or holds U+0000.
    ///
    /// Of a repeated parameter the first value is given, so that its other faults can be told as well.
    package func values(known: [String]) -> (values: [String: String], faults: [ErroDeCampo]) {
        var values: [String: String] = [:]
        var faults: [ErroDeCampo] = []
        var told: Set<String> = []
        for (name, value) in self.pairs {
            guard known.contains(where: { $0.utf8.elementsEqual(name.utf8) }) else {
                let shown = String(String.UnicodeScalarView(name.unicodeScalars.prefix(Self.nameMaxScalars)))
                if told.insert(shown).inserted {
                    let accepted = known.isEmpty ? "nenhum parâmetro é aceito aqui" : "aceitam-se: \(known.joined(separator: ", "))"
                    faults.append(ErroDeCampo(campo: shown, codigo: .desconhecido, mensagem: "Parâmetro desconhecido; \(accepted)."))
                }
                continue
            }
            if values[name] != nil {
                if told.insert(name).inserted {
                    faults.append(ErroDeCampo(campo: name, codigo: .repetido, mensagem: "O parâmetro só pode aparecer uma vez."))
                }
                continue
            }
            values[name] = value
            if value.utf8.contains(0) {
                faults.append(
                    ErroDeCampo(campo: name, codigo: .caractereProibido, mensagem: "O caractere U+0000 não é aceito."))
            }
        }
        return (values, faults)
    }
}
