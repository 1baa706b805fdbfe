package import HostNames

/// A name server that knows a few names, or never answers.
package struct FakeNames: HostLookup {
    private let addresses: [String: [String]]?

    /// - Parameter addresses: nil: it never answers.
    package init(_ addresses: [String: [String]]?) {
        self.addresses = addresses
    }

    package func addresses(of host: String) async throws(HostNameError) -> [String] {
        guard let addresses = self.addresses else {
            for await _ in AsyncStream<Void>.makeStream().stream {}
            throw .noAnswer
        }
        guard let found = addresses[host] else { throw .unknownName }
        return found
    }
}
