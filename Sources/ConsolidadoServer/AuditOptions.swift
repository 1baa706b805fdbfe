import ArgumentParser
import Consolidado
import Contrato
import FluxoDeCaixa
import Foundation
import Logging
import Postgres
import Repair
import ServiceRuntime

/// What `audit` and `rebuild` look at.
struct AuditOptions: ParsableArguments {
    @OptionGroup var settings: SettingsOptions

    @Option(help: ArgumentHelp("Only this account.", valueName: "CONTA"), transform: Self.account)
    var conta: Conta?

    @Option(help: ArgumentHelp("Only days from this one on.", valueName: "DATA"), transform: Self.day)
    var de: Dia?

    @Option(help: ArgumentHelp("Only days up to this one.", valueName: "DATA"), transform: Self.day)
    var ate: Dia?

    @Option(help: ArgumentHelp("How many differences are listed; all are counted.", valueName: "N"))
    var limite = 100

    private static func account(_ text: String) throws -> Conta {
        guard let conta = Conta(text) else { throw ValidationError("\(text) is no account") }
        return conta
    }

    private static func day(_ text: String) throws -> Dia {
        guard let dia = Dia(parsing: text) else { throw ValidationError("\(text) is no day like 2026-11-28") }
        return dia
    }

    func validate() throws {
        if let de, let ate, ate < de { throw ValidationError("--ate is before --de") }
        guard self.limite >= 0 else { throw ValidationError("--limite is at least 0") }
    }

    var scope: AuditScope { AuditScope(conta: self.conta, de: self.de, ate: self.ate) }

    /// Only the database: no other secret is needed.
    func database() throws -> PostgresConfiguration {
        try .tool(DatabaseSettings(self.settings.values(ConsolidadoApp.self)))
    }
}

/// Where the registered entries are read from.
struct ExtractOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The address of the entry service; default: the variable LANCAMENTOS_URL.", valueName: "URL"))
    var lancamentos: String?

    @Option(
        name: .customLong("token-de"),
        help: ArgumentHelp(
            "A file with a token for every account that is compared, with the scope lancamentos:ler; default: the variable TOKEN.",
            valueName: "FILE"))
    var tokenFile: String?

    @Option(
        help: ArgumentHelp(
            """
            A file with the answer of GET /v1/lancamentos?conta=* as application/x-ndjson, in place of the service. Entries of the last minute \
            before the file was written, and later ones, are left out: copy it with its time.
            """, valueName: "FILE"))
    var extrato: String?

    func extract(_ scope: AuditScope) throws -> Extract {
        if let extrato { return Extract(.file(extrato), scope: ExtractScope(conta: nil, de: nil, ate: nil)) }
        let environment = ProcessInfo.processInfo.environment
        guard let url = self.lancamentos ?? environment["LANCAMENTOS_URL"] else {
            throw ToolFailure("give --lancamentos URL, the variable LANCAMENTOS_URL, or --extrato FILE")
        }
        let token: String?
        if let tokenFile { token = try String(contentsOfFile: tokenFile, encoding: .utf8) } else { token = environment["TOKEN"] }
        guard let token = token?.trimmingCharacters(in: .whitespacesAndNewlines), !token.isEmpty else {
            throw ToolFailure("give --token-de FILE or the variable TOKEN")
        }
        return Extract(.service(url: url, token: token), scope: ExtractScope(conta: scope.conta, de: scope.de, ate: scope.ate))
    }

    /// What is compared: a file is compared whole, because a filter must hold for both sides.
    func scope(_ scope: AuditScope) -> AuditScope { self.extrato == nil ? scope : AuditScope() }
}

/// Lists differences up to a limit and counts all.
struct DifferenceList {
    private let limit: Int
    private(set) var count = 0

    init(limit: Int) {
        self.limit = limit
    }

    mutating func add(_ line: @autoclosure () -> String) {
        self.count += 1
        if self.count <= self.limit { ToolOutput.line(line()) }
        if self.count == self.limit + 1 { ToolOutput.line("… and more, which are counted only (--limite)") }
    }
}

extension BalanceDifference {
    /// Columns: level, account, day or month, column, expected, stored.
    var line: String {
        let data = self.data.map { "\($0)" } ?? "-"
        let values =
            switch self.values {
            case .sum(let expected, let stored) where self.campo.hasPrefix("quantidade"): "\(expected.centavos)\t\(stored.centavos)"
            case .sum(let expected, let stored): "\(expected)\t\(stored)"
            case .dates(let expected, let stored): "\(expected)\t\(stored)"
            }
        return "\(self.level)\t\(self.conta.nome)\t\(data)\t\(self.campo)\t\(values)"
    }

    static let header = "level\tconta\tdata\tcolumn\texpected\tstored"
}

extension ExtractDifference {
    var line: String {
        switch self {
        case .orphan(let entry): "applied, not registered\t\(Self.text(entry))"
        case .missing(let entry): "registered, not applied\t\(Self.text(entry))"
        case .different(let applied, let registered):
            "applied with another content\t\(Self.text(registered))\tapplied: \(Self.text(applied))"
        }
    }

    private static func text(_ entry: LancamentoAplicavel) -> String {
        "\(entry.id)\t\(entry.conta.nome)\t\(entry.data)\t\(entry.tipo.rawValue)\t\(entry.valor)"
    }
}
