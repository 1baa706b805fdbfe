import Contrato
import FluxoDeCaixa
import Foundation

/// The results as JSON, written again after each scenario and replaced atomically.
struct ResultsFile {
    let path: String
    /// RFC 3339.
    let begun: String

    /// - Throws: what Foundation throws if the file cannot be written.
    func write(_ results: [ScenarioResult], isComplete: Bool) throws {
        var writer = JSONWriter(reservedBytes: 65_536)
        writer.object { writer in
            writer.member("versao", 1)
            writer.member("inicio", self.begun)
            writer.member("completo", isComplete)
            writer.member("processadores", ProcessInfo.processInfo.activeProcessorCount)
            writer.array("cenarios") { writer in
                for result in results { Self.write(result, to: &writer) }
            }
        }
        try Data(writer.bytes + [UInt8(ascii: "\n")]).write(to: URL(filePath: self.path), options: .atomic)
    }

    private static func write(_ result: ScenarioResult, to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("nome", result.name.rawValue)
            writer.member("descricao", result.description)
            switch result.verdict {
            case .passed: writer.member("resultado", "passou")
            case .failed(let reason): self.write("falhou", reason, to: &writer)
            case .notOffered(let reason): self.write("nao_oferecido", reason, to: &writer)
            case .skipped(let reason): self.write("nao_executado", reason, to: &writer)
            }
            if case .notOffered = result.verdict {} else { self.writeFigures(result, to: &writer) }
            writer.array("passos") { writer in result.notes.forEach { writer.string($0) } }
            if let audit = result.audit { self.write(audit, to: &writer) }
            writer.object("carga") { writer in
                writer.number("cpu_s", result.ownCPU / .seconds(1))
                writer.number("duracao_s", result.wall / .seconds(1))
            }
            if let machine = result.machine {
                writer.object("maquina") { writer in
                    writer.number("ocupada", machine.busy)
                    writer.number("tomada", machine.stolen)
                }
            }
            writer.array("processos") { writer in
                for process in result.processes {
                    writer.object { writer in
                        writer.member("nome", process.name)
                        writer.number("cpu_s", process.cpu / .seconds(1))
                        writer.member("memoria_max_kib", process.peakKiB)
                    }
                }
            }
        }
    }

    private static func write(_ verdict: String, _ reason: String, to writer: inout JSONWriter) {
        writer.member("resultado", verdict)
        writer.member("motivo", reason)
    }

    private static func writeFigures(_ result: ScenarioResult, to writer: inout JSONWriter) {
        writer.object("valores") { writer in
            for figure in result.figures { writer.number(figure.name, figure.value) }
        }
        writer.object("razoes") { writer in
            for figure in result.figures {
                guard let ratio = figure.ratio else { continue }
                writer.object(figure.name) { writer in
                    writer.number("valor", ratio.value)
                    writer.number("alvo", ratio.target)
                }
            }
        }
        writer.array("fluxos") { writer in
            for stream in result.streams { self.write(stream, to: &writer) }
        }
        guard let visible = result.visible else { return }
        writer.object("visivel") { writer in
            writer.member("vistos", visible.latencies.count)
            writer.member("nao_vistos", visible.notSeen)
            writer.member("nao_seguidos", visible.skipped)
            self.write(visible.latencies, to: &writer)
        }
    }

    private static func write(_ stream: StreamMeasures, to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("nome", stream.name)
            writer.number("pedidos_por_segundo", stream.ratePerSecond)
            writer.number("oferecidos_por_segundo", stream.offeredPerSecond)
            writer.number("aceitos_por_segundo", stream.acceptedPerSecond)
            writer.member("devidos", stream.due)
            writer.member("aceitos", stream.accepted)
            writer.member("sobrecarga", stream.shed)
            writer.member("sobrecarga_sem_retry_after", stream.shedWithoutRetryAfter)
            writer.member("recusados", stream.refusedCount)
            writer.member("desconhecidos", stream.unknown)
            writer.member("nao_enviados", stream.neverSent)
            writer.member("espera_por_conexao_max", stream.waitingMax)
            writer.number("atraso_proprio_p99_ms", stream.ownLateness.percentileMs(99))
            self.write(stream.latencies, to: &writer)
        }
    }

    private static func write(_ latencies: Latencies, to writer: inout JSONWriter) {
        for (name, percentile) in [("p50_ms", 50), ("p90_ms", 90), ("p99_ms", 99), ("p999_ms", 99.9), ("max_ms", 100)] {
            writer.number(name, latencies.percentileMs(percentile))
        }
    }

    private static func write(_ audit: AuditReport, to writer: inout JSONWriter) {
        writer.object("auditoria") { writer in
            writer.member("passou", audit.passes)
            writer.member("tentados", audit.attempted)
            writer.member("confirmados", audit.acknowledged)
            writer.member("desconhecidos", audit.unclear)
            writer.member("desconhecidos_registrados", audit.settledAsRegistered)
            writer.member("desconhecidos_ausentes", audit.settledAsAbsent)
            writer.member("nao_esclarecidos", audit.unsettled)
            writer.member("perdidos", audit.lost)
            writer.member("duplicados", audit.duplicated)
            writer.member("inesperados", audit.unexpected)
            writer.member("dias_diferentes", audit.differingDays)
            writer.number("espera_s", audit.waited / .seconds(1))
            writer.array("diferencas") { writer in
                for difference in audit.differences {
                    writer.object { writer in
                        writer.member("conta", difference.conta)
                        writer.member("data", difference.dia.description)
                        self.write("esperado", difference.expected, to: &writer)
                        self.write("visto", difference.seen, to: &writer)
                    }
                }
            }
        }
    }

    private static func write(_ name: String, _ sum: DaySum, to writer: inout JSONWriter) {
        writer.object(name) { writer in
            writer.member("total_creditos", Text.money(sum.creditosCentavos))
            writer.member("total_debitos", Text.money(sum.debitosCentavos))
            writer.member("quantidade_creditos", sum.quantidadeCreditos)
            writer.member("quantidade_debitos", sum.quantidadeDebitos)
        }
    }
}

extension JSONWriter {
    /// Writes a number with three decimals, or null if there is none.
    fileprivate mutating func number(_ name: String, _ value: Double?) {
        self.name(name)
        if let value, value.isFinite { self.value(.number(Text.decimals(value, 3))) } else { self.null() }
    }
}
