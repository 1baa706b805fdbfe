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

    private let repository: any LancamentoRepository
    private let batcher: WriteBatcher
    private let clock: Clock
    private let ids = NIOLockedValueBox(IDSource())

    /// Keeps its randomness beside it: a generator without contents that is a variable of its own has no address, and the thread sanitizer
    /// takes the one that is passed for it at its word.
    private struct IDSource {
        var gerador = GeradorDeID()
        var aleatorio = SystemRandomNumberGenerator()
    }

    package init(repository: any LancamentoRepository, batcher: WriteBatcher, clock: Clock) {
        self.repository = repository
        self.batcher = batcher
        self.clock = clock
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
        let id = self.ids.withLockedValue { $0.gerador.proximo(agora: self.clock.agora(), aleatorio: &$0.aleatorio) }
        let lancamento = Lancamento(novo, id: id, hoje: diaPadrao ?? self.clock.hoje(), registradoPor: registradoPor, canal: canal)
        let registro = RegistroDeLancamento(
            lancamento: lancamento,
            conteudo: novo.chave == nil ? nil : Self.hash(novo.conteudoNormalizado),
            traceparent: traceparent
        )
        return try await self.batcher.write(registro)
    }

    /// One entry, or nil.
    /// - Throws: ``FalhaDeArmazenamento``.
    package func buscar(_ id: LancamentoID) async throws(FalhaDeArmazenamento) -> Lancamento? {
        try await self.repository.find(id)
    }

    /// SHA-256 of the normalised content, which begins with its version: equal contents give equal bytes, and 32 of them are enough to keep
    /// for ever beside each key.
    private static func hash(_ content: [UInt8]) -> [UInt8] {
        [content.first ?? 0] + SHA256.hash(data: content)
    }
}
