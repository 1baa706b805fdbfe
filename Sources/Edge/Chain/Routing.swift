import Contrato
import HTTPTypes
import Hummingbird

/// Refuses unknown paths (404) and methods (405), and answers `OPTIONS`.
///
/// Not Hummingbird's `Router`: it answers a wrong method with 404 and without `Allow`, has no `OPTIONS`, and passes malformed
/// percent-encoding to the handlers.
struct RoutingMiddleware: EdgeMiddleware {
    func handle(_ request: Request, context: CallContext, next: Next) async throws -> Response {
        guard let resource = context.resource else { throw Problema(.naoEncontrado, detail: "Este caminho não existe.") }
        if request.method == .options {
            return Response(status: .noContent, headers: [.allow: resource.allow])
        }
        guard context.route != nil else {
            throw ProblemaHTTP(
                Problema(.metodo, detail: "Este caminho aceita \(resource.allow)."), retryAfterS: nil, headers: [.allow: resource.allow])
        }
        return try await next(request, context)
    }
}

/// Finds the resource of a path. The paths are few and fixed: literal ones by a dictionary, templates by comparing segments.
struct RouteTable: Sendable {
    /// The calls of one path.
    struct Resource: Sendable {
        /// The template: the metrics' `route`.
        let path: String
        let segments: [Segment]
        var routes: [HTTPRequest.Method: Route] = [:]
        /// Value of `Allow`, sorted.
        var allow = ""

        /// The route for a method; `HEAD` is served by `GET`.
        func route(for method: HTTPRequest.Method) -> Route? {
            self.routes[method] ?? (method == .head ? self.routes[.get] : nil)
        }

        var isExact: Bool { self.segments.allSatisfy { if case .literal = $0 { true } else { false } } }
    }

    enum Segment: Sendable, Equatable {
        case literal(String)
        case parameter(String)
    }

    struct Match {
        let resource: Resource
        /// By name; `nil`: malformed percent-encoding or UTF-8.
        let parameters: [String: String?]
    }

    private var exact: [String: Resource] = [:]
    private var templates: [Resource] = []

    /// - Precondition: no two routes have the same method and path.
    init(_ routes: [Route]) {
        var resources: [String: Resource] = [:]
        for route in routes {
            var resource = resources[route.path] ?? Resource(path: route.path, segments: Self.segments(of: route.path))
            precondition(resource.routes[route.method] == nil, "two routes for \(route.method) \(route.path)")
            resource.routes[route.method] = route
            resources[route.path] = resource
        }
        for (path, var resource) in resources {
            var methods = Set(resource.routes.keys.map(\.rawValue)).union(["OPTIONS"])
            if methods.contains("GET") { methods.insert("HEAD") }
            resource.allow = methods.sorted().joined(separator: ", ")
            if resource.isExact { self.exact[path] = resource } else { self.templates.append(resource) }
        }
        // The most literal template first; the order of the dictionary must not matter.
        self.templates.sort { Self.rank($0) == Self.rank($1) ? $0.path < $1.path : Self.rank($0) < Self.rank($1) }
    }

    /// The resource of a percent-encoded path; `nil` if there is none.
    func match(_ path: Substring) -> Match? {
        if let resource = self.exact[String(path)] { return Match(resource: resource, parameters: [:]) }
        let parts = path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).dropFirst()
        guard path.utf8.first == UInt8(ascii: "/"), parts.count <= Self.segmentsMax else { return nil }
        let decoded = parts.map { PercentEncoding.decode($0) }
        for resource in self.templates {
            if let parameters = Self.parameters(of: resource, in: decoded) {
                return Match(resource: resource, parameters: parameters)
            }
        }
        // A literal path written with needless percent-encoding is the same path (RFC 3986 §6.2.2.2).
        guard path.utf8.contains(UInt8(ascii: "%")) else { return nil }
        let plain = decoded.map { $0.map { "/\($0)" } ?? "%" }.joined()
        guard let resource = self.exact[plain], resource.segments.count == decoded.count else { return nil }
        return Match(resource: resource, parameters: [:])
    }

    private static let segmentsMax = 16

    private static func segments(of path: String) -> [Segment] {
        precondition(path.hasPrefix("/"), "a route's path begins with a slash: \(path)")
        return path.dropFirst().split(separator: "/", omittingEmptySubsequences: false).map { part in
            part.hasPrefix("{") && part.hasSuffix("}") ? .parameter(String(part.dropFirst().dropLast())) : .literal(String(part))
        }
    }

    private static func parameters(of resource: Resource, in decoded: [String?]) -> [String: String?]? {
        guard resource.segments.count == decoded.count else { return nil }
        var parameters: [String: String?] = [:]
        for (segment, value) in zip(resource.segments, decoded) {
            switch segment {
            case .literal(let text):
                guard let value, value.utf8.elementsEqual(text.utf8) else { return nil }
            case .parameter(let name):
                guard value != "" else { return nil }
                parameters.updateValue(value, forKey: name)
            }
        }
        return parameters
    }

    private static func rank(_ resource: Resource) -> Int {
        resource.segments.reduce(0) { if case .parameter = $1 { $0 + 1 } else { $0 } }
    }
}
