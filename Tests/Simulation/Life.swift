import FluxoDeCaixa

/// One run of a process, from its start to its end. Whatever a process does after its end has no effect on the world.
final class Life: @unchecked Sendable, CustomStringConvertible {
    let name: String
    let number: Int
    private(set) var isAlive = true
    /// The events that the broker has confirmed to it.
    var confirmed: Set<LancamentoID> = []
    /// The claims that it answered with an unknown outcome.
    var unknownClaims: Set<String> = []
    /// A write had an unknown outcome, so its transaction may be open.
    var writesMayBeOpen = false
    /// Concurrent batches, for the bounds.
    var writesAtOnce = 0
    private var atEnd: [Int: () -> Void] = [:]
    private var nextCall = 0

    init(name: String, number: Int) {
        self.name = name
        self.number = number
    }

    var description: String { "\(self.name)#\(self.number)" }

    /// The process ends now. Its clients lose their connections.
    func end() {
        guard self.isAlive else { return }
        self.isAlive = false
        for (_, call) in self.atEnd.sorted(by: { $0.key < $1.key }) { call() }
        self.atEnd.removeAll()
    }

    /// Whether a request is under way.
    var hasRequests: Bool { !self.atEnd.isEmpty }

    /// Runs a request in the process.
    /// - Returns: nil if the process ends first.
    func call<Answer: Sendable>(_ body: @escaping @Sendable () async -> Answer) async -> Answer? {
        guard self.isAlive else { return nil }
        let answer = Promise<Answer?>()
        self.nextCall += 1
        let call = self.nextCall
        self.atEnd[call] = { answer.fulfil(nil) }
        Task {
            let value = await body()
            if self.isAlive { answer.fulfil(value) }
        }
        let value = await answer.get()
        self.atEnd[call] = nil
        return value
    }
}

/// How often each call goes wrong. Each life of the world has some kinds of trouble and not others.
struct FaultRates: Sendable {
    var unavailable = 0.0
    var overloaded = 0.0
    var lostBefore = 0.0
    var lostAfter = 0.0
    var readLate = 0.0
    var commitWaits = 0.0
    var readFails = 0.0
    var readStalls = 0.0
    var deleteFails = 0.0
    var deleteSkips = 0.0
    var sessionEnds = 0.0
    var messageLost = 0.0
    var confirmLost = 0.0
    var rejected = 0.0
    var returned = 0.0
    var duplicated = 0.0
    var reordered = 0.0
    var slow = 0.0

    /// - Parameter dice: chooses which kinds there are.
    static func chosen(by dice: Dice) -> FaultRates {
        func rate() -> Double { dice.pick([0, 0, 0, 0.03, 0.1, 0.3]) }
        var rates = FaultRates()
        let kinds: [WritableKeyPath<FaultRates, Double>] = [
            \.unavailable, \.overloaded, \.lostBefore, \.lostAfter, \.readLate, \.commitWaits, \.readFails, \.readStalls, \.deleteFails,
            \.deleteSkips, \.sessionEnds, \.messageLost, \.confirmLost, \.rejected, \.returned, \.duplicated, \.reordered, \.slow,
        ]
        for kind in kinds { rates[keyPath: kind] = rate() }
        return rates
    }
}
