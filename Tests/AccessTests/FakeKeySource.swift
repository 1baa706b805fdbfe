import NIOConcurrencyHelpers

@testable import Access

/// A key source with a configurable answer, which counts its reads.
final class FakeKeySource: KeySource {
    let name = "fake"
    let limits: RefreshSchedule.Limits
    private let answer: NIOLockedValueBox<Result<[UInt8], KeySourceError>>
    private let readsBox = NIOLockedValueBox(0)
    private let delay: Duration

    init(
        _ document: String?,
        limits: RefreshSchedule.Limits = .init(
            interval: .seconds(300), retryMin: .seconds(1), retryMax: .seconds(10), askedMin: .seconds(10)),
        delay: Duration = .zero
    ) {
        self.limits = limits
        self.delay = delay
        self.answer = NIOLockedValueBox(Self.result(document))
    }

    var reads: Int { self.readsBox.withLockedValue { $0 } }

    /// `nil`: away.
    func set(_ document: String?) { self.answer.withLockedValue { $0 = Self.result(document) } }

    func read() async throws(KeySourceError) -> [UInt8] {
        self.readsBox.withLockedValue { $0 += 1 }
        if self.delay > .zero {
            do { try await Task.sleep(for: self.delay) } catch { throw .unreadable }
        }
        return try self.answer.withLockedValue { $0 }.get()
    }

    private static func result(_ document: String?) -> Result<[UInt8], KeySourceError> {
        document.map { .success(Array($0.utf8)) } ?? .failure(.connection("away"))
    }
}
