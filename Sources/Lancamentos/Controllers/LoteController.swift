import Access
import Contrato
package import Edge
import FluxoDeCaixa
import HTTPTypes
import Hummingbird
import NIOCore

/// `POST /v1/lancamentos/lote`: registers many entries and answers line by line while they arrive.
package struct LoteController: Sendable {
    package struct Limits: Sendable {
        package var concurrentMax: Int
        package var bodyMaxBytes: Int
        /// Answers rendered at once. A client that does not read costs no memory for rendered answers.
        var answersAtOnceMax = 256
    }

    private let service: LancamentoService
    private let exigirChave: Bool
    private let limits: Limits
    private let urlPublica: String
    private let slots: ConcurrencySlots

    /// - Parameter urlPublica: the base of a problem's `type`.
    package init(service: LancamentoService, exigirChave: Bool, limits: Limits, urlPublica: String) {
        self.service = service
        self.exigirChave = exigirChave
        self.limits = limits
        self.urlPublica = urlPublica
        self.slots = ConcurrencySlots(max: limits.concurrentMax)
    }

    package var routes: [Route] {
        [
            Route(.post, "/v1/lancamentos/lote", access: .scope(.lancamentosEscrever), pace: .moving) { try await self.receive($0, $1) }
        ]
    }

    private func receive(_ request: Request, _ call: CallContext) async throws -> Response {
        let type = try call.body.check(
            request, types: LoteReception.Form.allCases.map(\.rawValue), maxBytes: self.limits.bodyMaxBytes
        )
        guard let form = LoteReception.Form(rawValue: type) else { preconditionFailure("a type that was not offered: \(type)") }
        guard request.headers[.idempotencyKey] == nil else {
            throw Problema(.chaveInvalida, detail: "Num lote a chave é o membro `chave` de cada lançamento; o cabeçalho não é aceito.")
        }
        let (conta, simulates) = try Self.parameters(call, form)
        guard let slot = self.slots.take() else {
            throw ProblemaHTTP(Problema(.sobrecarga, detail: "Já há \(self.limits.concurrentMax) lotes em andamento; tente mais tarde."))
        }

        let reader = LoteEntryReader(identity: call.identity, hoje: self.service.hoje, exigirChave: self.exigirChave)
        let answers = LoteAnswerQueue()
        let reception = LoteReception(
            splitter: form.splitter(conta: conta), continuesAfterUnreadable: form != .array, bodyMaxBytes: self.limits.bodyMaxBytes,
            reader: reader, service: self.service, simulates: simulates, call: call, answers: answers
        )
        call.body.willRead(request)
        // The answer is written after this handler has returned, while the body is still being read. The reading is therefore not a child
        // task. It always ends with the body, and the writer waits for it.
        let reading = Task { await reception.run(request.body) }
        let beginning = await withTaskCancellationHandler {
            await answers.beginning()
        } onCancel: {
            reading.cancel()
        }
        if case .refused(let problema) = beginning {
            await reading.value
            throw problema
        }
        let lines = LoteLines(reader: reader, simulates: simulates, urlPublica: self.urlPublica, requestID: call.requestID)
        return Response(
            status: .ok,
            headers: [.contentType: LoteReception.Form.ndjson.rawValue, .cacheControl: "no-store"],
            body: self.body(lines, answers, reading, slot)
        )
    }

    /// - Returns: the account of a file, which its entries do not name; nil for JSON. And whether nothing is registered.
    private static func parameters(_ call: CallContext, _ form: LoteReception.Form) throws(Problema) -> (Conta?, simulates: Bool) {
        let query = try call.query().values(known: SimularParameter.names + (form.isFile ? ["conta"] : []))
        var faults = FaultCollector()
        let simulates = SimularParameter.read(query, &faults)
        let values = query.values
        let conta = values["conta"].flatMap { Conta($0) }
        if form.isFile, conta == nil {
            let codigo: ErroDeCampo.Codigo = values["conta"] == nil ? .obrigatorio : .formato
            faults.add("conta", codigo, "Obrigatória num arquivo: o nome da conta em que as transações serão registradas.")
        }
        if let conta { try call.identity.require(conta: conta) } else { try call.identity.requireAnyConta() }
        try faults.throwIfAny()
        return (conta, simulates)
    }

    private func body(_ lines: LoteLines, _ answers: LoteAnswerQueue, _ reading: Task<Void, Never>, _ slot: ConcurrencySlots.Slot)
        -> ResponseBody
    {
        let atOnceMax = self.limits.answersAtOnceMax
        return ResponseBody { writer in
            // Holds the slot until the last answer is written.
            defer { withExtendedLifetime(slot) {} }
            do {
                var index = 0
                while let outcomes = await withTaskCancellationHandler(
                    operation: { await answers.next(max: atOnceMax) }, onCancel: { reading.cancel() })
                {
                    try await writer.write(ByteBuffer(bytes: lines.lines(outcomes, from: index)))
                    index += outcomes.count
                }
                await reading.value
                try await writer.finish(nil)
            } catch {
                // The client is gone. The reading must end before the connection is used again.
                reading.cancel()
                await reading.value
                throw error
            }
        }
    }
}
