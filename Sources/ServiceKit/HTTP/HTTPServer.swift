package import CoreMetrics
package import Hummingbird
import HummingbirdCore
import HummingbirdTLS
package import Logging
package import NIOCore
package import Tracing

/// Wires the edge to a listening server.
package enum HTTPServer {
    /// All headers of a request together, in bytes; one header at most half of it.
    static let headersMaxBytes = 32_768
    static let headersMaxCount = 100
    /// How many connections may wait to be accepted; the kernel may allow fewer (`net.core.somaxconn`). It drops what comes beyond: who
    /// connects tries again after a second, and who takes itself for connected sends its request again and again, each time after twice as
    /// long.
    static let connectionsWaitingMax = 4096
    /// How many connections are accepted in one turn of the event loop; NIO's own 4 are some 50 a second when each turn serves hundreds of
    /// requests. As many, less one, can be open beyond the limit.
    static let connectionsPerTurnMax = 64

    /// The server as a service: listens when run, drains on graceful shutdown.
    ///
    /// - Parameters:
    ///   - configuration: where to listen (port 0: any free one) and the limits of one client.
    ///   - urlPublica: base of a problem's `type`.
    ///   - certificate: what the listener shows; nil: it speaks plain HTTP.
    ///   - metrics: gets `http_requests_total` and `http_request_duration_seconds`.
    ///   - tracer: makes each request a span of its caller's trace.
    ///   - now: the clock of the rate limit.
    ///   - onListening: told the channel once the server listens, with the port that it got.
    package static func makeApplication(
        routes: [Route], configuration: HTTPConfiguration, certificate: ListenerCertificate? = nil, urlPublica: String,
        authenticator: Authenticator, metrics: any MetricsFactory, tracer: any Tracer = W3CTracer(), logger: Logger,
        now: @escaping @Sendable () -> ContinuousClock.Instant = { ContinuousClock.now },
        onListening: @escaping @Sendable (any Channel) async -> Void = { _ in }
    ) throws -> Application<HTTPEdge> {
        let calls = routes.map { "\($0.method.rawValue) \($0.path)" }.sorted()
        logger.debug("calls served", metadata: ["calls": "\(calls.joined(separator: ", "))"])
        let edge = HTTPEdge(
            routes: routes, configuration: configuration, urlPublica: urlPublica, authenticator: authenticator, metrics: metrics,
            tracer: tracer, logger: logger, now: now)
        let requestMax = TimeAmount.seconds(Int64(configuration.requisicaoMaxS))
        let idleMax = TimeAmount.seconds(Int64(configuration.ociosaMaxS))
        let channel = HTTP1Channel.Configuration(
            additionalChannelHandlers: [
                RequestPaceHandler(RequestPace(requestMax: requestMax, stallMax: idleMax)), CallerWatchHandler(),
            ],
            idleTimeout: idleMax,
            httpDecoderConfiguration: .init(
                maxHeaderFieldSize: self.headersMaxBytes / 2, maxHeaderListSize: self.headersMaxBytes,
                maxHeaderFieldCount: self.headersMaxCount))
        var server = HTTPServerBuilder { EventLoopChannel(http1: HTTP1Channel(responder: $0, configuration: channel)) }
        if let certificate { server = try .tls(server, tlsConfiguration: certificate.tlsConfiguration()) }
        return Application(
            responder: edge,
            server: server,
            configuration: ApplicationConfiguration(
                address: .hostname(configuration.endereco, port: configuration.porta),
                backlog: self.connectionsWaitingMax,
                availableConnectionsDelegate: .maximum(configuration.conexoesMax, logger: logger)),
            onServerRunning: { channel in
                do {
                    try await channel.setOption(.maxMessagesPerRead, value: UInt(self.connectionsPerTurnMax)).get()
                } catch {
                    logger.error("connections are accepted slowly under load", metadata: ["error": "\(error)"])
                }
                await onListening(channel)
            },
            logger: logger)
    }
}
