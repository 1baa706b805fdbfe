import Fixtures
import Foundation
import TestSupport
import Testing

/// What tests of the repair tools do: entries of three accounts, and the pages of `deploy/runbooks` as they stand there.
struct RepairScene {
    static let first = "2026-03-01"
    static let last = "2026-03-31"
    private static let contas = (0..<3).map { "loja.\($0)" }

    let stack: Stack

    var api: API { API(token: self.stack.token) }
    var lancamentos: ServiceProcess { self.stack.lancamentos }
    var consolidado: ServiceProcess { self.stack.consolidados[0] }
    /// Where and how the tools read the extract.
    var extract: [String: String] { ["LANCAMENTOS_URL": self.lancamentos.url, "TOKEN": self.stack.token] }

    static func with(_ body: (RepairScene) async throws -> Void) async throws {
        try await Stack.with(consolidados: 1) { try await body(RepairScene(stack: $0)) }
    }

    /// Registers entries of 1.00, each by its own key, spread over accounts and days.
    func register(_ numbers: Range<Int>) async throws {
        for number in numbers {
            let tipo = number % 4 == 3 ? "debito" : "credito"
            let natureza = number % 5 == 4 ? "transferencia" : "operacional"
            let answer = try await self.api.post(
                self.lancamentos,
                #"{"conta":"loja.\#(number % 3)","tipo":"\#(tipo)","valor":"1.00","data":"2026-03-0\#(number % 7 + 1)","natureza":"\#(natureza)"}"#,
                key: "k\(number)")
            try #require(answer.status == 201 || answer.status == 200, "\(answer.status) \(answer.text)")
        }
    }

    /// How many entries the balances count.
    func counted() async throws -> Int {
        var sum = 0
        for conta in Self.contas {
            let period = try await self.api.get(self.consolidado, "/v1/consolidados?conta=\(conta)&de=\(Self.first)&ate=\(Self.last)")
            let totais = try #require(period.member("totais"), "\(period.status) \(period.text)")
            sum += (totais.integer("quantidade_creditos") ?? 0) + (totais.integer("quantidade_debitos") ?? 0)
        }
        return sum
    }

    /// The periods of all accounts as they are answered, without versions and times.
    func balances() async throws -> [String] {
        var balances: [String] = []
        for conta in Self.contas {
            let path = "\(self.consolidado.url)/v1/consolidados?conta=\(conta)&de=\(Self.first)&ate=\(Self.last)"
            let csv = try await self.api.send("GET", path, headers: [("Accept", "text/csv")])
            // The last two columns are `versao` and `atualizado_em`.
            balances += csv.text.split(whereSeparator: \.isNewline).map {
                $0.split(separator: ",", omittingEmptySubsequences: false).dropLast(2).joined(separator: ",")
            }
        }
        return balances
    }

    func versions() async throws -> [Int] {
        var versions: [Int] = []
        for conta in Self.contas {
            let day = try await self.api.get(self.consolidado, "/v1/consolidados/\(Self.first)?conta=\(conta)")
            versions.append(try #require(day["versao"].flatMap { Int($0) }, "\(day.text)"))
        }
        return versions
    }

    func waitUntilCounted(_ count: Int, sourceLocation: SourceLocation = #_sourceLocation) async throws {
        var last = 0
        let there = try await eventually {
            last = try await self.counted()
            return last == count
        }
        #expect(there, "\(last) entries are counted, expected \(count)", sourceLocation: sourceLocation)
    }

    func change(_ service: String, _ sql: String) async throws {
        try await TestServers.administer(try #require(self.stack.databases[service]), sql)
    }

    /// Runs the block of that name of a page of `deploy/runbooks` with a service's settings and the tools' variables.
    func run(_ block: String, of page: String, as service: ServiceProcess, _ variables: [String: String] = [:]) async throws -> (
        status: Int32, text: String
    ) {
        try await service.script(
            try Runbook.commands(block, of: page),
            environment: self.extract.merging(variables) { $1 }.merging([
                "LANCAMENTOS_DATABASE_URL": self.stack.databases["lancamentos"]!,
                "CONSOLIDADO_DATABASE_URL": self.stack.databases["consolidado"]!,
            ]) { $1 })
    }
}

/// The pages of `deploy/runbooks`.
enum Runbook {
    /// The commands of the page's block of that name.
    static func commands(_ name: String, of page: String) throws -> String {
        let lines = try Clone.text("deploy/runbooks/\(page)").split(separator: "\n", omittingEmptySubsequences: false)
        let begin = try #require(lines.firstIndex { $0.hasSuffix("```sh \(name)") }, "\(page) has no block \(name)")
        let indent = lines[begin].prefix { $0 == " " }.count
        let block = lines[(begin + 1)...].prefix { !$0.hasSuffix("```") }
        return block.map { $0.dropFirst(indent) }.joined(separator: "\n")
    }
}
