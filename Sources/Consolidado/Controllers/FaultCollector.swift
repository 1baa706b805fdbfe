import Contrato
import FluxoDeCaixa

/// Gathers the faults of several parameters, so that one answer names them all.
struct FaultCollector {
    private var faults: [ErroDeCampo]

    init(_ faults: [ErroDeCampo]) {
        self.faults = faults
    }

    /// The value, or nil and its faults kept.
    mutating func collect<Value>(_ read: () throws(ErrosDeCampo) -> Value) -> Value? {
        do throws(ErrosDeCampo) {
            return try read()
        } catch {
            self.faults += error.erros
            return nil
        }
    }

    /// Both values.
    /// - Throws: `invalido` with every fault if there is any.
    func values<First, Second>(_ first: First?, _ second: Result<Second, ErrosDeCampo>) throws(Problema) -> (First, Second) {
        if let first, case .success(let second) = second, self.faults.isEmpty { return (first, second) }
        var faults = self.faults
        if case .failure(let error) = second { faults = error.erros + faults }
        throw Problema(ErrosDeCampo(faults))
    }
}
