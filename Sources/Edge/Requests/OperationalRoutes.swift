import HTTPTypes
import Hummingbird
import NIOCore
package import Observability

extension Route {
    /// `/livez`, `/readyz` and `/metrics`: open, for operators.
    package static func operational(health: HealthRegistry, metrics: PrometheusRegistry) -> [Route] {
        [
            Route(.get, "/livez", access: .open) { _, _ in
                .bytes(Array("{\"vivo\":true}".utf8), type: "application/json")
            },
            Route(.get, "/readyz", access: .open) { _, _ in
                let readiness = await health.readiness()
                return .bytes(readiness.json, type: "application/json", status: readiness.isReady ? .ok : .serviceUnavailable)
            },
            Route(.get, "/metrics", access: .open) { _, _ in
                .bytes(Array(metrics.exposition().utf8), type: PrometheusRegistry.contentType)
            },
        ]
    }
}

extension Response {
    /// An answer that must not be cached.
    fileprivate static func bytes(_ bytes: [UInt8], type: String, status: HTTPResponse.Status = .ok) -> Response {
        Response(
            status: status, headers: [.contentType: type, .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }
}
