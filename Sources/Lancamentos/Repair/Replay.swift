package import FluxoDeCaixa
import Storage

/// Publishes the events of registered entries again, in the order of their ids, each page after the confirms of the one before.
package struct Replay: Sendable {
    package enum Failure: Error, Equatable, CustomStringConvertible {
        /// The broker did not confirm these events, however often they were sent.
        case unconfirmed(Int)

        package var description: String {
            switch self {
            case .unconfirmed(let events): "the broker did not confirm \(events) events"
            }
        }
    }

    /// The replay's limits.
    package struct Limits: Sendable {
        /// Entries read and sent together.
        package var pageEntriesMax = 500
        /// How often an event is sent before the replay ends.
        package var attemptsMax = 5
        /// The pause before unconfirmed events are sent again.
        package var attemptPause: Duration = .seconds(1)

        package init() {}
    }

    private let archive: any EntryArchive
    private let publisher: any EventPublisher
    private let limits: Limits

    package init(archive: any EntryArchive, publisher: any EventPublisher, limits: Limits = Limits()) {
        self.archive = archive
        self.publisher = publisher
        self.limits = limits
    }

    /// Publishes every entry of the period.
    /// - Parameter done: called after each page with the number of confirmed events so far and the last entry among them.
    /// - Throws: ``Failure``, or the failure of the store. What ``done`` was called with is published.
    package func run(_ period: RegistrationPeriod, done: (Int, LancamentoID) -> Void) async throws {
        var rest = period.ids
        var confirmed = 0
        while true {
            let page = try await self.archive.entries(rest, limit: self.limits.pageEntriesMax)
            guard let last = page.last?.lancamento.id else { return }
            try await self.publish(page)
            confirmed += page.count
            done(confirmed, last)
            guard page.count == self.limits.pageEntriesMax else { return }
            rest = LancamentoID(bits: last.bits + 1)..<rest.upperBound
        }
    }

    private func publish(_ page: [Registration]) async throws {
        var open = page
        for attempt in 1...self.limits.attemptsMax {
            let confirmed = await self.publisher.publish(open)
            open = zip(open, confirmed).filter { !$0.1 }.map(\.0)
            guard !open.isEmpty, attempt < self.limits.attemptsMax else { break }
            try await Task.sleep(for: self.limits.attemptPause)
        }
        if !open.isEmpty { throw Failure.unconfirmed(open.count) }
    }
}
