/// How the parts are measured: each on two connections, with the services' own statements and settings.
enum Workload {
    static let connections = 2
    static let insertBatchRows = 200
    static let deleteBatchRows = 1000
    static let publishWindow = 1000
    static let consumeBatchMessages = 500
    static let applyBatchRows = 500
    static let readBatchKeys = 64
    static let accounts = 1000
    static let days = 7
    /// Writes, and reads, a second in `pico`.
    static let peakPerSecond = 500.0
    /// Keep-alive connections of the HTTP client, one request at a time on each.
    static let httpConnections = 64
}
