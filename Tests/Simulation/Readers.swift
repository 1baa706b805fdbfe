import Consolidado
import Contrato
import FluxoDeCaixa
import Storage

/// What readers of balances see.
final class Readers: @unchecked Sendable {
    /// The longest wait for an answer, whatever stands still.
    private static let answerMax: Duration = .milliseconds(2500)
    /// How long a read waits for its entry.
    private static let waitMax: Duration = .seconds(30)
    private static let attemptsMax = 20

    private let world: World
    private let instances: [Instance]
    private(set) var openCount = 0
    private var isOver = false

    init(world: World, instances: [Instance]) {
        self.world = world
        self.instances = instances
    }

    private var ledger: Ledger { self.world.ledger }
    private var runtime: Runtime { self.world.runtime }

    func end() { self.isOver = true }

    /// Reads one account again and again, from any instance, until the end.
    func poll() async {
        let conta = World.contas[0]
        var last: Int64 = 0
        while !self.isOver {
            await self.runtime.pause(self.world.dice.duration(.milliseconds(10), .seconds(10)))
            guard let dia = await self.read(conta) else { continue }
            self.ledger.expect(dia.versao >= last, .versionNeverFalls, "\(conta) has version \(dia.versao) after \(last)")
            last = dia.versao
        }
    }

    /// Waits for an entry, sometimes, and reads its account.
    func read(_ entry: Lancamento) {
        guard self.world.dice.chance(0.3) else { return }
        self.openCount += 1
        Task {
            for _ in 0..<Self.attemptsMax where await !self.readAfter(entry) { await self.runtime.pause(.seconds(2)) }
            self.openCount -= 1
        }
    }

    /// - Returns: whether the account was read with the entry.
    private func readAfter(_ entry: Lancamento) async -> Bool {
        let free = self.instances.filter { $0.reads != nil }
        guard !free.isEmpty else { return false }
        let instance = self.world.dice.pick(free)
        guard let waits = instance.waits else { return false }
        let start = self.runtime.elapsed
        let isApplied = await instance.life.call {
            do throws(ReadFailure) {
                try await waits.waitUntilApplied([entry.id], to: .uma(entry.conta), wait: Self.waitMax, isWanted: { true })
                return true
            } catch {
                return false
            }
        }
        let took = self.runtime.elapsed - start
        self.ledger.expect(took <= Self.waitMax + Self.answerMax, .answeredInTime, "a read waited for \(took)")
        guard isApplied == true else { return false }
        let applied = self.world.balances.versions[entry.id]
        self.ledger.expect(applied != nil, .versionNeverFalls, "\(entry.id) counts as applied and is not")
        guard let dia = await self.read(entry.conta) else { return false }
        self.ledger.expect(
            dia.versao >= applied ?? .max, .versionNeverFalls, "version \(dia.versao) was read after \(applied ?? 0), which has \(entry.id)"
        )
        return true
    }

    /// Reads today's balance of an account, which is that of its version.
    private func read(_ conta: Conta) async -> SaldoDiario? {
        let free = self.instances.filter { $0.reads != nil }
        guard !free.isEmpty else { return nil }
        let instance = self.world.dice.pick(free)
        guard let service = instance.reads else { return nil }
        let (start, hoje) = (self.runtime.elapsed, self.world.hoje)
        let dia = await instance.life.call { try? await service.dia(hoje, of: .uma(conta)) }
        let took = self.runtime.elapsed - start
        self.ledger.expect(took <= Self.answerMax, .answeredInTime, "a read was answered after \(took)")
        guard let dia, let dia else { return nil }
        let expected = self.world.balances.history[conta]?[dia.versao] ?? .init()
        self.ledger.expect(
            dia.saldoFinal.centavos == expected.saldo && dia.versao == expected.versao, .versionNeverFalls,
            "\(conta) is read as \(dia.saldoFinal) in version \(dia.versao), which has \(expected)")
        return dia
    }
}

/// The balance database as the readers of one process reach it.
final class BalanceReads: SaldoReadRepository, @unchecked Sendable {
    /// The pool's bound for a statement.
    private static let readMax: Duration = .milliseconds(1100)

    private let database: BalanceDatabase
    private let life: Life

    init(database: BalanceDatabase, life: Life) {
        self.database = database
        self.life = life
    }

    func saldos(_ pedidos: [PedidoDeSaldo]) async throws(StorageFailure) -> [SaldoDoPeriodo] {
        try await self.statement()
        let balances = pedidos.map { self.database.balances[$0.conta] ?? .init() }
        // The snapshot is older than its answer.
        await self.database.runtime.pause(self.database.dice.duration(.microseconds(50), .milliseconds(20)))
        return zip(pedidos, balances).map { pedido, balance in
            SaldoDoPeriodo(
                conta: pedido.conta.nome, periodo: pedido.periodo, versao: balance.versao,
                saldoInicial: Quantia(centavos: balance.saldo), movimentos: [])
        }
    }

    /// Sums of accounts are not simulated.
    func soma(_ periodo: Periodo, of filtro: FiltroDeConta) async throws(StorageFailure) -> SaldoDoPeriodo { throw .unavailable }

    /// Lists of accounts are not simulated.
    func contas(_ filtros: [FiltroDeConta], after: String?, limit: Int) async throws(StorageFailure) -> [ResumoDeConta] {
        throw .unavailable
    }

    func contasDosAplicados(_ ids: [LancamentoID]) async throws(StorageFailure) -> [LancamentoID: Conta] {
        try await self.statement()
        return self.database.applied.filter { ids.contains($0.key) }.mapValues(\.conta)
    }

    private func statement() async throws(StorageFailure) {
        let stalls = self.database.dice.chance(self.database.rates.readStalls)
        await self.database.runtime.pause(stalls ? Self.readMax : self.database.dice.duration(.microseconds(50), .milliseconds(2)))
        guard self.life.isAlive, self.database.isUp, !stalls else { throw .unavailable }
    }
}
