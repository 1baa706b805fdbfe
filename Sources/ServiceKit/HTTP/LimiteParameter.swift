package import Contrato
import FluxoDeCaixa

/// The parameter `limite` of lists: how many items a page has.
package enum LimiteParameter {
    /// What is accepted.
    package static let accepted = 1...500
    /// Where it is absent.
    package static let standard = 50

    /// - Throws: a fault of `limite`.
    package static func read(_ value: String?) throws(ErrosDeCampo) -> Int {
        guard let value else { return self.standard }
        // Decimal digits only: `Int` alone would take "+5". The length keeps it from overflowing.
        guard (1...9).contains(value.utf8.count), value.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let limit = Int(value) else {
            throw ErrosDeCampo(campo: "limite", codigo: .formato, mensagem: self.message)
        }
        guard self.accepted.contains(limit) else {
            throw ErrosDeCampo(campo: "limite", codigo: .foraDoIntervalo, mensagem: self.message)
        }
        return limit
    }

    private static let message = "Deve ser um inteiro de \(accepted.lowerBound) a \(accepted.upperBound)."
}
