import Contrato
import Fixtures
import Foundation
import TestSupport
import Testing

/// The reads of the running services: many accounts, tags, CSV, one's own write, the list of accounts.
@Suite(
    .enabled(if: TestServers.hasEverything, "needs the servers and products that deploy/local/test provides"), .serialized,
    .timeLimit(.minutes(5))
)
struct ReadsTests {
    private static let entry = #"{"conta":"loja42.caixa","tipo":"credito","valor":"10.00","data":"2026-01-10"}"#

    /// A read with headers.
    private static func get(
        _ api: API, _ instance: ServiceProcess, _ path: String, _ headers: [(String, String)] = [], method: String = "GET"
    ) async throws -> API.Answer {
        try await api.send(method, "\(instance.url)\(path)", headers: headers, timeoutSeconds: 40)
    }

    /// Registers an entry and returns its id.
    private static func register(_ api: API, _ stack: Stack, _ body: String) async throws -> String {
        let answer = try await api.post(stack.lancamentos, body)
        return try #require(answer["id"], "\(answer.text)")
    }

    /// A day of this year that is surely in the past.
    private static func body(_ conta: String, _ valor: String, _ data: String) -> String {
        #"{"conta":"\#(conta)","tipo":"credito","valor":"\#(valor)","data":"\#(data)"}"#
    }

    @Test func `a read after a write contains it, from either instance, and does not wait for an entry that never arrives`() async throws {
        try await Stack.with { stack in
            let api = API(token: stack.token)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for client in 0..<8 {
                    group.addTask {
                        for round in 1...20 {
                            let conta = "loja\(client).caixa"
                            let id = try await Self.register(api, stack, Self.body(conta, "1.00", "2026-01-10"))
                            let asked = round % 3 == 0 ? "loja\(client).*" : conta
                            let answer = try await Self.get(
                                api, stack.consolidados[round % 2], "/v1/consolidados/2026-01-10?conta=\(asked)&apos=\(id)",
                                [("Prefer", "wait=5")])
                            #expect(answer.status == 200, "\(answer.text)")
                            #expect(answer.header("Preference-Applied") == "wait=5")
                            #expect(answer["quantidade_creditos"] == "\(round)")
                        }
                    }
                }
                try await group.waitForAll()
            }
            let id = try await Self.register(api, stack, Self.entry)
            let instance = stack.consolidados[0]
            let period = "/v1/consolidados?conta=loja42.caixa&de=2026-01-01&ate=2026-01-31"
            #expect(try await Self.get(api, instance, "\(period)&apos=\(id)", [("Prefer", "wait=5")]).text.contains("\"10.00\""))
            // It is applied already: no wait is needed, and none is reported.
            let known = try await Self.get(api, instance, "\(period)&apos=\(id)")
            #expect(known.status == 200 && known.header("Preference-Applied") == nil)
            let unknown = UUID().uuidString
            for path in ["\(period)&apos=\(unknown)", "\(period)&apos=\(id),\(unknown)", "/v1/consolidados/2026-01-10?conta=a&apos=\(id)"] {
                let late = try await Self.get(api, instance, path, [("Prefer", "wait=1")])
                #expect(late.status == 409 && late["type"]?.hasSuffix("#ainda-nao-consolidado") == true, "\(path): \(late.text)")
                #expect(late.header("Retry-After") == "1" && late.header("Preference-Applied") == "wait=1")
                #expect(try await Self.get(api, instance, path, [("Prefer", "soon")]).status == 409)
            }
            for apos in ["", "x", "\(id),", "\(id);\(id)"] {
                #expect(try await Self.get(api, instance, "\(period)&apos=\(apos)").status == 422, "\(apos)")
            }
        }
    }

    @Test func `reads that wait end with the instance, with their caller, and not later`() async throws {
        try await Stack.with(consolidados: 1) { stack in
            let api = API(token: stack.token)
            let instance = stack.consolidados[0]
            let path = "/v1/consolidados/2026-01-10?conta=a&apos=\(UUID().uuidString)"
            // The caller gives up after a second; the service notices that nobody is there any more.
            await #expect(throws: (any Error).self) {
                try await api.send("GET", "\(instance.url)\(path)", headers: [("Prefer", "wait=30")], timeoutSeconds: 1)
            }
            // Less than the wait that it asked for.
            let hasEnded = try await eventually(within: .seconds(25)) {
                try await api.get(instance, "/metrics").text.split(separator: "\n").contains {
                    $0.hasPrefix("fluxo_http_requests_total") && $0.contains("{data}") && $0.contains("status=\"409\"")
                }
            }
            #expect(hasEnded)

            let waiting = Task { try await Self.get(api, instance, path, [("Prefer", "wait=30")]) }
            // Time for the read to begin its wait.
            try await Task.sleep(for: .milliseconds(500))
            let (statuses, time) = try await timed { (exit: await instance.terminate(), read: try await waiting.value.status) }
            #expect(statuses == (0, 409) && time < .seconds(15), "status \(statuses) after \(time)")
        }
    }

    @Test func `a tag changes whenever the answer does, and spares it otherwise`() async throws {
        try await Stack.with { stack in
            let api = API(token: stack.token)
            let (first, second) = (stack.consolidados[0], stack.consolidados[1])
            func applied(_ conta: String, _ data: String) async throws {
                let id = try await Self.register(api, stack, Self.body(conta, "10.00", data))
                let day = "/v1/consolidados/\(data)?conta=\(conta)&apos=\(id)"
                #expect(try await Self.get(api, first, day, [("Prefer", "wait=10")]).status == 200)
            }
            try await applied("loja42.caixa", "2026-01-10")
            let paths = [
                "/v1/consolidados/2026-02-01?conta=loja42.caixa", "/v1/consolidados/2026-02-01?conta=loja42.*",
                "/v1/consolidados?conta=loja42.*&de=2026-01-31&ate=2026-02-01", "/v1/consolidados?conta=*&de=2026-01-31&ate=2026-02-01",
            ]
            for path in paths {
                for accept in ["application/json", "text/csv"] {
                    let answer = try await Self.get(api, first, path, [("Accept", accept)])
                    let tag = try #require(answer.header("ETag"))
                    for asked in [tag, "W/\(tag)", "\"x\", \(tag)", "*"] {
                        let same = try await Self.get(api, second, path, [("Accept", accept), ("If-None-Match", asked)])
                        #expect(same.status == 304 && same.body.isEmpty, "\(path) \(asked)")
                        #expect(same.header("ETag") == tag)
                        #expect(same.header("Cache-Control") == "private, no-cache")
                        #expect(same.header("Vary") == "Accept, Accept-Encoding, Authorization")
                        #expect(same.header("Content-Type") == nil)
                    }
                    let head = try await Self.get(api, second, path, [("Accept", accept)], method: "HEAD")
                    #expect(head.status == 200 && head.header("ETag") == tag && head.body.isEmpty)
                    #expect(head.header("Content-Length") == "\(answer.body.count)")
                }
            }
            func tags() async throws -> [String?] {
                var tags: [String?] = []
                for path in paths {
                    for accept in ["application/json", "text/csv"] {
                        tags.append(try await Self.get(api, second, path, [("Accept", accept)]).header("ETag"))
                    }
                }
                return tags
            }
            // An earlier day moves the opening balance; for the sums another account joins.
            for (conta, changed) in [("loja42.caixa", 8), ("loja42.pix", 6), ("loja7", 2)] {
                let before = try await tags()
                try await applied(conta, "2026-01-05")
                let after = try await tags()
                #expect(zip(before, after).count { $0 != $1 } == changed, "\(conta)")
                #expect(Set(after.compactMap(\.self)).count == after.count)
            }
            let day = try await Self.get(api, first, paths[0])
            #expect(day["saldo_inicial"] == "20.00")
        }
    }

    @Test func `balances are had by week and by month`() async throws {
        try await Stack.with(consolidados: 1) { stack in
            let api = API(token: stack.token)
            let instance = stack.consolidados[0]
            // 2026-01-10, a Saturday.
            let id = try await Self.register(api, stack, Self.entry)
            let path = "/v1/consolidados?conta=loja42.caixa&de=2025-12-31&ate=2026-02-01&apos=\(id)"
            let weeks = try await Self.get(api, instance, "\(path)&agrupar=semana", [("Prefer", "wait=10")])
            let json = try JSONReader.read(Array(weeks.text.utf8))
            guard case .array(let rows)? = json["periodos"] else { throw TestFailure("no periods: \(weeks.text)") }
            #expect(json["dias"] == nil)
            #expect(rows.first?["de"] == .string("2025-12-31") && rows.first?["ate"] == .string("2026-01-04"))
            #expect(rows.map { $0["saldo_final"] } == ["0.00", "10.00", "10.00", "10.00", "10.00"].map { .string($0) })
            let months = try await Self.get(api, instance, "\(path)&agrupar=mes", [("Accept", "text/csv"), ("Prefer", "wait=10")])
            #expect(
                months.text.split(separator: "\r\n").map { $0.prefix(37) }.dropFirst() == [
                    "loja42.caixa,2025-12-31,2025-12-31,BR", "loja42.caixa,2026-01-01,2026-01-31,BR",
                    "loja42.caixa,2026-02-01,2026-02-01,BR",
                ])
            #expect(months.header("ETag") != weeks.header("ETag"))
            let long = "/v1/consolidados?conta=loja42.caixa&de=2016-01-31&ate=2026-02-07"
            for (query, status) in [
                ("\(path)&agrupar=ano", 422), (long, 422), ("\(long)&agrupar=mes", 422),
                ("\(long.replacing("2016-01-31", with: "2016-02-01"))&agrupar=mes", 200),
            ] {
                #expect(try await Self.get(api, instance, query).status == status, "\(query)")
            }
        }
    }

    @Test func `balances are had as CSV`() async throws {
        try await Stack.with(consolidados: 1) { stack in
            let api = API(token: stack.token)
            let instance = stack.consolidados[0]
            let id = try await Self.register(api, stack, Self.entry)
            let path = "/v1/consolidados?conta=loja42.*&de=2026-01-09&ate=2026-01-10&apos=\(id)&separador=ponto-e-virgula"
            let csv = try await Self.get(api, instance, path, [("Accept", "text/csv"), ("Prefer", "wait=10")])
            #expect(csv.header("Content-Type") == "text/csv; charset=utf-8; header=present")
            #expect(csv.header("Content-Disposition") == "attachment; filename=\"consolidado-loja42.todas-2026-01-09-a-2026-01-10.csv\"")
            let lines = csv.text.replacing("\r\n", with: "\n").split(separator: "\n")
            #expect(lines.count == 3)
            #expect(lines.last?.hasPrefix("loja42.*;2026-01-10;BRL;\"0,00\";\"10,00\";\"0,00\";") == true)
            let day = try await Self.get(api, instance, "/v1/consolidados/2026-01-10?conta=loja42.caixa", [("Accept", "text/csv")])
            #expect(day.text.contains("\r\nloja42.caixa,2026-01-10,BRL,0.00,10.00,0.00,"))
            // What cannot be served as asked is served as JSON.
            let json = try await Self.get(api, instance, path, [("Accept", "image/png")])
            #expect(json.status == 200 && json.header("Content-Type") == "application/json")
            #expect(json.header("Content-Disposition") == nil)
            #expect(try await Self.get(api, instance, "\(path)x").status == 422)
        }
    }

    @Test func `accounts are listed page by page, within what the token covers`() async throws {
        try await Stack.with(consolidados: 1) { stack in
            let api = API(token: stack.token)
            let instance = stack.consolidados[0]
            var last = ""
            for conta in ["loja42.pix", "loja42", "loja42.caixa", "loja7", "loja42.a.b"] {
                last = try await Self.register(api, stack, Self.body(conta, "10.00", "2026-01-10"))
                let day = "/v1/consolidados/2026-01-10?conta=*&apos=\(last)"
                #expect(try await Self.get(api, instance, day, [("Prefer", "wait=10")]).status == 200)
            }
            func pages(_ api: API, _ query: String) async throws -> [[String]] {
                var pages: [[String]] = []
                var cursor: String?
                repeat {
                    let path = "/v1/contas?limite=2\(query)" + (cursor.map { "&cursor=\($0)" } ?? "")
                    let answer = try await api.get(instance, path)
                    #expect(answer.status == 200, "\(answer.text)")
                    let itens = answer.member("itens")
                    pages.append(itens?.texts("conta") ?? [])
                    cursor = answer["proximo"]
                } while cursor != nil
                return pages
            }
            #expect(try await pages(api, "") == [["loja42", "loja42.a.b"], ["loja42.caixa", "loja42.pix"], ["loja7"]])
            #expect(try await pages(api, "&conta=loja42.*") == [["loja42.a.b", "loja42.caixa"], ["loja42.pix"]])
            #expect(try await pages(api, "&conta=nada.*") == [[]])
            let some = API(token: Token.make(secret: stack.secret, contas: ["loja42.caixa", "loja42.*", "loja7"]))
            #expect(try await pages(some, "") == [["loja42.a.b", "loja42.caixa"], ["loja42.pix", "loja7"]])
            #expect(try await some.get(instance, "/v1/contas?conta=loja42.*").status == 200)
            for conta in ["*", "loja42", "loja7.*"] {
                #expect(try await some.get(instance, "/v1/contas?conta=\(conta)").status == 403, "\(conta)")
                #expect(try await some.get(instance, "/v1/consolidados/2026-01-10?conta=\(conta)").status == 403, "\(conta)")
            }
            #expect(try await some.get(instance, "/v1/consolidados/2026-01-10").status == 422)

            let all = try #require(try await api.get(instance, "/v1/contas?limite=2")["proximo"])
            let item = try await api.get(instance, "/v1/contas?conta=loja42.pix").text
            #expect(
                item == """
                    {"itens":[{"conta":"loja42.pix","moeda":"BRL","saldo":"10.00","primeira_data":"2026-01-10","ultima_data":"2026-01-10",\
                    "quantidade":1,"versao":1}],"proximo":null}
                    """
            )
            // A cursor of other filters, of another token's accounts, or none at all.
            #expect(try await api.get(instance, "/v1/contas?conta=loja42.*&cursor=\(all)").status == 422)
            #expect(try await some.get(instance, "/v1/contas?cursor=\(all)").status == 422)
            for query in ["cursor=", "cursor=x", "limite=0", "limite=501", "limite=x", "apos=\(last)"] {
                #expect(try await api.get(instance, "/v1/contas?\(query)").status == 422, "\(query)")
            }
            let nobody = API(token: Token.make(secret: stack.secret, contas: []))
            #expect(try await nobody.get(instance, "/v1/contas").status == 403)
        }
    }
}
