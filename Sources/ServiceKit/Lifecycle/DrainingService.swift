import ServiceLifecycle

/// Turns readiness off when the shutdown begins. As the last service of a group it is the first to be told.
package struct DrainingService: Service {
    private let health: HealthRegistry

    package init(health: HealthRegistry) {
        self.health = health
    }

    package func run() async throws {
        do {
            try await gracefulShutdown()
        } catch is CancellationError {
            // Cancelled instead of told: the process ends all the same.
        }
        self.health.drain()
    }
}
