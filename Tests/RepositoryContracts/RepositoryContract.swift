/// One promise of a repository, checked on the fake and on the real one.
package struct ContractCase<Repository: Sendable>: Sendable, CustomStringConvertible {
    package let description: String
    /// - Throws: ``ContractViolation``, or what the repository throws.
    package let check: @Sendable (Repository) async throws -> Void

    init(_ description: String, check: @escaping @Sendable (Repository) async throws -> Void) {
        self.description = description
        self.check = check
    }
}

/// A promise that a repository breaks.
package struct ContractViolation: Error, CustomStringConvertible {
    package let description: String
}

/// - Throws: ``ContractViolation`` if the values differ.
func expect<Value: Equatable>(_ value: Value, equals expected: Value, line: UInt = #line) throws {
    guard value != expected else { return }
    throw ContractViolation(description: "line \(line): \(value) instead of \(expected)")
}
