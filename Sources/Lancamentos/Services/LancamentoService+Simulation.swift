import Crypto
package import FluxoDeCaixa
import Storage

/// What registering an entry would answer now.
package enum SimulatedOutcome: Sendable, Equatable {
    /// It would be registered, as this entry with another id.
    case seriaCriado(Lancamento)
    /// The key, or the reversed entry, was registered before with the same content.
    case repetido(Lancamento)
    /// An earlier entry of the same simulated lote has its key and its content.
    case repetiriaAnterior
}

/// The keys that the entries of one simulated lote would have registered so far.
///
/// It keeps 128 bits of a hash of each key and of its content: a lote may have a million keys, each longer than the bytes of its entry.
struct SimulatedKeys {
    private var contents: [UInt128: UInt128] = [:]

    /// Whether an earlier entry of this account with the same key has the same content; nil if there is none with the key.
    func repeats(_ registration: Registration) -> Bool? {
        guard let key = Self.key(registration.lancamento), let content = self.contents[key] else { return nil }
        return content == Self.content(registration)
    }

    mutating func add(_ registration: Registration) {
        guard let key = Self.key(registration.lancamento) else { return }
        self.contents[key] = Self.content(registration)
    }

    private static func key(_ lancamento: Lancamento) -> UInt128? {
        // No account has a space.
        lancamento.chave.map { self.hash(Array("\(lancamento.conta.nome) \($0.texto)".utf8)) }
    }

    private static func content(_ registration: Registration) -> UInt128 { self.hash(registration.conteudo ?? []) }

    private static func hash(_ bytes: [UInt8]) -> UInt128 {
        SHA256.hash(data: bytes).prefix(16).reduce(0) { $0 << 8 | UInt128($1) }
    }
}

/// Simulation reads and writes nothing.
extension LancamentoService {
    /// Returns what registering the entry would answer now.
    package func simulate(
        _ novo: NovoLancamento, registradoPor: String?, canal: Canal
    ) async throws(RegistrationFailure) -> SimulatedOutcome {
        var keys = SimulatedKeys()
        return try await self.simulate([novo], registradoPor: registradoPor, canal: canal, after: &keys)[0].get()
    }

    /// Returns what registering the entries, one after the other, would answer now.
    /// - Parameter keys: those of the entries before in the same lote; those of these entries are added.
    func simulate(
        _ novos: [NovoLancamento], registradoPor: String?, canal: Canal, after keys: inout SimulatedKeys
    ) async -> [Result<SimulatedOutcome, RegistrationFailure>] {
        let registrations = novos.map { self.registration($0, registradoPor: registradoPor, canal: canal, traceparent: nil) }
        let keyed = registrations.filter { $0.lancamento.chave != nil }
        var stored: [LancamentoID: Registration] = [:]
        do throws(StorageFailure) {
            if !keyed.isEmpty {
                let found = try await self.repository.settle(keyed, until: .now + self.limits.answerMax)
                for (registration, existing) in zip(keyed, found) { stored[registration.lancamento.id] = existing }
            }
        } catch {
            return novos.map { _ in .failure(error == .overloaded ? .sobrecarga : .bancoIndisponivel) }
        }
        return registrations.map { registration in
            if let isRepetition = keys.repeats(registration) {
                return isRepetition ? .success(.repetiriaAnterior) : .failure(.chaveComOutroConteudo)
            }
            guard let existing = stored[registration.lancamento.id] else {
                keys.add(registration)
                return .success(.seriaCriado(registration.lancamento))
            }
            return existing.conteudo == registration.conteudo
                ? .success(.repetido(existing.lancamento)) : .failure(.chaveComOutroConteudo)
        }
    }

    /// Returns what reversing the entry would answer now.
    package func simulateReverse(
        _ id: LancamentoID, _ pedido: PedidoDeEstorno, allows: (Conta) -> Bool, registradoPor: String?, canal: Canal
    ) async throws(EstornoFailure) -> SimulatedOutcome {
        let deadline = ContinuousClock.now + self.limits.answerMax
        switch try await self.estorno(
            of: id, pedido, allows: allows, registradoPor: registradoPor, canal: canal, until: deadline)
        {
        case .registered(let estorno): return .repetido(estorno)
        case .new(let estorno): return .seriaCriado(estorno)
        }
    }
}
