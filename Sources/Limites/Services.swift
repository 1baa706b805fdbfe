import ServiceLifecycle

/// Services that run as long as something is done with them.
enum Services {
    static func run<Value: Sendable>(
        _ services: [any Service], while body: @Sendable () async throws -> Value
    ) async throws -> Value {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for service in services { group.addTask { try await service.run() } }
            defer { group.cancelAll() }
            return try await body()
        }
    }
}
