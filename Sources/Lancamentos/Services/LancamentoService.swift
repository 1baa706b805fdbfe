import Crypto
package import FluxoDeCaixa
import NIOConcurrencyHelpers
package import Storage

/// Registers, reverses and finds entries. It assigns id and day; the batcher stores.
package struct LancamentoService: Sendable {
    /// The current time.
    package struct Clock: Sendable {
        /// The current instant, for ids.
        package var agora: @Sendable () -> Instante
        /// The current day in the business time zone.
        package var hoje: @Sendable () -> Dia

        package init(agora: @escaping @Sendable () -> Instante, hoje: @escaping @Sendable () -> Dia) {
            self.agora = agora
            self.hoje = hoje
        }
    }

    /// The limits of one request.
    package struct Limits: Sendable {
        /// How long the caller of a read waits for its answer; of an estorno, which first reads, in all.
        package var answerMax: Duration = .seconds(2)
        /// How long an estorno reads, so that time remains for writing.
        package var originalMax: Duration = .seconds(1)
        /// How long a look-up that finds nothing waits for the end of open transactions. They normally last milliseconds.
        package var openWritesMax: Duration = .milliseconds(500)

        package init() {}
    }

    private struct IDs {
        var gerador = IDGenerator()
        var aleatorio: any RandomNumberGenerator & Sendable
    }

    let repository: any LancamentoRepository
    private let batcher: WriteBatcher
    let clock: Clock
    private let capacityWaitMax: Duration
    let limits: Limits
    private let ids: NIOLockedValueBox<IDs>

    /// - Parameters:
    ///   - capacityWaitMax: how long entries of a lote wait for a place in the queue. A single request is refused at once.
    ///   - random: the random part of ids.
    package init(
        repository: any LancamentoRepository, batcher: WriteBatcher, clock: Clock, capacityWaitMax: Duration = .seconds(2),
        limits: Limits = Limits(), random: any RandomNumberGenerator & Sendable = SystemRandomNumberGenerator()
    ) {
        self.repository = repository
        self.batcher = batcher
        self.clock = clock
        self.capacityWaitMax = capacityWaitMax
        self.limits = limits
        self.ids = NIOLockedValueBox(IDs(aleatorio: random))
    }

    /// Today in the business time zone, against which the days of entries are checked.
    package var hoje: Dia { self.clock.hoje() }

    /// Registers an entry.
    /// - Parameters:
    ///   - traceparent: the trace that the event continues.
    ///   - diaPadrao: the day of an entry without one; nil is today.
    package func register(
        _ novo: NovoLancamento,
        registradoPor: String?,
        canal: Canal,
        traceparent: String?,
        diaPadrao: Dia? = nil
    ) async throws(RegistrationFailure) -> RegistrationOutcome {
        try await self.batcher.register(
            self.registration(novo, registradoPor: registradoPor, canal: canal, traceparent: traceparent, diaPadrao: diaPadrao)
        )
    }

    /// Registers many entries. A failure of one does not affect the others. Of two with one key the earlier wins, as in separate requests.
    /// - Returns: the outcome of each, in order.
    package func register(
        lote novos: [NovoLancamento],
        registradoPor: String?,
        traceparent: String?
    ) async -> [Result<RegistrationOutcome, RegistrationFailure>] {
        var outcomes: [Result<RegistrationOutcome, RegistrationFailure>] = []
        for group in LoteGroups.split(novos) {
            outcomes += await self.registerWithPatience(
                group.map { self.registration($0, registradoPor: registradoPor, canal: .lote, traceparent: traceparent) }
            )
        }
        return outcomes
    }

    /// Reverses an entry once. If it was reversed before, returns that estorno.
    /// - Parameter allows: whether the caller may see an account. An entry of another account counts as missing.
    package func reverse(
        _ id: LancamentoID,
        _ pedido: PedidoDeEstorno,
        allows: (Conta) -> Bool,
        registradoPor: String?,
        canal: Canal,
        traceparent: String?
    ) async throws(EstornoFailure) -> RegistrationOutcome {
        let start = ContinuousClock.now
        switch try await self.estorno(
            of: id, pedido, allows: allows, registradoPor: registradoPor, canal: canal, until: start + self.limits.originalMax)
        {
        case .registered(let estorno): return .repetido(estorno)
        case .new(let estorno):
            do throws(RegistrationFailure) {
                return try await self.batcher.register(
                    Registration(lancamento: estorno, conteudo: nil, traceparent: traceparent), until: start + self.limits.answerMax)
            } catch {
                throw .registration(error)
            }
        }
    }

    /// The estorno of an entry.
    enum Reversal {
        /// It was registered before.
        case registered(Lancamento)
        case new(Lancamento)
    }

    /// Returns the estorno of an entry. A new one is not registered yet.
    func estorno(
        of id: LancamentoID, _ pedido: PedidoDeEstorno, allows: (Conta) -> Bool, registradoPor: String?, canal: Canal,
        until deadline: ContinuousClock.Instant
    ) async throws(EstornoFailure) -> Reversal {
        let original: Lancamento
        do throws(EstornoFailure) {
            guard let read = try await self.original(id, until: deadline), allows(read.conta) else { throw .naoEncontrado }
            original = read
        } catch {
            // An earlier attempt may still be committed. Its id is left out: the caller's right to see it is unknown.
            if case .original(.storage) = error, self.batcher.isEstornoOpen(of: id) { throw .registration(.resultadoDesconhecido(nil)) }
            throw error
        }
        if let existing = original.estornadoPor {
            do throws(EstornoFailure) {
                if let estorno = try await self.original(existing, until: deadline) { return .registered(estorno) }
            } catch {
                guard case .original(.storage) = error else { throw error }
                // It is registered.
                self.batcher.noteOpenEstorno(existing, of: id)
                throw .registration(.resultadoDesconhecido(existing))
            }
        }
        do throws(EstornoRecusado) {
            return .new(
                try original.estorno(pedido, id: self.novoID(), hoje: self.clock.hoje(), registradoPor: registradoPor, canal: canal))
        } catch {
            throw .recusado(error)
        }
    }

    /// Returns one entry; nil if there is none and no open transaction contains it.
    package func find(_ id: LancamentoID) async throws(LookUpFailure) -> Lancamento? {
        try await self.find(id, until: .now + self.limits.answerMax)
    }

    /// Returns a page of the entries that match a filter. A page without the entry of a key means that no open transaction contains it.
    package func list(
        _ filtro: FiltroDeLancamentos, _ order: ListOrder, after last: ListPosition?, limit: Int
    ) async throws(LookUpFailure) -> [Lancamento] {
        let deadline = ContinuousClock.now + self.limits.answerMax
        let isLookUp = filtro.chave != nil && last == nil
        return try await self.lookUp(until: deadline, isMissing: { $0.isEmpty && isLookUp }) { () throws(StorageFailure) in
            try await self.repository.list(filtro, order, after: last, limit: limit, until: deadline)
        }
    }

    /// Returns a page of an extract, whose length no answer waits for.
    package func extract(
        _ filtro: FiltroDeLancamentos, _ order: ListOrder, after last: ListPosition?, limit: Int
    ) async throws(StorageFailure) -> [Lancamento] {
        try await self.repository.list(filtro, order, after: last, limit: limit, until: nil)
    }

    private func find(_ id: LancamentoID, until deadline: ContinuousClock.Instant) async throws(LookUpFailure) -> Lancamento? {
        try await self.lookUp(until: deadline, isMissing: { $0 == nil }) { () throws(StorageFailure) in
            try await self.repository.find(id, until: deadline)
        }
    }

    /// Looks something up. What is missing is looked up again once the transactions that may contain it have ended.
    private func lookUp<Value>(
        until deadline: ContinuousClock.Instant, isMissing: (Value) -> Bool, _ read: () async throws(StorageFailure) -> Value
    ) async throws(LookUpFailure) -> Value {
        do throws(StorageFailure) {
            let value = try await read()
            guard isMissing(value) else { return value }
            if try await self.repository.openWritesEnd(within: self.limits.openWritesMax, until: deadline) { return try await read() }
        } catch {
            throw .storage(error)
        }
        throw .open
    }

    private func original(_ id: LancamentoID, until deadline: ContinuousClock.Instant) async throws(EstornoFailure) -> Lancamento? {
        do throws(LookUpFailure) {
            return try await self.find(id, until: deadline)
        } catch {
            throw .original(error)
        }
    }

    func registration(
        _ novo: NovoLancamento, registradoPor: String?, canal: Canal, traceparent: String?, diaPadrao: Dia? = nil
    ) -> Registration {
        Registration(
            lancamento: Lancamento(
                novo, id: self.novoID(), hoje: diaPadrao ?? self.clock.hoje(), registradoPor: registradoPor, canal: canal),
            conteudo: novo.chave == nil ? nil : Self.hash(novo.conteudoNormalizado),
            traceparent: traceparent
        )
    }

    private func novoID() -> LancamentoID {
        self.ids.withLockedValue { $0.gerador.next(now: self.clock.agora(), using: &$0.aleatorio) }
    }

    private static let capacityPause: Duration = .milliseconds(20)

    /// Retries the entries that were refused for lack of capacity, until ``capacityWaitMax`` has passed. They are certainly not registered.
    private func registerWithPatience(_ registrations: [Registration]) async -> [Result<RegistrationOutcome, RegistrationFailure>] {
        var outcomes = await self.batcher.register(registrations)
        let deadline = ContinuousClock.now + self.capacityWaitMax
        while .now < deadline {
            let refused = outcomes.indices.filter { if case .failure(.sobrecarga) = outcomes[$0] { true } else { false } }
            if refused.isEmpty { break }
            guard (try? await Task.sleep(for: Self.capacityPause)) != nil else { break }
            for (position, outcome) in zip(refused, await self.batcher.register(refused.map { registrations[$0] })) {
                outcomes[position] = outcome
            }
        }
        return outcomes
    }

    /// The version of the normalised content and its SHA-256: equal contents give equal bytes, and 33 bytes are kept beside each key.
    private static func hash(_ content: [UInt8]) -> [UInt8] {
        [content.first ?? 0] + SHA256.hash(data: content)
    }
}

/// Why a look-up has no result.
package enum LookUpFailure: Error, Sendable, Equatable {
    case storage(StorageFailure)
    /// It is not found, but a transaction that may contain it is not over.
    case open
}

/// Parts of a lote that are written one after the other.
///
/// The entries of one part may be written by different transactions at the same time. Two entries with one key must not be in one part, or
/// the later one could win. The later one starts the next part.
enum LoteGroups {
    /// The most entries in one part.
    static let entriesMax = 256

    private struct Key: Hashable {
        let conta: Conta
        let chave: Chave
    }

    static func split(_ entries: [NovoLancamento]) -> [ArraySlice<NovoLancamento>] {
        var groups: [ArraySlice<NovoLancamento>] = []
        var start = 0
        var keys: Set<Key> = []
        for (position, entry) in entries.enumerated() {
            let key = entry.chave.map { Key(conta: entry.conta, chave: $0) }
            if position - start == Self.entriesMax || key.map(keys.contains) == true {
                groups.append(entries[start..<position])
                start = position
                keys.removeAll()
            }
            if let key { keys.insert(key) }
        }
        if start < entries.count { groups.append(entries[start...]) }
        return groups
    }
}
