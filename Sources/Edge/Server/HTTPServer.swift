package import Access
package import CoreMetrics
import Foundation
import HTTPTypes
package import Hummingbird
import HummingbirdCore
import HummingbirdTLS
package import Logging
import NIOConcurrencyHelpers
package import NIOCore
import NIOHTTP1
import Observability
import OpenFiles
package import Tracing

/// Wires the edge to a listening server.
package enum HTTPServer {
    /// All headers of a request together, in bytes; one header at most half of it.
    static let headersMaxBytes = 32_768
    static let headersMaxCount = 100
    /// Connections that may wait to be accepted; the kernel may allow fewer (`net.core.somaxconn`). The kernel drops further ones: clients then
    /// retry after a second, or resend their request with doubling waits.
    static let connectionsWaitingMax = 4096
    /// Connections accepted in one turn of the event loop. NIO's default of 4 allows some 50 a second when each turn serves hundreds of
    /// requests.
    static let connectionsPerTurnMax = 64
    /// Until the next try after an accept that failed.
    private static let acceptPause: TimeAmount = .milliseconds(100)

    /// The server as a service: it listens when run and drains on graceful shutdown.
    ///
    /// - Parameters:
    ///   - settings: the address (port 0: any free one) and the limits of one client.
    ///   - urlPublica: base of a problem's `type`.
    ///   - certificate: of the listener; nil: plain HTTP.
    ///   - metrics: receives ``EdgeMetrics``.
    ///   - tracer: makes each request a span of its caller's trace.
    ///   - now: the clock of the rate limit.
    ///   - onListening: receives the listening channel, which has the port.
    package static func makeApplication(
        routes: [Route], settings: HTTPSettings, certificate: ListenerCertificate? = nil, urlPublica: String,
        authenticator: Authenticator, metrics: any MetricsFactory, tracer: any Tracer = W3CTracer(), logger: Logger,
        now: @escaping @Sendable () -> ContinuousClock.Instant = { ContinuousClock.now },
        onListening: @escaping @Sendable (any Channel) async -> Void = { _ in }
    ) throws -> Application<HTTPEdge> {
        let calls = routes.map { "\($0.method.rawValue) \($0.path)" }.sorted()
        logger.debug("calls served", metadata: ["calls": "\(calls.joined(separator: ", "))"])
        let edge = HTTPEdge(
            routes: routes, settings: settings, urlPublica: urlPublica, authenticator: authenticator, metrics: metrics,
            tracer: tracer, logger: logger, now: now)
        let pace = RequestPace(
            requestMax: .seconds(Int64(settings.requestMaxS)), idleMax: .seconds(Int64(settings.idleMaxS)))
        let limit = ConnectionLimit(connectionsMax: self.connectionsMax(settings, logger: logger), logger: logger)
        let date = DateHeader()
        // Not the responder that Hummingbird passes: it makes a logger and a task-local value for each request, which nothing here uses.
        var server = HTTPServerBuilder { _ in
            EdgeChannel(pace: pace, limit: limit) { request, writer, channel in
                var response = try await edge.respond(to: request, context: EdgeContext(channel: channel))
                response.headers[.date] = date.current
                do {
                    try await writer.write(response: response.head, body: response.body)
                } catch is HTTPParserError {
                    // The body of the request failed in the middle of the answer: a second answer must not follow.
                    throw AnswerBroken()
                }
            }
        }
        if let certificate { server = try .tls(server, tlsConfiguration: certificate.tlsConfiguration()) }
        return Application(
            responder: edge,
            server: server,
            configuration: ApplicationConfiguration(
                address: .hostname(settings.address, port: settings.port),
                backlog: self.connectionsWaitingMax),
            onServerRunning: { channel in
                do {
                    try await channel.setOption(.maxMessagesPerRead, value: UInt(self.connectionsPerTurnMax)).get()
                    try await self.shortenPauses(channel, limit)
                } catch {
                    logger.error("connections are accepted slowly under load", metadata: ["error": "\(error)"])
                }
                await onListening(channel)
            },
            logger: logger)
    }

    /// Replaces NIO's handler of failed accepts, which waits a second, also if one connection was reset before it was accepted.
    ///
    /// If descriptors have run out, some connections are closed for those that wait.
    private static func shortenPauses(_ listener: any Channel, _ limit: ConnectionLimit) async throws {
        try await listener.pipeline.removeHandler(name: "AcceptBackOffHandler").get()
        try await listener.eventLoop.submit {
            let handler = AcceptBackoffHandler(shouldForwardIOErrorCaught: false) { error in
                if error.errnoCode == ECONNABORTED { return nil }
                limit.acceptFailed(error, closing: self.connectionsPerTurnMax, now: .now())
                return self.acceptPause
            }
            try listener.pipeline.syncOperations.addHandler(handler, position: .first)
        }.get()
    }

    private static func connectionsMax(_ settings: HTTPSettings, logger: Logger) -> Int {
        let openFilesMax = OpenFiles.limit
        let connectionsMax = ConnectionLimit.connectionsMax(configured: settings.connectionsMax, openFilesMax: openFilesMax)
        if connectionsMax < settings.connectionsMax {
            logger.warning(
                "the process may open too few files for http.conexoes_max, a lower limit holds",
                metadata: ["connections_max": "\(connectionsMax)", "open_files_max": "\(openFilesMax)"])
        }
        return connectionsMax
    }
}

/// The connection of a request, as Hummingbird provides it.
package struct EdgeContext: Sendable {
    let channel: any Channel
}

extension EdgeContext: InitializableFromSource {
    package init(source: ApplicationRequestContextSource) {
        self.channel = source.channel
    }
}

/// An answer that cannot be completed: its connection ends.
private struct AnswerBroken: Error {}

/// The value of the header `Date` (RFC 9110 §6.6.1), formatted once a second.
final class DateHeader: Sendable {
    private let cached = NIOLockedValueBox((second: -1, text: ""))

    var current: String {
        let second = time(nil)
        return self.cached.withLockedValue { cached in
            if cached.second != second { cached = (second, Self.text(second)) }
            return cached.text
        }
    }

    /// The IMF-fixdate of a Unix time (RFC 9110 §5.6.7): `Sun, 06 Nov 1994 08:49:37 GMT`.
    static func text(_ second: Int) -> String {
        var second = second
        var parts = tm()
        gmtime_r(&second, &parts)
        func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let day = "\(Self.days[Int(parts.tm_wday)]), \(two(parts.tm_mday)) \(Self.months[Int(parts.tm_mon)]) \(parts.tm_year + 1900)"
        return "\(day) \(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec)) GMT"
    }

    private static let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
}
