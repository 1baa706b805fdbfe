package import Contrato
package import FluxoDeCaixa

/// Gathers the faults of several parameters, so that one answer names them all.
package struct FaultCollector {
    private var faults: [ErroDeCampo]

    /// Begins with the faults that the query itself has.
    package init(_ faults: [ErroDeCampo] = []) {
        self.faults = faults
    }

    /// Whether nothing was at fault so far.
    package var isEmpty: Bool { self.faults.isEmpty }

    /// A fault found elsewhere.
    package mutating func add(_ campo: String, _ codigo: ErroDeCampo.Codigo, _ mensagem: String) {
        self.faults.append(ErroDeCampo(campo: campo, codigo: codigo, mensagem: mensagem))
    }

    /// The value, or nil and its faults kept.
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
