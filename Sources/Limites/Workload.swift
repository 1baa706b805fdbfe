import Consolidado
import Contrato
import FluxoDeCaixa
import ServiceLifecycle

/// The settings of the measurements: each part runs on two connections, with the services' own statements and settings.
enum Workload {
    static let connections = 2
    static let insertBatchRows = 200
    static let deleteBatchRows = 1000
    static let publishWindow = 1000
    static let consumeBatchMessages = 500
    static let applyBatchRows = 500
    static let readBatchKeys = 64
    static let accounts = 1000
    static let days = 7
    /// Writes, and reads, a second in `pico`.
    static let peakPerSecond = 500.0
    /// Keep-alive connections of the HTTP client, each with one request at a time.
    static let httpConnections = 64
}

/// A number of operations and the time that they took.
struct Measured: Sendable {
    let operations: Int
    let seconds: Double

    var rate: Double { Double(self.operations) / self.seconds }
}

/// Runs work on several connections at once and counts the operations.
enum Stopwatch {
    /// Repeats a piece of work on each connection for a duration.
    /// - Parameter work: does one piece and returns its number of operations.
    static func measure<State: Sendable>(
        for duration: Duration, states: [State], work: @escaping @Sendable (inout State) async throws -> Int
    ) async throws -> Measured {
        let start = ContinuousClock.now
        let operations = try await withThrowingTaskGroup(of: Int.self) { group in
            for state in states {
                group.addTask {
                    var state = state
                    var operations = 0
                    while .now - start < duration { operations += try await work(&state) }
                    return operations
                }
            }
            return try await group.reduce(0, +)
        }
        return Measured(operations: operations, seconds: (.now - start) / .seconds(1))
    }

    /// Works through a list of pieces, divided evenly over the connections.
    /// - Parameter work: does one piece. Each element counts as one operation.
    static func measure<Element: Sendable>(
        through pieces: [[Element]], connections: Int, work: @escaping @Sendable ([Element]) async throws -> Void
    ) async throws -> Measured {
        let start = ContinuousClock.now
        try await withThrowingTaskGroup(of: Void.self) { group in
            for connection in 0..<connections {
                group.addTask {
                    for position in stride(from: connection, to: pieces.count, by: connections) { try await work(pieces[position]) }
                }
            }
            try await group.waitForAll()
        }
        return Measured(operations: pieces.reduce(0) { $0 + $1.count }, seconds: (.now - start) / .seconds(1))
    }
}

/// The entries of the measurements: 1,000 accounts and 7 days; every second entry has a key.
struct Entries: Sendable {
    private var ids = IDGenerator()
    private var random = SystemRandomNumberGenerator()
    private var number = 0
    private let prefix: String
    private let days: [Dia]
    private let hoje: Dia

    /// - Parameter prefix: separates the accounts of one measurement from those of others.
    init(prefix: String, hoje: Dia) {
        self.prefix = prefix
        self.hoje = hoje
        self.days = (0..<Workload.days).compactMap { hoje.somando(dias: -$0) }
    }

    /// The next entry. Numbers are consecutive, so that accounts and days are spread evenly.
    mutating func next(agora: Instante) -> Lancamento {
        self.number += 1
        let novo = NovoLancamento(
            conta: Conta("\(self.prefix).\(self.number % Workload.accounts)")!,
            tipo: self.number.isMultiple(of: 3) ? .debito : .credito,
            valor: Valor(centavos: Int64(100 + self.number % 100_000))!,
            data: self.days[self.number / Workload.accounts % Workload.days],
            descricao: "venda no caixa",
            categoria: "vendas",
            referencia: "NF \(self.number)",
            chave: self.number.isMultiple(of: 2) ? Chave(literal: "\(self.prefix)-\(self.number)") : nil
        )
        return Lancamento(
            novo, id: self.ids.next(now: agora, using: &self.random), hoje: self.hoje, registradoPor: "limites", canal: .rest)
    }

    /// A random account and day of such entries.
    mutating func nextRead() -> PedidoDeSaldo {
        let dia = self.days[Int.random(in: self.days.indices, using: &self.random)]
        return PedidoDeSaldo(
            conta: Conta("\(self.prefix).\(Int.random(in: 0..<Workload.accounts, using: &self.random))")!,
            periodo: Periodo(de: dia, ate: dia)!)
    }
}

enum Services {
    static func run<Value: Sendable>(
        _ services: [any Service], while body: @Sendable () async throws -> Value
    ) async throws -> Value {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for service in services { group.addTask { try await service.run() } }
            defer { group.cancelAll() }
            return try await body()
        }
    }
}
