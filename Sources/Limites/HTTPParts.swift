import Carga
import Contrato
import FluxoDeCaixa
import Hummingbird
import Logging
import NIOCore
import ServiceRuntime

/// The parts at the edge: minimal handlers in the same framework, measured with the same client as the whole.
struct HTTPParts: Sendable {
    private static let bodyMaxBytes = 65_536

    let hoje: Dia

    /// Measures requests a second of a handler that parses an entry and answers 201 with the same bytes.
    func write(for duration: Duration) async throws -> Measured { try await Self.measure(for: duration, self.post) }

    /// Measures requests a second of an empty handler.
    func read(for duration: Duration) async throws -> Measured { try await Self.measure(for: duration, Self.get) }

    /// Measures both handlers at the rates of `pico`.
    func peak(for duration: Duration) async throws -> PeakMeasures.Bare {
        try await Self.serving { port in
            let outcome = try await LocalLoad(port: port).steady(
                [
                    .init(name: "writes", ratePerSecond: Workload.peakPerSecond, request: self.post),
                    .init(name: "reads", ratePerSecond: Workload.peakPerSecond, request: Self.get),
                ], warmUp: .seconds(1), for: duration)
            guard outcome.failures == 0, let write = outcome.p99Ms[0], let read = outcome.p99Ms[1] else {
                throw LimitesError("\(outcome.failures) requests to bare handlers failed")
            }
            return .init(writeP99Ms: write, readP99Ms: read, processors: outcome.processors)
        }
    }

    private var post: @Sendable (RequestWriter) -> ByteBuffer {
        var entries = Entries(prefix: "limites-h", hoje: self.hoje)
        let body = Self.asSent(entries.next(agora: SystemClock.agora()))
        return { $0.post("/v1/lancamentos", headers: "Content-Type: application/json\r\n", body: body) }
    }

    private static let get: @Sendable (RequestWriter) -> ByteBuffer = { $0.get("/v1/consolidados") }

    private static func measure(
        for duration: Duration, _ request: @escaping @Sendable (RequestWriter) -> ByteBuffer
    ) async throws -> Measured {
        try await self.serving { port in
            let load = try LocalLoad(port: port)
            // Warms up connections, caches and branch predictors before the measurement.
            _ = try await load.saturate(connections: Workload.httpConnections, for: .seconds(1), request)
            let outcome = try await load.saturate(connections: Workload.httpConnections, for: duration, request)
            guard outcome.failures == 0 else { throw LimitesError("\(outcome.failures) requests to a bare handler failed") }
            return Measured(operations: outcome.answers, seconds: outcome.seconds)
        }
    }

    /// Serves the bare handlers while the closure runs, and passes their port to it.
    private static func serving<Value: Sendable>(_ body: @Sendable (Int) async throws -> Value) async throws -> Value {
        let router = Router()
        router.get("v1/consolidados") { _, _ in Response(status: .ok) }
        router.post("v1/lancamentos") { request, _ in
            let bytes = try await request.body.collect(upTo: Self.bodyMaxBytes)
            _ = try JSONReader.read(Array(bytes.readableBytesView))
            return Response(
                status: .created, headers: [.contentType: "application/json"], body: ResponseBody(byteBuffer: bytes))
        }
        var silent = Logger(label: "limites")
        silent.logLevel = .critical
        let (ports, listens) = AsyncStream.makeStream(of: Int.self)
        let application = Application(
            router: router, configuration: .init(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { channel in listens.yield(channel.localAddress?.port ?? 0) }, logger: silent)
        return try await Services.run([application]) {
            guard let port = await ports.first(where: { _ in true }) else { throw LimitesError("the bare handler does not listen") }
            return try await body(port)
        }
    }

    private static func asSent(_ lancamento: Lancamento) -> [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("conta", lancamento.conta.nome)
            writer.member("tipo", lancamento.tipo.rawValue)
            writer.member("valor", lancamento.valor.description)
            writer.member("data", lancamento.data.description)
            writer.member("descricao", ifPresent: lancamento.descricao)
            writer.member("categoria", ifPresent: lancamento.categoria)
            writer.member("referencia", ifPresent: lancamento.referencia)
        }
        return writer.bytes
    }
}
