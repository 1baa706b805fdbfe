package import Contrato
package import FluxoDeCaixa

/// An entry that the balances and the extract do not have alike.
package enum ExtractDifference: Sendable, Equatable {
    /// Applied, but not registered.
    case orphan(LancamentoAplicavel)
    /// Registered, but not applied.
    case missing(LancamentoAplicavel)
    /// Applied with another content than it was registered with.
    case different(applied: LancamentoAplicavel, registered: LancamentoAplicavel)
}

/// Compares what was applied with the extract, both in the order of ids, with a page of one and a piece of the other in memory.
package struct ExtractComparison {
    private static let pageEntriesMax = 2000

    private let extract: Extract
    private let before: LancamentoID
    private let applied: (Range<LancamentoID>, Int) async throws -> [LancamentoAplicavel]

    /// - Parameters:
    ///   - before: entries from this id on are left out: they may still be on their way.
    ///   - applied: reads applied entries with ids in a range, in their order, at most so many.
    package init(
        _ extract: Extract, before: LancamentoID, applied: @escaping (Range<LancamentoID>, Int) async throws -> [LancamentoAplicavel]
    ) {
        self.extract = extract
        self.before = before
        self.applied = applied
    }

    /// - Parameters:
    ///   - compared: called with the number of entries compared so far.
    ///   - found: called with each difference.
    package func run(compared: (Int) -> Void, found: (ExtractDifference) async throws -> Void) async throws {
        var pages = AppliedPages(next: LancamentoID(bits: 0), before: self.before, pageEntriesMax: Self.pageEntriesMax, read: self.applied)
        var count = 0
        try await self.extract.read { registered in
            guard registered.id < self.before else { return }
            count += 1
            compared(count)
            while let entry = try await pages.peek(), entry.id < registered.id {
                try await found(.orphan(entry))
                pages.advance()
            }
            guard let entry = try await pages.peek(), entry.id == registered.id else {
                try await found(.missing(registered))
                return
            }
            pages.advance()
            if entry != registered { try await found(.different(applied: entry, registered: registered)) }
        }
        while let entry = try await pages.peek() {
            try await found(.orphan(entry))
            pages.advance()
        }
    }
}

/// The applied entries, read in pages.
private struct AppliedPages {
    private var page: [LancamentoAplicavel] = []
    private var position = 0
    private var next: LancamentoID
    private var isLast = false
    private let before: LancamentoID
    private let pageEntriesMax: Int
    private let read: (Range<LancamentoID>, Int) async throws -> [LancamentoAplicavel]

    init(
        next: LancamentoID, before: LancamentoID, pageEntriesMax: Int,
        read: @escaping (Range<LancamentoID>, Int) async throws -> [LancamentoAplicavel]
    ) {
        self.next = next
        self.before = before
        self.pageEntriesMax = pageEntriesMax
        self.read = read
    }

    /// The entry at the front; nil at the end.
    mutating func peek() async throws -> LancamentoAplicavel? {
        if self.position == self.page.count, !self.isLast {
            self.page = try await self.read(self.next..<self.before, self.pageEntriesMax)
            self.position = 0
            self.isLast = self.page.count < self.pageEntriesMax
            if let last = self.page.last { self.next = LancamentoID(bits: last.id.bits + 1) }
        }
        return self.position < self.page.count ? self.page[self.position] : nil
    }

    mutating func advance() { self.position += 1 }
}
