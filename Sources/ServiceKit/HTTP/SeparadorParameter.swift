package import Contrato
import FluxoDeCaixa

/// The parameter `separador` of what can be had as CSV.
package enum SeparadorParameter {
    /// - Throws: a fault of `separador`.
    package static func read(_ value: String?) throws(ErrosDeCampo) -> CSVWriter.Separador {
        guard let value else { return .virgula }
        guard let separador = CSVWriter.Separador.allCases.first(where: { $0.rawValue.utf8.elementsEqual(value.utf8) }) else {
            let accepted = CSVWriter.Separador.allCases.map { "`\($0.rawValue)`" }.joined(separator: " ou ")
            throw ErrosDeCampo(campo: "separador", codigo: .valorNaoAceito, mensagem: "Aceita-se \(accepted).")
        }
        return separador
    }
}
