import AsyncHTTPClient
import Contrato
import Fixtures
import Foundation
import NIOConcurrencyHelpers
import NIOCore
import NIOHTTP1
import TestSupport
import Testing

/// `GET /v1/consolidados/eventos`, as the page follows it.
@Suite(
    .enabled(if: TestServers.hasEverything, "needs the servers and products that deploy/local/test provides"), .serialized,
    .timeLimit(.minutes(5))
)
struct EventosTests {
    /// A stream that is being read.
    private struct Stream: Sendable {
        private let received = NIOLockedValueBox("")
        private let answered = NIOLockedValueBox<UInt?>(nil)
        private let over = NIOLockedValueBox(false)

        var text: String { self.received.withLockedValue { $0 } }
        var status: UInt? { self.answered.withLockedValue { $0 } }
        var isOver: Bool { self.over.withLockedValue { $0 } }
        var isOpen: Bool { self.status == 200 && self.text.contains(": vivo\n\n") }

        /// Reads until the stream or the task ends.
        func read(_ instance: ServiceProcess, _ query: String, token: String, gzip: Bool = false) async throws {
            var request = HTTPClientRequest(url: "\(instance.url)/v1/consolidados/eventos\(query)")
            request.headers.add(name: "Authorization", value: "Bearer \(token)")
            request.headers.add(name: "Accept-Encoding", value: gzip ? "gzip" : "identity")
            let response = try await HTTPClient.shared.execute(request, timeout: .seconds(120))
            #expect(response.headers.first(name: "content-encoding") == nil)
            #expect(response.headers.first(name: "content-type") == "text/event-stream")
            self.answered.withLockedValue { $0 = response.status.code }
            for try await part in response.body { self.received.withLockedValue { $0 += String(buffer: part) } }
            self.over.withLockedValue { $0 = true }
        }

        /// The data of the events `saldo`.
        func balances() throws -> [JSONValue] {
            try self.text.components(separatedBy: "\n\n").filter { $0.contains("event: saldo\n") }.compactMap { block in
                guard let line = block.split(separator: "\n").first(where: { $0.hasPrefix("data: ") }) else { return nil }
                let data = try JSONReader.read(Array(line.dropFirst("data: ".count).utf8))
                #expect(block.hasPrefix("id: \(data["versao"]?.integer ?? -1)\n"))
                return data
            }
        }
    }

    private static func entry(_ conta: String, _ valor: String = "10.00") -> String {
        #"{"conta":"\#(conta)","tipo":"credito","valor":"\#(valor)"}"#
    }

    @Test func `an entry is seen on the streams of both instances, within what the token covers`() async throws {
        try await Stack.with { stack in
            let api = API(token: stack.token)
            let some = Token.make(secret: stack.secret, contas: ["loja42.*"])
            let (first, second, one) = (Stream(), Stream(), Stream())
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await first.read(stack.consolidados[0], "?conta=*", token: stack.token) }
                group.addTask { try await second.read(stack.consolidados[1], "", token: some, gzip: true) }
                group.addTask { try await one.read(stack.consolidados[1], "?conta=loja42.pix", token: some) }
                defer { group.cancelAll() }
                #expect(await eventually { first.isOpen && second.isOpen && one.isOpen })
                for conta in ["loja42.caixa", "outra"] { #expect(try await api.post(stack.lancamentos, Self.entry(conta)).status == 201) }
                let (isSeen, time) = try await timed {
                    try await eventually { try first.balances().count >= 2 && second.balances().count >= 1 }
                }
                print("seen after \(time)")
                #expect(isSeen && time < .seconds(2), "seen after \(time)")
                #expect(Set(try first.balances().compactMap { $0["conta"]?.text }) == ["loja42.caixa", "outra"])
                let seen = try second.balances()
                #expect(Set(seen.compactMap { $0["conta"]?.text }) == ["loja42.caixa"])
                #expect(seen.last?["total_creditos"]?.text == "10.00" && seen.last?["quantidade_creditos"]?.integer == 1)
                #expect(try one.balances().isEmpty)
                let metrics = try await API(token: nil).get(stack.consolidados[1], "/metrics")
                #expect(metrics.metric("fluxo_event_streams") == 2 && metrics.metric("fluxo_event_feed_connected") == 1)
                #expect(metrics.metric("fluxo_event_stream_lost_total") == 0)
            }
            let areGone = try await eventually {
                try await API(token: nil).get(stack.consolidados[1], "/metrics").metric("fluxo_event_streams") == 0
            }
            #expect(areGone)
            // The refusals of every other read.
            let instance = stack.consolidados[0]
            let someAPI = API(token: some)
            for (path, status) in [("?conta=outra", 403), ("?conta=*", 403), ("?conta=a..b", 422), ("?conta=loja42.pix&de=x", 422)] {
                #expect(try await someAPI.get(instance, "/v1/consolidados/eventos\(path)").status == status, "\(path)")
            }
            #expect(try await API(token: nil).get(instance, "/v1/consolidados/eventos").status == 401)
            let writer = API(token: Token.make(secret: stack.secret, contas: ["*"], scope: "lancamentos:escrever"))
            #expect(try await writer.get(instance, "/v1/consolidados/eventos?conta=a").status == 403)
            #expect(try await api.send("HEAD", "\(instance.url)/v1/consolidados/eventos?conta=a").status == 200)
            #expect(try await api.send("POST", "\(instance.url)/v1/consolidados/eventos").status == 405)
        }
    }

    @Test func `a stream too many is refused, one that ends with its token is not missed, and shutdown ends the rest`() async throws {
        let environment = ["FLUXO_CONSOLIDADO_EVENTOS_MAX": "2", "FLUXO_AUTH_TOLERANCIA_S": "0"]
        try await Stack.with(consolidados: 1, environment: environment) { stack in
            let instance = stack.consolidados[0]
            let expiry = Int(Date().timeIntervalSince1970) + 20
            let short = TestToken.make(
                #"{"sub":"curto","exp":\#(expiry),"contas":["*"],"scope":"consolidado:ler"}"#, secret: stack.secret)
            let (brief, long) = (Stream(), Stream())
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await brief.read(instance, "?conta=a", token: short) }
                group.addTask { try await long.read(instance, "?conta=a", token: stack.token) }
                #expect(await eventually { brief.isOpen && long.isOpen })
                let refused = try await API(token: stack.token).get(instance, "/v1/consolidados/eventos?conta=a")
                #expect(refused.status == 503 && refused.header("Retry-After") == "1")
                #expect(refused["type"]?.hasSuffix("#sobrecarga") == true)
                #expect(await eventually { brief.isOver })
                #expect(Date().timeIntervalSince1970 >= Double(expiry) && !long.isOver)
                #expect(try await API(token: stack.token).send("HEAD", "\(instance.url)/v1/consolidados/eventos?conta=a").status == 200)
                let (status, time) = await timed { await instance.terminate() }
                #expect(status == 0 && time < .seconds(10), "status \(status) after \(time)")
                try await group.waitForAll()
                #expect(long.isOver)
            }
        }
    }

    @Test func `a lost connection to the broker ends no stream, and the reader receives perdeu`() async throws {
        guard let url = TestServers.managementURL else { throw TestFailure("TESTE_RABBITMQ_MANAGEMENT_URL is not set") }
        let management = try Management(url: url)
        try await Stack.with(consolidados: 1) { stack in
            let stream = Stream()
            // The queue of the instance, which the broker names, exists while there are readers.
            func queues() async throws -> Int {
                let queues = try JSONReader.read(await management.request("GET", "queues/\(stack.virtualHost)"))
                return queues.elements.count { $0["name"]?.text?.hasPrefix("amq.gen-") == true }
            }
            #expect(try await eventually { try await queues() == 0 })
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await stream.read(stack.consolidados[0], "?conta=a", token: stack.token) }
                defer { group.cancelAll() }
                #expect(await eventually { stream.isOpen })
                #expect(try await eventually { try await queues() == 1 })
                let isClosed = try await eventually {
                    let connections = try JSONReader.read(await management.request("GET", "vhosts/\(stack.virtualHost)/connections"))
                    let feed = connections.elements.first { $0["user_provided_name"]?.text == "consolidado feed" }
                    guard let name = feed?["name"]?.text,
                        let path = name.addingPercentEncoding(withAllowedCharacters: .alphanumerics)
                    else { return false }
                    try await management.request("DELETE", "connections/\(path)")
                    return true
                }
                #expect(isClosed)
                #expect(await eventually { stream.text.contains("event: perdeu\ndata: {}\n\n") })
                #expect(try await API(token: stack.token).post(stack.lancamentos, Self.entry("a")).status == 201)
                #expect(try await eventually { try stream.balances().count >= 1 })
                #expect(!stream.isOver)
            }
        }
    }
}
