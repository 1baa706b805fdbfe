package import Contrato

/// The parameters of a query, in their order.
package struct QueryParameters: Sendable {
    private let pairs: [(name: String, value: String)]

    /// Longest part of an unknown name in an answer, in Unicode scalars.
    private static let nameMaxScalars = 64

    /// Reads `a=1&b=2`; `+` is a space, a name without `=` has an empty value.
    ///
    /// - Throws: `ilegivel` if percent-encoding or UTF-8 is malformed.
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
    /// The first value of a repeated parameter is returned, so that its other faults are reported as well.
    package func values(known: [String]) -> (values: [String: String], faults: [ErroDeCampo]) {
        var values: [String: String] = [:]
        var faults: [ErroDeCampo] = []
        var reported: Set<String> = []
        for (name, value) in self.pairs {
            guard known.contains(where: { $0.utf8.elementsEqual(name.utf8) }) else {
                let shown = String(String.UnicodeScalarView(name.unicodeScalars.prefix(Self.nameMaxScalars)))
                if reported.insert(shown).inserted {
                    let accepted = known.isEmpty ? "nenhum parâmetro é aceito aqui" : "aceitam-se: \(known.joined(separator: ", "))"
                    faults.append(ErroDeCampo(campo: shown, codigo: .desconhecido, mensagem: "Parâmetro desconhecido; \(accepted)."))
                }
                continue
            }
            if values[name] != nil {
                if reported.insert(name).inserted {
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

/// Collects the faults of several parameters for one answer.
package struct FaultCollector {
    private var faults: [ErroDeCampo]

    /// Begins with the faults of the query itself.
    package init(_ faults: [ErroDeCampo] = []) {
        self.faults = faults
    }

    /// A fault found elsewhere.
    package mutating func add(_ campo: String, _ codigo: ErroDeCampo.Codigo, _ mensagem: String) {
        self.faults.append(ErroDeCampo(campo: campo, codigo: codigo, mensagem: mensagem))
    }

    /// The value; nil if it has faults, which are collected.
    package mutating func collect<Value>(_ read: () throws(ErrosDeCampo) -> Value) -> Value? {
        do throws(ErrosDeCampo) {
            return try read()
        } catch {
            self.faults += error.erros
            return nil
        }
    }

    /// The value of a result, or nil and its faults kept.
    package mutating func collect<Value>(_ result: Result<Value, ErrosDeCampo>) -> Value? {
        self.collect { () throws(ErrosDeCampo) in try result.get() }
    }

    /// - Throws: `invalido` with every fault if there is any.
    package func throwIfAny() throws(Problema) {
        guard self.faults.isEmpty else { throw Problema(ErrosDeCampo(self.faults)) }
    }
}
