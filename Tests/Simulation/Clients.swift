import Contrato
import FluxoDeCaixa
import Lancamentos

/// What clients do: each request until its outcome is certain, as the contract says.
final class Clients: @unchecked Sendable {
    /// The longest wait for an answer, whatever stands still.
    private static let answerMax: Duration = .milliseconds(2500)
    /// An answer that has not arrived by then never will.
    private static let patienceMax: Duration = .seconds(20)
    /// A look-up that finds nothing counts this long after an unknown outcome.
    private static let lookUpAfter: Duration = .seconds(30)
    private static let attemptsMax = 200

    private let world: World
    private let instances: [Instance]
    private var operations = 0
    private(set) var openCount = 0
    /// The entries that may be reversed.
    private var reversible: [Lancamento] = []
    private let onRegistered: (Lancamento) -> Void

    /// - Parameter onRegistered: receives each acknowledged entry.
    init(world: World, instances: [Instance], onRegistered: @escaping (Lancamento) -> Void) {
        self.world = world
        self.instances = instances
        self.onRegistered = onRegistered
    }

    private var ledger: Ledger { self.world.ledger }
    private var dice: Dice { self.world.dice }
    private var runtime: Runtime { self.world.runtime }

    /// Starts one operation of a random kind.
    func start() {
        self.operations += 1
        let number = self.operations
        self.openCount += 1
        Task {
            switch self.dice.number(0...9) {
            case 0...3: await self.register(number, chave: "k\(number)")
            case 4, 5: await self.register(number, chave: nil)
            case 6: await self.registerTwice(number)
            case 7: await self.registerLote(number)
            default: await self.reverse(number)
            }
            self.openCount -= 1
        }
    }

    private func entry(_ number: Int, line: Int = 0, chave: String?) -> NovoLancamento? {
        guard let valor = Valor(centavos: Int64(number * 100 + line + 1)) else { return nil }
        return NovoLancamento(
            conta: World.contas[number % World.contas.count], tipo: self.dice.chance(0.5) ? .credito : .debito, valor: valor,
            referencia: "op\(number).\(line)", chave: chave.flatMap { Chave(literal: $0) })
    }

    // MARK: - Operations

    private func register(_ number: Int, chave: String?) async {
        guard let novo = self.entry(number, chave: chave) else { return }
        await self.register(novo, number, client: 0)
    }

    /// Two clients with one key at the same instant, and perhaps a third with other content.
    private func registerTwice(_ number: Int) async {
        guard let novo = self.entry(number, chave: "d\(number)") else { return }
        await withTaskGroup(of: Void.self) { group in
            for client in 0...1 { group.addTask { await self.register(novo, number, client: client) } }
        }
        guard let valor = Valor(centavos: novo.valor.centavos + 1) else { return }
        let changed = NovoLancamento(
            conta: novo.conta, tipo: novo.tipo, valor: valor, referencia: novo.referencia, chave: novo.chave)
        let (mark, trace) = self.begin(changed, number, client: 2, attempt: 0, original: nil)
        guard case .registered = await self.send(mark, claim: Self.claim(changed, nil), { await .register(changed, trace, $0) })
        else { return }
        self.ledger.report(.oneEntryPerKey, "\(mark) has another content than the entry of its key and is acknowledged")
    }

    private func register(_ novo: NovoLancamento, _ number: Int, client: Int) async {
        let registered = await self.untilCertain(novo, number, client: client, original: nil) { trace, service in
            await .register(novo, trace, service)
        }
        guard let registered else { return }
        self.ledger.expect(
            registered.conta == novo.conta && registered.tipo == novo.tipo && registered.valor == novo.valor
                && registered.referencia == novo.referencia && registered.chave == novo.chave,
            .oneEntryPerKey, "operation \(number) is answered with another entry: \(registered)")
        self.reversible.append(registered)
        self.onRegistered(registered)
    }

    private func reverse(_ number: Int) async {
        guard !self.reversible.isEmpty else { return await self.register(number, chave: "k\(number)") }
        let original = self.dice.pick(self.reversible)
        guard let valor = Valor(centavos: original.valor.centavos) else { return }
        let novo = NovoLancamento(conta: original.conta, tipo: original.tipo.oposto, valor: valor, referencia: original.referencia)
        await withTaskGroup(of: Void.self) { group in
            for client in 0..<self.dice.number(1...2) {
                group.addTask {
                    let estorno = await self.untilCertain(novo, number, client: client, original: original.id) { trace, service in
                        await .reverse(original.id, trace, service)
                    }
                    guard let estorno else { return }
                    self.ledger.expect(
                        estorno.estornoDe == original.id && estorno.tipo == original.tipo.oposto && estorno.valor == original.valor,
                        .oneEntryPerKey, "operation \(number) is answered with another entry than its estorno: \(estorno)")
                }
            }
        }
    }

    /// Several entries in one request, some with keys, one perhaps twice.
    private func registerLote(_ number: Int) async {
        var lines = (0..<self.dice.number(2...5)).compactMap { line in
            self.entry(number, line: line, chave: self.dice.chance(0.5) ? "l\(number).\(line)" : nil)
        }
        if let keyed = lines.last(where: { $0.chave != nil }), self.dice.chance(0.5) { lines.append(keyed) }
        let trace = "\(number).lote"
        let marks = lines.map { Ledger.mark(trace, $0.referencia) }
        for (mark, line) in zip(marks, lines) { self.ledger.began(mark, claim: Self.claim(line, nil)) }
        guard let instance = await self.instance(), let service = instance.requests else { return }
        let life = instance.life
        let sent = self.runtime.elapsed
        let outcomes = await life.call { [lines] in await service.register(lote: lines, registradoPor: nil, traceparent: trace) }
        guard let outcomes else { return }
        // Each group of lines waits for capacity before it is written.
        let bound = Self.answerMax * 2 * lines.count
        self.ledger.expect(self.runtime.elapsed - sent <= bound, .answeredInTime, "a lote took \(self.runtime.elapsed - sent)")
        self.ledger.expect(outcomes.count == lines.count, .answeredInTime, "a lote of \(lines.count) has \(outcomes.count) answers")
        let answers = Dictionary(grouping: zip(marks, outcomes).map { ($0, ClientAnswer($1)) }, by: \.0)
        for (mark, line) in zip(marks, lines) {
            // A line that is there twice is registered if either is.
            guard let answer = ClientAnswer.best((answers[mark] ?? []).map(\.1)) else { continue }
            self.judge(mark, claim: Self.claim(line, nil), answer, life)
            guard case .registered(let entry) = answer else { continue }
            self.ledger.expect(entry.referencia == line.referencia, .oneEntryPerKey, "\(mark) is answered with \(entry)")
        }
    }

    // MARK: - One outcome

    /// Sends a request until its outcome is certain.
    /// - Returns: the registered entry; nil if it is certain that there is none, or if it can never be known.
    private func untilCertain(
        _ novo: NovoLancamento, _ number: Int, client: Int, original: LancamentoID?,
        _ request: @escaping @Sendable (String, LancamentoService) async -> ClientAnswer
    ) async -> Lancamento? {
        let claim = Self.claim(novo, original)
        var unknown: [Ledger.Mark] = []
        for attempt in 0..<Self.attemptsMax {
            let (mark, trace) = self.begin(novo, number, client: client, attempt: attempt, original: original)
            switch await self.send(mark, claim: claim, { await request(trace, $0) }) {
            case .registered(let entry): return entry
            case .otherContent:
                self.ledger.report(.oneEntryPerKey, "\(mark) is refused for other content and has the same")
                return nil
            case .notRegistered: break
            case .notFound:
                self.ledger.report(.acknowledgedOnce, "\(mark) reverses an acknowledged entry, which is not found")
                return nil
            case .unknown(let id):
                unknown.append(mark)
                guard claim == nil else { break }
                guard let id else {
                    self.ledger.report(.answeredInTime, "\(mark) has no key, and its unknown outcome has no id")
                    return nil
                }
                if let entry = await self.lookUp(id, [mark]) { return entry }
            case .connectionLost:
                // Without a key it is never known.
                guard claim != nil else { return nil }
            }
            if original == nil, novo.chave != nil, !unknown.isEmpty, self.dice.chance(0.1) {
                if let entry = await self.lookUp(keyOf: novo, unknown) { return entry }
                unknown = []
            }
            await self.runtime.pause(self.dice.duration(.milliseconds(50), .seconds(2)))
        }
        self.ledger.report(.answeredInTime, "operation \(number) has no certain outcome after \(Self.attemptsMax) attempts")
        return nil
    }

    private static func claim(_ novo: NovoLancamento, _ original: LancamentoID?) -> String? {
        if let original { return "estorno \(original)" }
        return novo.chave.map { "\(novo.conta) \($0)" }
    }

    private func begin(
        _ novo: NovoLancamento, _ number: Int, client: Int, attempt: Int, original: LancamentoID?
    ) -> (mark: Ledger.Mark, trace: String) {
        let trace = "\(number).\(client).\(attempt)"
        let mark = Ledger.mark(trace, novo.referencia)
        self.ledger.began(mark, claim: Self.claim(novo, original))
        return (mark, trace)
    }

    private func instance() async -> Instance? {
        for _ in 0..<Self.attemptsMax {
            let free = self.instances.filter { $0.requests != nil }
            if !free.isEmpty { return self.dice.pick(free) }
            await self.runtime.pause(.milliseconds(500))
        }
        return nil
    }

    /// Sends one request to one instance.
    private func send(
        _ mark: Ledger.Mark, claim: String?, _ request: @escaping @Sendable (LancamentoService) async -> ClientAnswer
    ) async -> ClientAnswer {
        guard let instance = await self.instance(), let service = instance.requests else { return .connectionLost }
        let life = instance.life
        self.runtime.note("\(mark) to \(life)")
        guard let answer = await self.timed(mark, life, { await request(service) }) else { return .connectionLost }
        self.judge(mark, claim: claim, answer, life)
        return answer
    }

    /// - Returns: nil if the process ends first.
    private func timed<Value: Sendable>(
        _ mark: Ledger.Mark, _ life: Life, _ body: @escaping @Sendable () async -> Value
    ) async -> Value? {
        let sent = self.runtime.elapsed
        let arrived = Promise<Bool>()
        self.runtime.after(Self.patienceMax) { [ledger = self.ledger] in
            guard !arrived.isFulfilled else { return }
            ledger.report(.answeredInTime, "\(mark) has no answer after \(Self.patienceMax)")
        }
        let value = await life.call(body)
        arrived.fulfil(true)
        let took = self.runtime.elapsed - sent
        self.ledger.expect(took <= Self.answerMax, .answeredInTime, "\(mark) was answered after \(took)")
        return value
    }

    private func judge(_ mark: Ledger.Mark, claim: String?, _ answer: ClientAnswer, _ life: Life) {
        self.runtime.note("\(mark): \(answer)")
        switch answer {
        case .registered(let entry):
            self.ledger.acknowledged(mark, entry, isCommitted: self.world.entries.entries[entry.id] != nil)
        case .otherContent: self.ledger.refused(mark)
        case .notRegistered:
            self.ledger.notRegistered(mark, unknownClaims: life.unknownClaims, openClaims: self.world.entries.openClaims)
        case .unknown: if let claim { life.unknownClaims.insert(claim) }
        case .notFound, .connectionLost: break
        }
    }

    // MARK: - Looking up

    /// Looks an entry up until the answer counts.
    private func lookUp(_ id: LancamentoID, _ marks: [Ledger.Mark]) async -> Lancamento? {
        let entry = await self.certainly(marks) { service in await ClientAnswer.find(id, service) }
        return self.found(entry, marks)
    }

    private func lookUp(keyOf novo: NovoLancamento, _ marks: [Ledger.Mark]) async -> Lancamento? {
        let entry = await self.certainly(marks) { service in await ClientAnswer.find(keyOf: novo, service) }
        return self.found(entry, marks)
    }

    private func found(_ entry: Lancamento??, _ marks: [Ledger.Mark]) -> Lancamento? {
        guard let answer = entry else { return nil }
        self.runtime.note("look-up of \(marks) finds \(answer.map { "\($0.id)" } ?? "nothing")")
        guard let entry = answer else {
            for mark in marks { self.ledger.denied(mark) }
            return nil
        }
        self.ledger.acknowledged(marks[0], entry, isCommitted: self.world.entries.entries[entry.id] != nil)
        return entry
    }

    private func certainly(
        _ marks: [Ledger.Mark], _ read: @escaping @Sendable (LancamentoService) async -> Result<Lancamento?, LookUpFailure>
    ) async -> Lancamento?? {
        await self.runtime.pause(Self.lookUpAfter)
        for _ in 0..<Self.attemptsMax {
            guard let instance = await self.instance(), let service = instance.requests else { return nil }
            let result = await self.timed(marks[0], instance.life) { await read(service) }
            if case .success(let entry) = result { return .some(entry) }
            await self.runtime.pause(.seconds(1))
        }
        return nil
    }
}
