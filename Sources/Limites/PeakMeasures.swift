import Contrato
import Foundation

/// What the least that a service could do needs at the rates of `pico`: the measure of what the whole needs there.
///
/// A machine that is idle in between does everything anew with cold caches: a request costs several times what it costs under full load.
struct PeakMeasures: Sendable {
    /// Both bare handlers at the same time.
    struct Bare: Sendable {
        let writeP99Ms: Double
        let readP99Ms: Double
        /// Processor time of the handlers and their server, of one processor's.
        let processors: Double
    }

    let bare: Bare
    /// Of single entries, each in a transaction of its own.
    let insertP99Ms: Double?

    /// For people.
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
