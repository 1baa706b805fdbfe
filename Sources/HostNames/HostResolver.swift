import NIOConcurrencyHelpers

/// Asks a name server.
package protocol HostLookup: Sendable {
    /// Returns the addresses of a host, in the order in which they should be tried. It may take as long as the name server does.
    func addresses(of host: String) async throws(HostNameError) -> [String]
}

/// Why a host has no addresses.
package enum HostNameError: Error, Sendable, Hashable {
    /// The name server says that there is no such name.
    case unknownName
    /// The name server did not answer in time.
    case noAnswer
    /// The look-up failed, for the resolver's own reason.
    case failed(String)
}

extension HostNameError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unknownName: "the host's name is unknown"
        case .noAnswer: "no answer about the host's name in time"
        case .failed(let reason): "the host's name cannot be looked up: \(reason)"
        }
    }
}

/// Finds the addresses of hosts, within a time limit, whatever the name server does.
///
/// `getaddrinfo(3)` blocks its thread as long as the name servers are silent, and cannot be interrupted. Here a look-up has a thread of its own
/// and goes on after its callers have given up; its answer serves the next call. Calls about one host share a look-up. While the name
/// server does not answer, the addresses of its last answer are returned.
package final class HostResolver: Sendable {
    /// The resolver of the process, with the system's look-up.
    package static let shared = HostResolver(lookup: SystemHostLookup())

    /// How long a call waits for a newer answer if an older one is known.
    private static let knownWaitMax: Duration = .milliseconds(250)
    /// How many look-ups, each with a thread, may be in progress. A process asks about the few hosts of its configuration.
    private static let lookupsMax = 16

    private typealias Answer = Result<[String], HostNameError>
    private typealias Waiter = CheckedContinuation<Answer?, Never>

    private struct Host {
        /// The last answer that had addresses.
        var known: [String]?
        var isAsked = false
        var waiters: [UInt64: Waiter] = [:]
    }

    private struct State {
        var hosts: [String: Host] = [:]
        var nextWaiter: UInt64 = 0
        /// Calls that were cancelled before they began to wait.
        var cancelledEarly: Set<UInt64> = []
    }

    private let lookup: any HostLookup
    private let state = NIOLockedValueBox(State())

    package init(lookup: any HostLookup) {
        self.lookup = lookup
    }

    /// Returns the addresses of a host; an address is returned as it is.
    /// - Parameter limit: how long to wait for the name server if no address is known.
    /// - Throws: ``HostNameError``. If the calling task is cancelled: the known addresses, or ``HostNameError/noAnswer``.
    package func addresses(of host: String, within limit: Duration) async throws(HostNameError) -> [String] {
        if NumericHost.isAddress(host) { return [host] }
        let known = self.state.withLockedValue { $0.hosts[host]?.known }
        let wait = known == nil ? limit : min(limit, Self.knownWaitMax)
        let answer = await withTaskGroup(of: Answer?.self) { group in
            group.addTask { await self.nextAnswer(about: host) }
            group.addTask {
                try? await Task.sleep(for: wait)
                return nil
            }
            defer { group.cancelAll() }
            return await group.next() ?? nil
        }
        switch (answer, known) {
        case (.success(let addresses), _): return addresses
        case (.failure(.unknownName), _): throw .unknownName
        case (_, let known?): return known
        case (.failure(let error), nil): throw error
        case (nil, nil): throw .noAnswer
        }
    }

    /// - Returns: the answer of the present look-up; nil if the task was cancelled.
    private func nextAnswer(about host: String) async -> Answer? {
        let id = self.state.withLockedValue { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        let answer = await withTaskCancellationHandler {
            await withCheckedContinuation { (waiter: Waiter) in self.wait(for: host, id, waiter) }
        } onCancel: {
            let waiter = self.state.withLockedValue { state in
                let waiter = state.hosts[host]?.waiters.removeValue(forKey: id)
                if waiter == nil { state.cancelledEarly.insert(id) }
                return waiter
            }
            waiter?.resume(returning: nil)
        }
        // A cancellation after the answer has left its id here.
        self.state.withLockedValue { _ = $0.cancelledEarly.remove(id) }
        return answer
    }

    private enum Admission {
        case wait
        case ask
        case refuse(Answer?)
    }

    private func wait(for host: String, _ id: UInt64, _ waiter: Waiter) {
        let admission = self.state.withLockedValue { state -> Admission in
            if state.cancelledEarly.contains(id) { return .refuse(nil) }
            let isAsked = state.hosts[host]?.isAsked ?? false
            guard isAsked || state.hosts.values.lazy.filter(\.isAsked).count < Self.lookupsMax else {
                return .refuse(.failure(.failed("\(Self.lookupsMax) other look-ups are in progress")))
            }
            state.hosts[host, default: Host()].isAsked = true
            state.hosts[host]?.waiters[id] = waiter
            return isAsked ? .wait : .ask
        }
        switch admission {
        case .wait: break
        case .refuse(let answer): waiter.resume(returning: answer)
        case .ask:
            // Unstructured: it outlives the calls that wait for it, and none of them owns it.
            Task.detached {
                do throws(HostNameError) {
                    self.answered(host, .success(try await self.lookup.addresses(of: host)))
                } catch {
                    self.answered(host, .failure(error))
                }
            }
        }
    }

    private func answered(_ host: String, _ answer: Answer) {
        let waiters = self.state.withLockedValue { state -> [Waiter] in
            let waiters = state.hosts[host]?.waiters.values
            state.hosts[host]?.waiters = [:]
            state.hosts[host]?.isAsked = false
            if case .success(let addresses) = answer { state.hosts[host]?.known = addresses }
            return Array(waiters ?? [:].values)
        }
        for waiter in waiters { waiter.resume(returning: answer) }
    }
}
