import Contrato
import Fixtures
import TestSupport
import Testing

/// Files of banks and of people as lotes, through the running services.
@Suite(
    .enabled(if: TestServers.hasEverything, "needs the servers and products that deploy/local/test provides"), .serialized,
    .timeLimit(.minutes(5))
)
struct FileLoteTests {
    private static let ofx = "application/x-ofx"
    private static let csv = "text/csv; charset=utf-8"

    private static func send(
        _ stack: Stack, _ body: String, type: String, query: String = "?conta=loja42.caixa", token: String? = nil
    ) async throws -> API.Answer {
        try await API(token: token ?? stack.token).send(
            "POST", "\(stack.lancamentos.url)/v1/lancamentos/lote\(query)", headers: [("Content-Type", type)], body: body)
    }

    private static func lines(_ answer: API.Answer) throws -> [JSONValue] {
        try answer.text.split(separator: "\n").map { try JSONReader.read(Array($0.utf8)) }
    }

    private static func statuses(_ answer: API.Answer) throws -> [String: Int] {
        try self.lines(answer).reduce(into: [:]) { if case .number(let status)? = $1["status"] { $0[status, default: 0] += 1 } }
    }

    private static func transaction(_ number: Int, amount: String) -> String {
        "<STMTTRN><TRNTYPE>OTHER<DTPOSTED>20260102120000[-3:BRT]<TRNAMT>\(amount)<FITID>N\(number)<MEMO>Item \(number)</STMTTRN>\r\n"
    }

    private static func statement(_ transactions: some Sequence<String>) -> String {
        "OFXHEADER:100\r\nCHARSET:1252\r\n\r\n<OFX><STMTRS><CURDEF>BRL<BANKACCTFROM><ACCTID>1</BANKACCTFROM><BANKTRANLIST>\r\n"
            + transactions.joined() + "</BANKTRANLIST></STMTRS></OFX>"
    }

    private static func waitForBalance(_ expected: String, _ stack: Stack) async throws {
        var seen: String?
        let isSeen = try await eventually {
            seen = try await API(token: stack.token).get(
                stack.consolidados[0], "/v1/consolidados/2026-01-02?conta=loja42.caixa")["saldo_final"]
            return seen == expected
        }
        #expect(isSeen, "\(seen ?? "none") instead of \(expected)")
    }

    @Test func `a file is registered once, however often it is imported`() async throws {
        try await Stack.with(consolidados: 1) { stack in
            let count = 2000
            let statement = Self.statement((1...count).map { Self.transaction($0, amount: $0.isMultiple(of: 2) ? "-1,00" : "3.00") })
            #expect(try Self.statuses(try await Self.send(stack, statement, type: Self.ofx)) == ["201": count])
            #expect(try Self.statuses(try await Self.send(stack, statement, type: Self.ofx)) == ["200": count])
            let table = "Data;Descrição;Valor\r\n" + (1...count).map { "02/01/2026;Item \($0 / 2);R$ 1,50\r\n" }.joined()
            #expect(try Self.statuses(try await Self.send(stack, table, type: Self.csv)) == ["201": count])
            #expect(try Self.statuses(try await Self.send(stack, table, type: Self.csv)) == ["200": count])
            try await Self.waitForBalance("5000.00", stack)

            // The extract of all this, imported into the account that it is of, is known too.
            let extract = try await API(token: stack.token).send(
                "GET", "\(stack.lancamentos.url)/v1/lancamentos?conta=loja42.caixa&separador=ponto-e-virgula",
                headers: [("Accept", "text/csv")])
            #expect(try Self.statuses(try await Self.send(stack, extract.text, type: Self.csv)) == ["200": 2 * count])
        }
    }

    @Test func `a bad transaction never hurts its neighbours and is answered with its line`() async throws {
        try await Stack.with(consolidados: 1) { stack in
            let statement = Self.statement([
                Self.transaction(1, amount: "10.00"), Self.transaction(2, amount: "0.00"), Self.transaction(3, amount: "dez"),
                "<STMTTRN><DTPOSTED>20260102<TRNAMT>1</STMTTRN>\r\n", Self.transaction(5, amount: "-4,00"),
            ])
            let answers = try Self.lines(try await Self.send(stack, statement, type: Self.ofx))
            #expect(answers.map { $0["status"] } == ["201", "422", "422", "400", "201"].map { .number($0) })
            #expect(answers.map { $0["linha"] } == [nil, .number("6"), .number("7"), .number("8"), nil])
            let table = try await Self.send(
                stack, "data,valor\n2026-01-02,1.00\nTotal,7.00\n2026-01-02,1,00\n\"2026-01-02\",\"1,00\"\n", type: Self.csv)
            #expect(try Self.lines(table).map { $0["status"] } == ["201", "422", "400", "201"].map { .number($0) })
            #expect(try Self.lines(table).map { $0["linha"] } == [nil, .number("3"), .number("4"), nil])
            try await Self.waitForBalance("8.00", stack)
            // A file that ends too early: what was whole stands.
            let cut = String(Self.statement([Self.transaction(6, amount: "1.00"), Self.transaction(7, amount: "1.00")]).dropLast(60))
            #expect(try Self.statuses(try await Self.send(stack, cut, type: Self.ofx)) == ["201": 1, "400": 1])
        }
    }

    @Test func `a simulated file says what each of its lines would register, and a refused key has its line`() async throws {
        try await Stack.with(consolidados: 0) { stack in
            func lines(_ transactions: [String], _ query: String) async throws -> [JSONValue] {
                let query = "?conta=loja42.caixa\(query)"
                return try Self.lines(try await Self.send(stack, Self.statement(transactions), type: Self.ofx, query: query))
            }
            // The third repeats the second.
            let transactions = [
                Self.transaction(1, amount: "10.00"), Self.transaction(2, amount: "-4,00"), Self.transaction(2, amount: "-4,00"),
                Self.transaction(3, amount: "0.00"),
            ]
            let simulated = try await lines(transactions, "&simular=true")
            #expect(simulated.map { $0["status"] } == ["200", "200", "200", "422"].map { .number($0) })
            #expect(simulated.map { $0["linha"] } == ["5", "6", "7", "8"].map { .number($0) })
            #expect(simulated.map { $0["tipo"]?.text } == ["credito", "debito", nil, nil])
            #expect(simulated.map { $0["valor"]?.text } == ["10.00", "4.00", nil, nil])
            #expect(simulated.map { $0["data"]?.text } == ["2026-01-02", "2026-01-02", nil, nil])
            #expect(simulated.allSatisfy { $0["id"] == nil })

            let registered = try await lines(transactions, "")
            #expect(registered.map { $0["status"] } == ["201", "201", "200", "422"].map { .number($0) })
            #expect(registered.allSatisfy { $0["valor"] == nil })
            for query in ["", "&simular=true"] {
                let other = try await lines([Self.transaction(2, amount: "-4,00"), Self.transaction(1, amount: "11.00")], query)
                #expect(other.last?["status"] == .number("422") && other.last?["linha"] == .number("6"), "\(query)")
                let problem = other.last?["erro"]
                #expect(problem?["type"]?.text?.hasSuffix("#chave-com-outro-conteudo") == true, "\(query)")
                #expect(problem?["detail"]?.text?.contains("`FITID`") == true, "\(query)")
                #expect(other.first?["id"] == registered[1]["id"], "\(query)")
            }
        }
    }

    @Test func `a whole file is refused where it is of another kind, or its account is missing or not the caller's`() async throws {
        try await Stack.with(consolidados: 1) { stack in
            let statement = Self.statement([Self.transaction(1, amount: "1.00")])
            let token = Token.make(secret: stack.secret, contas: ["loja42.*"])
            for (body, type, query, status) in [
                ("PK\u{3}\u{4}", Self.ofx, "?conta=loja42.caixa", 400), ("%PDF-1.4", Self.csv, "?conta=loja42.caixa", 400),
                ("", Self.ofx, "?conta=loja42.caixa", 400), ("", Self.csv, "?conta=loja42.caixa", 400),
                ("{}", Self.ofx, "?conta=loja42.caixa", 400), ("data;valor;saldo\n", Self.csv, "?conta=loja42.caixa", 400),
                (statement, Self.ofx, "", 422), (statement, Self.ofx, "?conta=loja42.*", 422), (statement, Self.ofx, "?conta=loja7", 403),
                (statement, Self.ofx, "?conta=loja42.caixa&x=1", 422), ("{}", "application/x-ndjson", "?conta=loja42.caixa", 422),
            ] {
                let answer = try await Self.send(stack, body, type: type, query: query, token: token)
                #expect(answer.status == status, "\(type) \(query) \(body.prefix(20)): \(answer.text)")
                #expect(answer.header("Content-Type") == "application/problem+json")
            }
        }
    }
}
