import Contrato
import TestSupport
import Testing

/// The list of entries and the extract through the running service.
@Suite(
    .enabled(if: TestServers.hasEverything, "needs the servers and products that deploy/local/test provides"), .serialized,
    .timeLimit(.minutes(5))
)
struct ListaTests {
    private static let path = "/v1/lancamentos"

    private static func ids(_ answer: API.Answer) throws -> [String] {
        guard case .array(let items)? = try JSONReader.read(answer.body)["itens"] else { throw TestFailure("no list: \(answer.text)") }
        return try items.map { item in
            guard case .string(let id)? = item["id"] else { throw TestFailure("no id in \(item)") }
            return id
        }
    }

    private static func get(_ stack: Stack, _ query: String, accept: String? = nil, token: String? = nil) async throws -> API.Answer {
        try await API(token: token ?? stack.token).send(
            "GET", "\(stack.lancamentos.url)\(self.path)\(query)", headers: accept.map { [("Accept", $0)] } ?? [])
    }

    /// Registers entries of `loja42.a` and `loja42.b` by turns and answers their ids, oldest first.
    private static func register(_ count: Int, _ stack: Stack) async throws -> [String] {
        var ids: [String] = []
        for number in 0..<count {
            let body = #"""
                {"conta":"loja42.\#(number % 2 == 0 ? "a" : "b")","tipo":"credito","valor":\#(number + 1),"data":"2026-01-0\#(number % 3 + 1)",
                 "referencia":"NF \#(number)","descricao":"=1+\#(number)","categoria":"a;b"}
                """#
            let answer = try await API(token: stack.token).post(stack.lancamentos, body, key: "k\(number)")
            ids.append(try #require(answer["id"], "\(answer.text)"))
        }
        return ids
    }

    @Test func `pages go back from the newest, each entry once, also while others are being written`() async throws {
        try await Stack.with(consolidados: 1) { stack in
            let ids = try await Self.register(25, stack)
            var seen: [String] = []
            var cursor: String?
            repeat {
                let answer = try await Self.get(stack, "?conta=loja42.*&limite=7" + (cursor.map { "&cursor=\($0)" } ?? ""))
                #expect(answer.status == 200)
                #expect(answer.header("Cache-Control") == "private, no-cache")
                seen += try Self.ids(answer)
                cursor = answer["proximo"]
                _ = try await API(token: stack.token).post(stack.lancamentos, #"{"conta":"loja42.a","tipo":"debito","valor":1}"#)
            } while cursor != nil
            #expect(seen == ids.reversed())
            let one = try await Self.get(stack, "?conta=loja42.a&de=2026-01-02&ate=2026-01-02&tipo=credito")
            #expect(try Self.ids(one) == ids.enumerated().filter { $0.offset % 2 == 0 && $0.offset % 3 == 1 }.map(\.element).reversed())
            #expect(try Self.ids(try await Self.get(stack, "?conta=loja42.b&chave=k3")) == [ids[3]])
            #expect(try Self.ids(try await Self.get(stack, "?conta=*&referencia=NF%2012")) == [ids[12]])
            #expect(try Self.ids(try await Self.get(stack, "?conta=loja42")) == [])
        }
    }

    @Test func `the extract is the whole list, oldest first, as NDJSON and as CSV`() async throws {
        try await Stack.with(consolidados: 1) { stack in
            // More than one page of the stream.
            let line = #"{"conta":"loja42.a","tipo":"credito","valor":"1.50","data":"2026-01-02","descricao":"=1+1, \"x\""}"#
            let lote = try await API(token: stack.token).send(
                "POST", "\(stack.lancamentos.url)\(Self.path)/lote", headers: [("Content-Type", "application/x-ndjson")],
                body: Array(repeating: line, count: 2500).joined(separator: "\n"))
            let ids = lote.text.split(separator: "\n").compactMap { line -> String? in
                guard case .string(let id)? = (try? JSONReader.read(Array(line.utf8)))?["id"] else { return nil }
                return id
            }
            #expect(ids.count == 2500)

            let ndjson = try await Self.get(stack, "?conta=loja42.*", accept: "application/x-ndjson")
            #expect(ndjson.header("Content-Type") == "application/x-ndjson")
            let read = try ndjson.text.split(separator: "\n").map { try JSONReader.read(Array($0.utf8))["id"] }
            #expect(read == ids.sorted().map { .string($0) })
            let first = try await API(token: stack.token).get(stack.lancamentos, "\(Self.path)/\(ids.sorted()[0])")
            #expect(ndjson.text.hasPrefix(first.text + "\n"))

            let csv = try await Self.get(stack, "?conta=loja42.*", accept: "text/csv")
            #expect(csv.header("Content-Type")?.hasPrefix("text/csv") == true)
            #expect(csv.header("Content-Disposition") == "attachment; filename=\"lancamentos.csv\"")
            let rows = csv.text.split(separator: "\r\n")
            #expect(rows.count == 2501)
            #expect(rows[0].hasPrefix("conta,tipo,valor,data,moeda,natureza,descricao,categoria,referencia,metadados,id,registrado_em,"))
            #expect(rows[1].hasPrefix(#"loja42.a,credito,1.50,2026-01-02,BRL,operacional,"'=1+1, ""x""",,,,"#))
            let brazilian = try await Self.get(stack, "?conta=loja42.*&separador=ponto-e-virgula&de=2026-01-02", accept: "text/csv")
            #expect(brazilian.text.utf8.starts(with: [0xEF, 0xBB, 0xBF]))
            #expect(brazilian.text.split(separator: "\r\n")[1].hasPrefix("loja42.a;credito;\"1,50\";2026-01-02;BRL;"))
        }
    }

    @Test func `bad parameters are named, and a list shows only what the token covers`() async throws {
        try await Stack.with(consolidados: 1) { stack in
            _ = try await Self.register(4, stack)
            let cursor = try #require(try await Self.get(stack, "?conta=loja42.*&limite=1")["proximo"])
            for (query, field) in [
                ("?conta=loja42.*&limite=0", "limite"), ("?conta=loja42.*&limite=501", "limite"), ("?conta=loja42.*&limite=+1", "limite"),
                ("?conta=loja42.*&tipo=x", "tipo"), ("?conta=loja42.*&natureza=", "natureza"), ("?conta=loja42.*&de=2026-02-30", "de"),
                ("?conta=loja42.*&de=2026-02-02&ate=2026-02-01", "ate"), ("?conta=loja42.*&chave=%20", "chave"),
                ("?conta=loja42.*&cursor=x", "cursor"), ("?conta=loja42.a&cursor=\(cursor)", "cursor"),
                ("?conta=loja42.*&tipo=credito&cursor=\(cursor)", "cursor"), ("?conta=loja42.*&x=1", "x"), ("", "conta"),
                ("?conta=loja42.*&separador=x", "separador"), ("?conta=a..b", "conta"), ("?conta=loja*", "conta"),
            ] {
                let token = query.isEmpty ? Token.make(secret: stack.secret, contas: ["a", "b"]) : nil
                let answer = try await Self.get(stack, query, token: token)
                #expect(answer.status == 422, "\(query): \(answer.text)")
                #expect(answer.text.contains("\"campo\":\"\(field)\""), "\(query): \(answer.text)")
            }
            let limited = try await Self.get(stack, "?conta=loja42.*&limite=1", accept: "text/csv")
            #expect(limited.status == 422)
            #expect(try await Self.get(stack, "?conta=%ff").status == 400)

            let mine = Token.make(secret: stack.secret, contas: ["loja42.a"])
            #expect(try Self.ids(try await Self.get(stack, "", token: mine)).count == 2)
            for query in ["?conta=loja42.*", "?conta=*", "?conta=loja42.b"] {
                #expect(try await Self.get(stack, query, token: mine).status == 403)
            }
            let writer = Token.make(secret: stack.secret, contas: ["*"], scope: "lancamentos:escrever")
            #expect(try await Self.get(stack, "?conta=*", token: writer).status == 403)
        }
    }
}
