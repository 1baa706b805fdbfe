import Carga
import Contrato
import FluxoDeCaixa
import Hummingbird
import Logging
import NIOCore
import ServiceKit

/// The parts at the edge: handlers of the same framework that do nothing else, under the same client as the whole.
struct HTTPParts: Sendable {
    private static let bodyMaxBytes = 65_536

    let hoje: Dia

    /// Requests a second that a handler carries which parses an entry and answers 201 with what it was sent.
    func write(for duration: Duration) async throws -> Measured {
        var entries = Entries(prefix: "limites-h", hoje: self.hoje)
        let body = Self.asSent(entries.next(agora: SystemClock.agora()))
        let router = Router()
        router.post("v1/lancamentos") { request, _ in
            let bytes = try await request.body.collect(upTo: Self.bodyMaxBytes)
            _ = try JSONReader.read(Array(bytes.readableBytesView))
            return Response(
                status: .created, headers: [.contentType: "application/json"], body: ResponseBody(byteBuffer: bytes))
        }
        return try await Self.measure(router, for: duration) { writer in
            writer.post("/v1/lancamentos", headers: "Content-Type: application/json\r\n", body: body)
        }
    }

    /// Requests a second that an empty handler carries.
    func read(for duration: Duration) async throws -> Measured {
        let router = Router()
        router.get("v1/consolidados") { _, _ in Response(status: .ok) }
        return try await Self.measure(router, for: duration) { $0.get("/v1/consolidados") }
    }

    private static func measure(
        _ router: Router<BasicRequestContext>, for duration: Duration, _ request: @escaping @Sendable (RequestWriter) -> ByteBuffer
    ) async throws -> Measured {
        var silent = Logger(label: "limites")
        silent.logLevel = .critical
        let (ports, listens) = AsyncStream.makeStream(of: Int.self)
        let application = Application(
            router: router, configuration: .init(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { channel in listens.yield(channel.localAddress?.port ?? 0) }, logger: silent)
        return try await Services.run([application]) {
            guard let port = await ports.first(where: { _ in true }) else { throw LimitesError("the bare handler does not listen") }
            let loop = try ClosedLoop(port: port, connections: Workload.httpConnections)
            // Connections, caches and branch predictors; what is measured comes after it.
            _ = try await loop.run(for: .seconds(1), request)
            let outcome = try await loop.run(for: duration, request)
            guard outcome.failures == 0 else { throw LimitesError("\(outcome.failures) requests to a bare handler failed") }
            return Measured(operations: outcome.answers, seconds: outcome.seconds)
        }
    }

    /// The members that a caller sends.
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
