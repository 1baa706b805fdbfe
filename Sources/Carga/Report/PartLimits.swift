import Contrato
import Foundation

/// What the parts of the system carry alone, as measured by `limites`. The figures of the whole are compared with it.
struct PartLimits: Sendable {
    /// Which limit bounds which figure, and the share of it that is the target.
    private static let bounds: [(figure: String, group: String, limit: String, of: String, target: Double)] = [
        ("limite_por_segundo", "compostos", "escrita", "the composed write limit", 0.6),
        ("lote_consolidados_por_segundo", "compostos", "lote", "the composed limit of a lote", 0.6),
        ("leitura_por_segundo", "compostos", "leitura", "the composed read limit", 0.8),
        ("rajada_por_segundo", "partes", "A", "applying alone", 0.5),
    ]

    private let value: JSONValue

    init(path: String) throws(Unreadable) {
        guard let bytes = FileManager.default.contents(atPath: path), let value = try? JSONReader.read(Array(bytes)),
            value["compostos"] != nil
        else { throw Unreadable(path: path) }
        self.value = value
    }

    /// What a minimal service needs at the rates of `pico`. `limites` writes thousandths of these units.
    private static let atPeak: [(member: String, figure: String, label: String, unit: String)] = [
        ("nu_escrita_p99_us", "pico_nu_p99_escrita_ms", "bare handlers at 500/s each: p99 of a write", "ms"),
        ("nu_leitura_p99_us", "pico_nu_p99_leitura_ms", "and of a read", "ms"),
        ("nu_processador_milesimos", "pico_nu_processador", "and their processor time", "cores"),
        ("insercao_p99_us", "pico_nu_p99_insercao_ms", "a single durable insert at 500/s: p99", "ms"),
    ]

    /// Returns the result with a ratio for each bounded figure and, for `pico`, with the figures of a minimal service.
    func compared(_ result: ScenarioResult) -> ScenarioResult {
        var result = result
        if result.name == .pico {
            for part in Self.atPeak {
                guard case .number(let text)? = self.value["pico"]?[part.member], let value = Double(text) else { continue }
                result.figures.append(Figure(name: part.figure, label: part.label, value: value / 1000, unit: part.unit))
            }
        }
        for bound in Self.bounds {
            guard let position = result.figures.firstIndex(where: { $0.name == bound.figure }),
                case .number(let text)? = self.value[bound.group]?[bound.limit], let limit = Double(text), limit > 0
            else { continue }
            let ratio = result.figures[position].value / limit
            result.figures[position].ratio = Ratio(value: ratio, of: "\(bound.of), \(Text.rate(limit))", target: bound.target)
        }
        return result
    }

    /// The file does not hold results of `limites`.
    struct Unreadable: Error, CustomStringConvertible {
        let path: String

        var description: String { "\(self.path) holds no results of limites" }
    }
}
