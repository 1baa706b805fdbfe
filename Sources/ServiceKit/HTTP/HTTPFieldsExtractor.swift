import HTTPTypes
import Tracing

/// Finds a caller's trace context among the headers of a request.
struct HTTPFieldsExtractor: Extractor {
    func extract(key: String, from carrier: HTTPFields) -> String? {
        if key == W3CTracer.header { return carrier[.traceparent] }
        return HTTPField.Name(key).flatMap { carrier[$0] }
    }
}
