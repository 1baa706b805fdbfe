import Contrato
import Foundation

struct LimitesResults: Sendable {
    let segundos: Int
    var servers: [String] = []
    private var rates: [(part: Part, rate: Double)] = []
    var peak: PeakMeasures?

    init(segundos: Int) { self.segundos = segundos }

    /// Adds and prints the figure of a part.
    mutating func add(_ part: Part, _ measured: Measured) {
        self.rates.append((part, measured.rate))
        self.say("\(part.rawValue)  \(Self.perSecond(measured.rate))  \(part.title)")
    }

    func say(_ text: String) {
        print(text)
        fflush(nil)
    }

    var composed: ComposedLimits { ComposedLimits(Dictionary(uniqueKeysWithValues: self.rates.map { ($0.part, $0.rate) })) }

    /// The composed limits, to print below the lines of ``add(_:_:)``.
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
    /// operations a second. ``PeakMeasures`` documents `pico`.
    var json: [UInt8] {
        let composed = self.composed
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("segundos", self.segundos)
            writer.member("processadores", ProcessInfo.processInfo.activeProcessorCount)
            writer.member("servidores", self.servers.joined(separator: ", "))
            writer.object("partes") { writer in
                for (part, rate) in self.rates { writer.member(part.rawValue, Int(rate)) }
            }
            writer.object("compostos") { writer in
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

enum Part: String, CaseIterable, Sendable {
    case bareWrite = "H"
    case bareRead = "G"
    case insert = "I"
    case delete = "D"
    case publish = "P"
    case consume = "C"
    case apply = "A"
    case read = "R"

    var title: String {
        switch self {
        case .bareWrite: "a bare handler that parses an entry and answers 201"
        case .bareRead: "an empty GET handler"
        case .insert: "insert of entries and outbox rows, half with keys, batches of \(Workload.insertBatchRows)"
        case .delete: "delete from the outbox, batches of \(Workload.deleteBatchRows)"
        case .publish: "confirmed publish to a quorum queue, window \(Workload.publishWindow)"
        case .consume: "consume with ack multiple"
        case .apply: "apply with dedup, account, day and month, batches of \(Workload.applyBatchRows)"
        case .read: "read of a day and its opening, \(Workload.readBatchKeys) keys a statement"
        }
    }
}

/// The rates that the whole would carry if it did only its parts, one after the other, on the same processors.
struct ComposedLimits: Equatable {
    /// Single registrations a second, from the request to the balance.
    let write: Double?
    /// Entries of a lote a second: the same without a request for each.
    let lote: Double?
    /// Balances of a day a second.
    let read: Double?

    /// - Parameter rates: operations a second. A limit is nil if one of its parts was not measured.
    init(_ rates: [Part: Double]) {
        let stored: [Part] = [.insert, .delete, .publish, .consume, .apply]
        self.write = Self.compose([.bareWrite] + stored, rates)
        self.lote = Self.compose(stored, rates)
        self.read = Self.compose([.bareRead, .read], rates)
    }

    private static func compose(_ parts: [Part], _ rates: [Part: Double]) -> Double? {
        var secondsPerOperation = 0.0
        for part in parts {
            guard let rate = rates[part], rate > 0 else { return nil }
            secondsPerOperation += 1 / rate
        }
        return 1 / secondsPerOperation
    }
}

/// What a minimal service needs at the rates of `pico`, for comparison with the whole.
///
/// Between requests the machine is idle and its caches go cold, so a request costs several times what it costs under full load.
struct PeakMeasures: Sendable {
    /// Both bare handlers, measured concurrently.
    struct Bare: Sendable {
        let writeP99Ms: Double
        let readP99Ms: Double
        /// Processor time of the handlers and their server, as a share of one processor.
        let processors: Double
    }

    let bare: Bare
    /// The p99 of single entries, each in its own transaction; nil if the database does not keep up.
    let insertP99Ms: Double?

    var line: String {
        "peak  \(Int(Workload.peakPerSecond))/s each: bare handlers p99 \(Self.text(self.bare.writeP99Ms)) and "
            + "\(Self.text(self.bare.readP99Ms)) ms with \(Self.text(self.bare.processors)) of a processor, a single durable insert p99 "
            + (self.insertP99Ms.map { "\(Self.text($0)) ms" } ?? "not known: the database does not keep up")
    }

    /// `{"nu_escrita_p99_us", "nu_leitura_p99_us", "nu_processador_milesimos", "insercao_p99_us"}`.
    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("nu_escrita_p99_us", Int(self.bare.writeP99Ms * 1000))
            writer.member("nu_leitura_p99_us", Int(self.bare.readP99Ms * 1000))
            writer.member("nu_processador_milesimos", Int(self.bare.processors * 1000))
            if let insertP99Ms { writer.member("insercao_p99_us", Int(insertP99Ms * 1000)) }
        }
    }

    private static func text(_ value: Double) -> String { String(format: "%.2f", value) }
}
