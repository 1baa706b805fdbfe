/// How lines of the log are written.
package enum LogFormat: String, Sendable, CaseIterable {
    /// For people: ``TextLogHandler``.
    case texto
    /// For Elastic: ``ECSLogHandler``.
    case ecs
}
