/// Why the parts could not be measured.
struct LimitesError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
