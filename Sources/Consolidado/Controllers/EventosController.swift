import Access
import Contrato
import Edge
import HTTPTypes
import Hummingbird

/// `/v1/consolidados/eventos`: the changes of balances as they happen (Server-Sent Events).
struct EventosController: Sendable {
    let feed: SaldoFeed

    var routes: [Route] {
        [
            Route(.get, "/v1/consolidados/eventos", access: .scope(.consolidadoLer), staysOpen: true) {
                try await self.eventos($0, $1)
            }
        ]
    }

    private func eventos(_ request: Request, _ call: CallContext) async throws -> Response {
        let (values, faults) = try call.query().values(known: ["conta"])
        var collected = FaultCollector(faults)
        let filtro = collected.collect(try ContaParameter.read(values["conta"], call.identity))
        try collected.throwIfAny()
        guard let filtro else { throw ErrosDeCampo([]) }
        // Changes that happen after the answer's head are on the stream.
        await self.feed.awaitChanges(of: filtro)
        let reader: SaldoReader
        do throws(FeedRefusal) {
            reader = try self.feed.subscribe(
                filtro, validUntil: call.identity.validUntil, hasLost: request.headers[.lastEventID] != nil,
                isWanted: call.body.watchCaller())
        } catch {
            throw ProblemaHTTP(error, readersMax: self.feed.readersMax)
        }
        return call.eventStream { reader.next($0) }
    }
}

extension ProblemaHTTP {
    fileprivate init(_ refusal: FeedRefusal, readersMax: Int) {
        let detail =
            switch refusal {
            case .full: "Já há \(readersMax) leitores de eventos nesta instância; tente mais tarde."
            case .closed: "Esta instância está encerrando; conecte-se de novo."
            }
        self.init(Problema(.sobrecarga, detail: detail))
    }
}

extension HTTPField.Name {
    /// Sent by browsers that connect again (HTML standard, §9.2.4).
    fileprivate static let lastEventID = Self("Last-Event-ID")!
}
