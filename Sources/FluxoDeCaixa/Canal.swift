/// The way by which an entry came in.
package enum Canal: String, Hashable, Sendable, CaseIterable {
    /// One request.
    case rest
    /// One line of many.
    case lote
    /// A command from the queue.
    case fila
}
