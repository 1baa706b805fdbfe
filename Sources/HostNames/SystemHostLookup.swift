#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The system's look-up, `getaddrinfo(3)`, on a thread of its own.
package struct SystemHostLookup: HostLookup {
    /// Addresses of one host beyond this are ignored.
    private static let addressesMax = 8
    /// The modules of the name service run on it; only used pages need memory.
    private static let stackBytes = 1024 * 1024

    private typealias Continuation = CheckedContinuation<Result<[String], HostNameError>, Never>

    private final class Call: Sendable {
        let host: String
        let continuation: Continuation

        init(host: String, continuation: Continuation) {
            self.host = host
            self.continuation = continuation
        }
    }

    package init() {}

    package func addresses(of host: String) async throws(HostNameError) -> [String] {
        try await withCheckedContinuation { continuation in
            Self.startThread(Call(host: host, continuation: continuation))
        }.get()
    }

    private static func startThread(_ call: Call) {
        // The thread releases it.
        let box = Unmanaged.passRetained(call).toOpaque()
        var thread = pthread_t()
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setstacksize(&attributes, Self.stackBytes)
        let code = pthread_create(
            &thread, &attributes,
            { argument in
                let call = Unmanaged<Call>.fromOpaque(argument!).takeRetainedValue()
                call.continuation.resume(returning: SystemHostLookup.resolve(call.host))
                return nil
            }, box)
        guard code == 0 else {
            Unmanaged<Call>.fromOpaque(box).release()
            return call.continuation.resume(returning: .failure(.failed("no thread left: errno \(code)")))
        }
        pthread_detach(thread)
    }

    private static func resolve(_ host: String) -> Result<[String], HostNameError> {
        var list: UnsafeMutablePointer<addrinfo>?
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        let code = getaddrinfo(host, nil, &hints, &list)
        guard code == 0 else {
            switch code {
            case EAI_NONAME: return .failure(.unknownName)
            case EAI_AGAIN: return .failure(.noAnswer)
            default: return .failure(.failed(String(cString: gai_strerror(code))))
            }
        }
        defer { freeaddrinfo(list) }
        var addresses: [String] = []
        for info in sequence(first: list, next: { $0?.pointee.ai_next }).compactMap(\.self) {
            // Each address is listed once for each type of socket.
            if let text = NumericHost.text(info.pointee), !addresses.contains(text), addresses.count < Self.addressesMax {
                addresses.append(text)
            }
        }
        return addresses.isEmpty ? .failure(.unknownName) : .success(addresses)
    }
}

/// Addresses as text.
enum NumericHost {
    /// Whether a host is an IP address and needs no look-up.
    static func isAddress(_ host: String) -> Bool {
        var address = in6_addr()
        return inet_pton(AF_INET, host, &address) == 1 || inet_pton(AF_INET6, host, &address) == 1
    }

    /// The address without its port; nil if the system cannot write it.
    static func text(_ info: addrinfo) -> String? {
        var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        let code = getnameinfo(info.ai_addr, info.ai_addrlen, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST)
        guard code == 0 else { return nil }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
