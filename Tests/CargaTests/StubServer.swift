import Contrato
import FluxoDeCaixa
import NIOConcurrencyHelpers
import NIOCore
import NIOHTTP1
import NIOPosix

@testable import Carga

/// Both services in one process, in memory, with configurable faults.
final class StubServer: Sendable {
    struct Faults: Sendable {
        /// After this many writes nothing is answered for ``stall``, once.
        var stallAfterWrites: Int?
        var stall = TimeAmount.seconds(2)
        /// Every n-th entry is answered 201 and added to no balance.
        var dropEvery: Int?
        /// Every n-th entry is added to its balance twice.
        var doubleEvery: Int?
        /// Every n-th write is shed.
        var shedEvery: Int?
        /// Every n-th write closes the connection after the entry is registered.
        var disconnectEvery: Int?
        /// Every n-th write is answered 503 `resultado-desconhecido`; every second of these is not registered.
        var unclearEvery: Int?
    }

    struct Entry: Sendable {
        let id: String
        let conta: String
        let data: String
        let centavos: Int128
        let chave: String?
        let referencia: String
    }

    struct State {
        var writes = 0
        var registered: [Entry] = []
        var days: [String: [String: DaySum]] = [:]
        var stalledUntil: NIODeadline?
    }

    let state = NIOLockedValueBox(State())
    let faults: Faults
    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)

    init(_ faults: Faults = Faults()) {
        self.faults = faults
    }

    /// Listens on a free port while the closure runs.
    func run<Result>(_ body: (Target, any EventLoop) async throws -> Result) async throws -> Result {
        let channel = try await ServerBootstrap(group: self.group)
            // On a busy machine connections arrive faster than they are accepted.
            .serverChannelOption(.backlog, value: 1024)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(StubHandler(server: self))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let address = HTTPAddress(url: "http://127.0.0.1:\(channel.localAddress?.port ?? 0)")!
        let load = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        do {
            let result = try await body(Target(lancamentos: address, consolidados: [address], token: Token("t")!), load.next())
            try await load.shutdownGracefully()
            try await self.group.shutdownGracefully()
            return result
        } catch {
            try? await load.shutdownGracefully()
            try? await self.group.shutdownGracefully()
            throw error
        }
    }

    struct Answer {
        var status = HTTPResponseStatus.ok
        var body = ""
        var headers: [(String, String)] = []
        var disconnects = false
        /// The body stays open: the answer has no end.
        var isOpen = false
    }

    func answer(_ method: HTTPMethod, _ target: String, key: String?, body: [UInt8]) -> Answer {
        let parts = target.split(separator: "?", maxSplits: 1)
        let pairs = parts.count < 2 ? [] : parts[1].split(separator: "&").map { $0.split(separator: "=", maxSplits: 1).map(String.init) }
        let query = Dictionary(uniqueKeysWithValues: pairs.map { ($0[0], $0.count > 1 ? $0[1] : "") })
        let path = String(parts[0])
        return self.state.withLockedValue { state in
            switch (method, path) {
            case (.POST, "/v1/lancamentos"): self.write(body, key: key, &state)
            case (.POST, "/v1/lancamentos/lote"): self.lote(body, &state)
            case (.GET, "/v1/lancamentos"): Self.list(query, state)
            case (.GET, "/v1/consolidados"): Self.period(query, state)
            case (.GET, "/v1/consolidados/eventos"): Self.events(of: query["conta"])
            case (.GET, _) where path.hasPrefix("/v1/lancamentos/"): Self.one(String(path.dropFirst("/v1/lancamentos/".count)), state)
            case (.GET, _) where path.hasPrefix("/v1/consolidados/"): Answer(body: "{}")
            default: Answer(status: .notFound)
            }
        }
    }

    // MARK: Writing

    private func write(_ body: [UInt8], key: String?, _ state: inout State) -> Answer {
        state.writes += 1
        if self.faults.stallAfterWrites == state.writes { state.stalledUntil = .now() + self.faults.stall }
        func isTurn(_ every: Int?) -> Bool { every.map { state.writes % $0 == 0 } ?? false }
        if isTurn(self.faults.shedEvery) { return Self.problem("sobrecarga", retryAfter: 1) }
        guard let entry = Self.entry(body, key: key, id: state.writes) else { return Answer(status: .badRequest) }
        if isTurn(self.faults.unclearEvery) {
            if state.writes / (self.faults.unclearEvery ?? 1) % 2 == 0 { self.register(entry, &state) }
            return Self.problem("resultado-desconhecido", id: entry.id)
        }
        self.register(entry, &state)
        return Answer(status: .created, body: #"{"id":"\#(entry.id)"}"#, disconnects: isTurn(self.faults.disconnectEvery))
    }

    private func lote(_ body: [UInt8], _ state: inout State) -> Answer {
        var lines = ""
        for (position, line) in body.split(separator: UInt8(ascii: "\n")).enumerated() {
            state.writes += 1
            guard let entry = Self.entry(Array(line), key: nil, id: state.writes) else { return Answer(status: .badRequest) }
            self.register(entry, &state)
            lines += #"{"indice":\#(position),"status":201,"id":"\#(entry.id)"}"# + "\n"
        }
        return Answer(body: lines)
    }

    private func register(_ entry: Entry, _ state: inout State) {
        state.registered.append(entry)
        func isTurn(_ every: Int?) -> Bool { every.map { state.registered.count % $0 == 0 } ?? false }
        if isTurn(self.faults.dropEvery) { return }
        for _ in 0..<(isTurn(self.faults.doubleEvery) ? 2 : 1) {
            var sum = state.days[entry.conta]?[entry.data] ?? DaySum()
            if entry.centavos > 0 {
                sum.creditosCentavos += entry.centavos
                sum.quantidadeCreditos += 1
            } else {
                sum.debitosCentavos -= entry.centavos
                sum.quantidadeDebitos += 1
            }
            state.days[entry.conta, default: [:]][entry.data] = sum
        }
    }

    private static func entry(_ body: [UInt8], key: String?, id: Int) -> Entry? {
        guard let value = try? JSONReader.read(body), case .string(let conta)? = value["conta"], case .string(let tipo)? = value["tipo"],
            case .string(let valor)? = value["valor"], let centavos = BalanceReader.centavos(valor),
            case .string(let data)? = value["data"], case .string(let referencia)? = value["referencia"]
        else { return nil }
        let chave: String? = if case .string(let chave)? = value["chave"] { chave } else { key }
        let digits = String(id, radix: 16)
        return Entry(
            id: "01900000-0000-7000-8000-" + String(repeating: "0", count: 12 - digits.count) + digits, conta: conta, data: data,
            centavos: tipo == "credito" ? centavos : -centavos, chave: chave, referencia: referencia)
    }

    private static func problem(_ name: String, id: String? = nil, retryAfter: Int? = nil) -> Answer {
        let member = id.map { #","id":"\#($0)""# } ?? ""
        return Answer(
            status: .serviceUnavailable, body: #"{"type":"http://stub/problemas#\#(name)"\#(member)}"#,
            headers: retryAfter.map { [("Retry-After", "\($0)")] } ?? [])
    }

    // MARK: Reading

    private static func one(_ id: String, _ state: State) -> Answer {
        state.registered.contains { $0.id == id } ? Answer(body: #"{"id":"\#(id)"}"#) : Answer(status: .notFound)
    }

    /// Two changes and a gap. The stream of the account `breve` ends; `cheia` has none.
    private static func events(of conta: String?) -> Answer {
        let events = ": vivo\n\nid: 1\nevent: saldo\ndata: {}\n\nevent: perdeu\ndata: {}\n\nid: 2\nevent: saldo\ndata: {}\n\n"
        return conta == "cheia" ? self.problem("sobrecarga", retryAfter: 1) : Answer(body: events, isOpen: conta != "breve")
    }

    private static func list(_ query: [String: String], _ state: State) -> Answer {
        let found = state.registered.filter { entry in
            entry.conta == query["conta"] && (query["chave"].map { $0 == entry.chave } ?? true)
                && (query["referencia"].map { $0 == entry.referencia } ?? true) && (query["de"].map { $0 <= entry.data } ?? true)
                && (query["ate"].map { $0 >= entry.data } ?? true)
        }
        return Answer(body: #"{"itens":[\#(found.map { #"{"id":"\#($0.id)"}"# }.joined(separator: ","))],"proximo":null}"#)
    }

    private static func period(_ query: [String: String], _ state: State) -> Answer {
        guard let conta = query["conta"], let first = query["de"].flatMap({ Dia(parsing: $0) }),
            let last = query["ate"].flatMap({ Dia(parsing: $0) })
        else { return Answer(status: .unprocessableEntity) }
        let sums: [[String: DaySum]] =
            conta.hasSuffix("*")
            ? state.days.filter { $0.key.hasPrefix(conta.dropLast()) }.map(\.value) : [state.days[conta] ?? [:]]
        var (opening, rows, credits, debits): (Int128, [String], Int, Int) = (0, [], 0, 0)
        for offset in 0...last.diasDesde(first) {
            let day = first.somando(dias: offset)!.description
            var sum = DaySum()
            for days in sums {
                guard let one = days[day] else { continue }
                sum.creditosCentavos += one.creditosCentavos
                sum.debitosCentavos += one.debitosCentavos
                sum.quantidadeCreditos += one.quantidadeCreditos
                sum.quantidadeDebitos += one.quantidadeDebitos
            }
            let closing = opening + sum.saldoCentavos
            rows.append(
                #"{"data":"\#(day)","saldo_inicial":"\#(Text.money(opening))","total_creditos":"\#(Text.money(sum.creditosCentavos))","#
                    + #""total_debitos":"\#(Text.money(sum.debitosCentavos))","saldo_final":"\#(Text.money(closing))","#
                    + #""quantidade_creditos":\#(sum.quantidadeCreditos),"quantidade_debitos":\#(sum.quantidadeDebitos)}"#)
            opening = closing
            credits += sum.quantidadeCreditos
            debits += sum.quantidadeDebitos
        }
        return Answer(
            body:
                #"{"dias":[\#(rows.joined(separator: ","))],"totais":{"quantidade_creditos":\#(credits),"quantidade_debitos":\#(debits)}}"#)
    }
}

/// Answers requests in order, after the stall if there is one.
private final class StubHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let server: StubServer
    private var head: HTTPRequestHead?
    private var body = ByteBuffer()

    init(server: StubServer) {
        self.server = server
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch self.unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            self.body.clear()
        case .body(let piece): self.body.writeImmutableBuffer(piece)
        case .end:
            guard let head else { return }
            let answer = self.server.answer(
                head.method, head.uri, key: head.headers.first(name: "Idempotency-Key"), body: Array(self.body.readableBytesView))
            let channel = context.channel
            let send: @Sendable () -> Void = {
                if answer.disconnects { return channel.close(promise: nil) }
                let length = answer.isOpen ? ("Transfer-Encoding", "chunked") : ("Content-Length", "\(answer.body.utf8.count)")
                let headers = HTTPHeaders([length] + answer.headers)
                let head = HTTPResponseHead(version: .http1_1, status: answer.status, headers: headers)
                channel.write(HTTPServerResponsePart.head(head), promise: nil)
                channel.writeAndFlush(HTTPServerResponsePart.body(.byteBuffer(ByteBuffer(string: answer.body))), promise: nil)
                if answer.isOpen { return }
                channel.writeAndFlush(HTTPServerResponsePart.end(nil), promise: nil)
            }
            if let until = self.server.state.withLockedValue({ $0.stalledUntil }), until > .now() {
                channel.eventLoop.scheduleTask(deadline: until, send)
            } else {
                send()
            }
        }
    }
}
