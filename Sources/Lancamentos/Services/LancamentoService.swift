import Crypto
package import FluxoDeCaixa
import NIOConcurrencyHelpers

/// Registers and finds entries: gives them identity and day, and leaves storing to the batcher.
package struct LancamentoService: Sendable {
    /// The present, as the service needs it.
    package struct Clock: Sendable {
        /// The moment, which ids are made from.
        package var agora: @Sendable () -> Instante
        /// The day in the business time zone.
        package var hoje: @Sendable () -> Dia

        package init(agora: @escaping @Sendable () -> Instante, hoje: @escaping @Sendable () -> Dia) {
            self.agora = agora
            self.hoje = hoje
        }
    }

    /// Keeps its randomness beside it: a generator without contents that is a variable of its own has no address, and the thread sanitizer
    /// (Swift 6.3) takes the one that is passed for it at its word.
    private struct IDs {
        var gerador = GeradorDeID()
        var aleatorio = SystemRandomNumberGenerator()
    }

    private let repository: any LancamentoRepository
    private let batcher: WriteBatcher
    private let clock: Clock
    private let capacityWaitMax: Duration
    private let ids = NIOLockedValueBox(IDs())

    /// - Parameter capacityWaitMax: how long entries of a lote wait for a place where a single request is told at once that there is none: who
    ///   sends many is in no hurry.
    package init(repository: any LancamentoRepository, batcher: WriteBatcher, clock: Clock, capacityWaitMax: Duration = .seconds(2)) {
        self.repository = repository
        self.batcher = batcher
        self.clock = clock
        self.capacityWaitMax = capacityWaitMax
    }

    /// Today in the business time zone: what the dates of entries are checked against.
    package var hoje: Dia { self.clock.hoje() }

    /// Registers an entry.
    /// - Parameters:
    ///   - novo: what was sent, validated.
    ///   - registradoPor: who sent it.
    ///   - canal: how it came.
    ///   - traceparent: the trace that the event carries on.
    ///   - diaPadrao: the day that counts where none was sent; nil: today.
    /// - Throws: ``FalhaDeRegistro``.
    package func registrar(
        _ novo: NovoLancamento,
        registradoPor: String?,
        canal: Canal,
        traceparent: String?,
        diaPadrao: Dia? = nil
    ) async throws(FalhaDeRegistro) -> ResultadoDeRegistro {
        try await self.batcher.write(
            self.registro(novo, registradoPor: registradoPor, canal: canal, traceparent: traceparent, diaPadrao: diaPadrao)
        )
    }

    /// Registers many entries; one that fails hurts no other. Of two with one key the earlier wins, as it would if they came one by one.
    /// - Returns: what became of each, in order.
    package func registrar(
        lote novos: [NovoLancamento],
        registradoPor: String?,
        traceparent: String?
    ) async -> [Result<ResultadoDeRegistro, FalhaDeRegistro>] {
        var outcomes: [Result<ResultadoDeRegistro, FalhaDeRegistro>] = []
        for group in LoteGroups.split(novos) {
            outcomes += await self.writeWithPatience(
                group.map { self.registro($0, registradoPor: registradoPor, canal: .lote, traceparent: traceparent) }
            )
        }
        return outcomes
    }

    /// Reverses an entry, once: if it was reversed before, that estorno is the answer.
    /// - Parameters:
    ///   - id: the entry to reverse.
    ///   - pedido: what the caller says about the estorno.
    ///   - permite: whether the caller may see an account; of others there is no entry.
    package func estornar(
        _ id: LancamentoID,
        _ pedido: PedidoDeEstorno,
        permite: (Conta) -> Bool,
        registradoPor: String?,
        canal: Canal,
        traceparent: String?
    ) async throws(FalhaDeEstorno) -> ResultadoDeRegistro {
        guard let original = try await self.find(id), permite(original.conta) else { throw .naoEncontrado }
        if let existing = original.estornadoPor, let estorno = try await self.find(existing) { return .repetido(estorno) }
        let estorno: Lancamento
        do throws(EstornoRecusado) {
            estorno = try original.estorno(
                pedido, id: self.novoID(), hoje: self.clock.hoje(), registradoPor: registradoPor, canal: canal
            )
        } catch {
            throw .recusado(error)
        }
        do throws(FalhaDeRegistro) {
            return try await self.batcher.write(RegistroDeLancamento(lancamento: estorno, conteudo: nil, traceparent: traceparent))
        } catch {
            throw .registro(error)
        }
    }

    /// One entry, or nil.
    /// - Throws: ``FalhaDeArmazenamento``.
    package func buscar(_ id: LancamentoID) async throws(FalhaDeArmazenamento) -> Lancamento? {
        try await self.repository.find(id)
    }

    /// A page of the entries that a filter means.
    /// - Throws: ``FalhaDeArmazenamento``.
    package func listar(
        _ filtro: FiltroDeLancamentos, _ order: ListOrder, after last: LancamentoID?, limit: Int
    ) async throws(FalhaDeArmazenamento) -> [Lancamento] {
        try await self.repository.list(filtro, order, after: last, limit: limit)
    }

    private func find(_ id: LancamentoID) async throws(FalhaDeEstorno) -> Lancamento? {
        do throws(FalhaDeArmazenamento) { return try await self.repository.find(id) } catch { throw .armazenamento(error) }
    }

    private func registro(
        _ novo: NovoLancamento, registradoPor: String?, canal: Canal, traceparent: String?, diaPadrao: Dia? = nil
    ) -> RegistroDeLancamento {
        RegistroDeLancamento(
            lancamento: Lancamento(
                novo, id: self.novoID(), hoje: diaPadrao ?? self.clock.hoje(), registradoPor: registradoPor, canal: canal),
            conteudo: novo.chave == nil ? nil : Self.hash(novo.conteudoNormalizado),
            traceparent: traceparent
        )
    }

    private func novoID() -> LancamentoID {
        self.ids.withLockedValue { $0.gerador.proximo(agora: self.clock.agora(), aleatorio: &$0.aleatorio) }
    }

    private static let capacityPause: Duration = .milliseconds(20)

    /// Tries again what found no place, certainly unregistered, until time is up.
    private func writeWithPatience(_ registros: [RegistroDeLancamento]) async -> [Result<ResultadoDeRegistro, FalhaDeRegistro>] {
        var outcomes = await self.batcher.write(registros)
        let deadline = ContinuousClock.now + self.capacityWaitMax
        while .now < deadline {
            let refused = outcomes.indices.filter { if case .failure(.sobrecarga) = outcomes[$0] { true } else { false } }
            if refused.isEmpty { break }
            guard (try? await Task.sleep(for: Self.capacityPause)) != nil else { break }
            for (position, outcome) in zip(refused, await self.batcher.write(refused.map { registros[$0] })) {
                outcomes[position] = outcome
            }
        }
        return outcomes
    }

    /// SHA-256 of the normalised content, which begins with its version: equal contents give equal bytes, and 32 of them are enough to keep
    /// for ever beside each key.
    private static func hash(_ content: [UInt8]) -> [UInt8] {
        [content.first ?? 0] + SHA256.hash(data: content)
    }
}
