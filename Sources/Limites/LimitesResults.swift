import Contrato
import Foundation

/// What was measured, for people and for machines.
struct LimitesResults: Sendable {
    let segundos: Int
    /// The servers' versions.
    var servers: [String] = []
    private var rates: [(part: Part, rate: Double)] = []
    /// At the rates of `pico`.
    var peak: PeakMeasures?

    init(segundos: Int) { self.segundos = segundos }

    /// Takes a part's figure and says it.
    mutating func add(_ part: Part, _ measured: Measured) {
        self.rates.append((part, measured.rate))
        self.say("\(part.rawValue)  \(Self.perSecond(measured.rate))  \(part.title)")
    }

    /// Prints at once, also into a file.
    func say(_ text: String) {
        print(text)
        fflush(nil)
    }

    var composed: ComposedLimits { ComposedLimits(Dictionary(uniqueKeysWithValues: self.rates.map { ($0.part, $0.rate) })) }

    /// The composed limits, under the lines that ``add(_:_:)`` has printed.
    var table: String {
        let composed = self.composed
        let lines = [
            ("write", composed.write, "1 / (1/H + 1/I + 1/D + 1/P + 1/C + 1/A)"), ("lote", composed.lote, "the same without H"),
            ("read", composed.read, "1 / (1/G + 1/R)"),
        ]
        return lines.map { name, limit, formula in
            "\(name.padding(toLength: 5, withPad: " ", startingAt: 0))  \(limit.map(Self.perSecond) ?? "not measured")  \(formula)"
        }.joined(separator: "\n")
    }

    /// `{"segundos", "processadores", "servidores", "partes": {"H": …}, "compostos": {"escrita", "lote", "leitura"}, "pico": {…}}`, rates in
    /// operations a second; for `pico` see ``PeakMeasures``.
    var json: [UInt8] {
        let composed = self.composed
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("segundos", self.segundos)
            writer.member("processadores", ProcessInfo.processInfo.activeProcessorCount)
            writer.member("servidores", self.servers.joined(separator: ", "))
            writer.name("partes")
            writer.object { writer in
                for (part, rate) in self.rates { writer.member(part.rawValue, Int(rate)) }
            }
            writer.name("compostos")
            writer.object { writer in
                for (name, limit) in [("escrita", composed.write), ("lote", composed.lote), ("leitura", composed.read)] {
                    if let limit { writer.member(name, Int(limit)) }
                }
            }
            if let peak = self.peak {
                writer.name("pico")
                peak.write(to: &writer)
            }
        }
        return writer.bytes
    }

    private static func perSecond(_ rate: Double) -> String {
        let text = Int(rate).formatted(.number.locale(Locale(identifier: "en_US_POSIX")).grouping(.automatic))
        return String(repeating: " ", count: max(0, 8 - text.count)) + "\(text)/s"
    }
}
