import AsyncHTTPClient
import Contrato
import Fixtures
import Foundation
import NIOCore
import NIOHTTP1
import TestSupport
import Testing

/// Lotes and estornos through the running services.
@Suite(
    .enabled(if: TestServers.hasEverything, "needs the servers and products that deploy/local/test provides"), .serialized,
    .timeLimit(.minutes(5))
)
struct LoteTests {
    private static func send(
        _ stack: Stack, _ body: String, type: String = "application/x-ndjson", token: String? = nil, headers: [(String, String)] = []
    ) async throws -> API.Answer {
        try await API(token: token ?? stack.token).send(
            "POST", "\(stack.lancamentos.url)/v1/lancamentos/lote", headers: [("Content-Type", type)] + headers, body: body)
    }

    private static func statuses(_ answer: API.Answer) throws -> [String] {
        try answer.text.split(separator: "\n").enumerated().map { index, line in
            let json = try JSONReader.read(Array(line.utf8))
            #expect(json["indice"] == .number("\(index)"))
            guard case .number(let status)? = json["status"] else { throw TestFailure("no status in \(line)") }
            return status
        }
    }

    @Test func `a bad line never hurts its neighbours, in either form`() async throws {
        try await Stack.with(consolidados: 1) { stack in
            let good = #"{"conta":"loja42.caixa","tipo":"credito","valor":"1.50","data":"2026-01-02"}"#
            let keyed = #"{"conta":"loja42.caixa","tipo":"credito","valor":2,"data":"2026-01-02","chave":"k1"}"#
            let lines = [
                good, "", "garbage", #"{"conta":"loja42.caixa"}"#, keyed, keyed, keyed.replacing("2,", with: "3,"), "{\"a\":",
                "[1]", good.replacing("loja42", with: "loja7"), #"{"conta":"loja42.caixa","chave":""}"#,
                "{\"x\":\"\(String(repeating: "x", count: 70_000))\"}", good.replacing("}", with: ",\"chave\":7}"), good,
            ]
            let token = Token.make(secret: stack.secret, contas: ["loja42.*"])
            let answer = try await Self.send(stack, lines.joined(separator: "\n"), token: token)
            #expect(answer.status == 200)
            #expect(answer.header("Content-Type") == "application/x-ndjson")
            #expect(
                try Self.statuses(answer) == [
                    "201", "400", "422", "201", "200", "422", "400", "422", "403", "400", "413", "422", "201",
                ])
            let list = try await Self.send(
                stack, "[\(good), \(keyed) ,[1],{\"a\":1,\"a\":2},\(good)]", type: "application/json", token: token)
            #expect(try Self.statuses(list) == ["201", "200", "422", "400", "201"])
            try await Self.waitForBalance("8.00", stack)
        }
    }

    /// Four good entries of 1.50 and one of 2.00.
    private static func waitForBalance(_ expected: String, _ stack: Stack) async throws {
        var seen: String?
        let isSeen = try await eventually {
            seen = try await API(token: stack.token).get(
                stack.consolidados[0], "/v1/consolidados/2026-01-02?conta=loja42.caixa")["saldo_final"]
            return seen == expected
        }
        #expect(isSeen, "\(seen ?? "none") instead of \(expected)")
    }

    @Test func `a whole call is refused where there is nothing to answer line by line`() async throws {
        try await Stack.with(consolidados: 1) { stack in
            let entry = #"{"conta":"a","tipo":"credito","valor":1}"#
            for (body, type, headers, status) in [
                ("", "application/x-ndjson", [], 400), ("", "application/json", [], 400), ("{}", "application/json", [], 400),
                ("x", "application/json", [], 400), (entry, "text/plain", [], 415),
                (entry, "application/x-ndjson", [("Content-Encoding", "gzip")], 415),
                (entry, "application/x-ndjson", [("Idempotency-Key", "k")], 400),
            ] {
                let answer = try await Self.send(stack, body, type: type, headers: headers)
                #expect(answer.status == status, "\(type) \(body): \(answer.text)")
                #expect(answer.header("Content-Type") == "application/problem+json")
            }
            #expect(try await Self.send(stack, "[]", type: "application/json").text.isEmpty)
            #expect(try await Self.send(stack, "\n\n").status == 200)
            let broken = try await Self.send(stack, "[\(entry),\(entry) \(entry)]", type: "application/json")
            #expect(try Self.statuses(broken) == ["201", "201", "400"])
            let syntax = try await Self.send(stack, "[\(entry),{\"a\":}},\(entry)]", type: "application/json")
            #expect(try Self.statuses(syntax) == ["201", "400"])
            let cut = try await Self.send(stack, "[\(entry),{\"conta\":", type: "application/json")
            #expect(try Self.statuses(cut) == ["201", "400"])
        }
    }

    @Test func `bodies over the limit are refused by their declared length, or end with a last line`() async throws {
        try await Stack.with(consolidados: 1) { stack in
            let line = #"{"conta":"a","tipo":"credito","valor":1,"descricao":"\#(String(repeating: "x", count: 200))"}"# + "\n"
            let declared = String(repeating: line, count: (16 << 20) / line.utf8.count + 1)
            let head = """
                POST /v1/lancamentos/lote HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer \(stack.token)\r\n\
                Content-Type: application/x-ndjson\r\nContent-Length: \(declared.utf8.count)\r\n\r\n
                """
            let refused = try await RawHTTP.sendAllThenRead(port: stack.lancamentos.port, [head, declared])
            #expect(refused.hasPrefix("HTTP/1.1 413"), "\(refused.prefix(200))")

            var request = HTTPClientRequest(url: "\(stack.lancamentos.url)/v1/lancamentos/lote")
            request.method = .POST
            request.headers.add(name: "Authorization", value: "Bearer \(stack.token)")
            request.headers.add(name: "Content-Type", value: "application/x-ndjson")
            let blank = ByteBuffer(string: String(repeating: "\n", count: 1 << 16))
            let chunks = [ByteBuffer(string: line)] + Array(repeating: blank, count: 256)
            let (body, continuation) = AsyncStream<ByteBuffer>.makeStream()
            for chunk in chunks { continuation.yield(chunk) }
            continuation.finish()
            request.body = .stream(body, length: .unknown)
            let response = try await HTTPClient.shared.execute(request, timeout: .seconds(30))
            #expect(response.status == .ok)
            let lines = try await String(buffer: response.body.collect(upTo: 1 << 20)).split(separator: "\n")
            #expect(lines.count == 2)
            #expect(lines.last?.contains("\"status\":413") == true)
        }
    }

    @Test func `a body that never ends is ended, also after its array broke, with one last answer`() async throws {
        try await Stack.with(consolidados: 1) { stack in
            let head = """
                POST /v1/lancamentos/lote HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer \(stack.token)\r\n\
                Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n
                """
            let chunk = "10000\r\n" + String(repeating: " ", count: 0x10000) + "\r\n"
            for start in ["2\r\n[}\r\n", "2\r\n{}\r\n", "1\r\n[\r\n"] {
                #expect(
                    try await RawHTTP.isClosed(port: stack.lancamentos.port, head + start, thenRepeating: chunk, within: .seconds(25)),
                    "still open after \(start.debugDescription)")
            }
            // The array breaks in the very bytes that pass the limit, or before them.
            let long = "[1}" + String(repeating: " ", count: 17 << 20)
            let answer = try await RawHTTP.sendAllThenRead(
                port: stack.lancamentos.port, [head, "\(String(long.utf8.count, radix: 16))\r\n", long, "\r\n0\r\n\r\n"])
            #expect(answer.components(separatedBy: "\"indice\"").count == 2, "\(answer.suffix(700))")
        }
    }

    @Test func `a client that reads only after sending all gets every answer, and only so many lotes run at once`() async throws {
        try await Stack.with(consolidados: 1) { stack in
            // 40,000 answers of some 500 bytes do not fit into the buffers of a connection.
            let body = Array(repeating: "{\"conta\":\"a\",\"tipo\":\"x\"}\n", count: 40_000).joined()
            let head = """
                POST /v1/lancamentos/lote HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer \(stack.token)\r\n\
                Content-Type: application/x-ndjson\r\nContent-Length: \(body.utf8.count)\r\nConnection: close\r\n\r\n
                """
            let port = stack.lancamentos.port
            let answers = try await withThrowingTaskGroup(of: String.self) { group in
                for _ in 0..<6 {
                    group.addTask { try await RawHTTP.sendAllThenRead(port: port, [head, body]) }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            let whole = answers.filter { $0.hasPrefix("HTTP/1.1 200") }
            let refused = answers.filter { $0.hasPrefix("HTTP/1.1 503") && $0.lowercased().contains("retry-after: ") }
            // A lote beyond the limit is refused; how many that are depends on how fast the others end.
            #expect(whole.count >= 4)
            #expect(whole.count + refused.count == 6, "\(answers.map { $0.prefix(80) })")
            for answer in whole { #expect(answer.split(separator: "\n").count { $0.contains("\"status\":422") } == 40_000) }
        }
    }

    @Test func `an entry is reversed once and for all`() async throws {
        try await Stack.with(consolidados: 1) { stack in
            let api = API(token: stack.token)
            let body = #"{"conta":"loja42.caixa","tipo":"credito","valor":"10.00","data":"2026-01-02","categoria":"venda"}"#
            let id = try #require(try await api.post(stack.lancamentos, body)["id"])
            let url = "\(stack.lancamentos.url)/v1/lancamentos/\(id)/estorno"
            let answers = try await withThrowingTaskGroup(of: API.Answer.self) { group in
                for number in 0..<100 {
                    group.addTask { try await api.send("POST", url, body: number % 2 == 0 ? nil : "{\"descricao\":\"\(number)\"}") }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(answers.count { $0.status == 201 } == 1)
            #expect(answers.count { $0.status == 200 } == 99)
            let estornos = Set(answers.compactMap { $0["id"] })
            #expect(estornos.count == 1)
            let estorno = try #require(estornos.first)
            #expect(answers.allSatisfy { $0.header("Location") == "/v1/lancamentos/\(estorno)" })
            let original = try await api.get(stack.lancamentos, "/v1/lancamentos/\(id)")
            #expect(original["estornado_por"] == estorno)
            let reversed = try await api.get(stack.lancamentos, "/v1/lancamentos/\(estorno)")
            #expect(reversed["estorno_de"] == id)
            #expect(reversed["tipo"] == "debito")
            #expect(reversed["categoria"] == "venda")

            let twice = try await api.send("POST", "\(stack.lancamentos.url)/v1/lancamentos/\(estorno)/estorno")
            #expect(twice.status == 409)
            #expect(twice["type"]?.hasSuffix("#estorno-de-estorno") == true)
            // An existing estorno is answered before the day is compared; rules of form hold all the same.
            #expect(try await api.send("POST", url, body: #"{"data":"2020-01-01"}"#).status == 200)
            #expect(try await api.send("POST", url, body: #"{"data":"2999-01-01"}"#).status == 422)
            #expect(try await api.send("POST", url, body: #"{"valor":1}"#).status == 422)
            #expect(try await api.send("POST", url, body: "{").status == 400)
            let other = API(token: Token.make(secret: stack.secret, contas: ["loja7"]))
            #expect(try await other.send("POST", url).status == 404)
            #expect(try await api.send("POST", url.replacing(id, with: "x")).status == 404)
        }
    }
}
