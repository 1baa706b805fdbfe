import AMQP
import Glibc
import NIOConcurrencyHelpers
import Testing

/// A TCP relay to the broker that can fall silent: the connections that exist then stay open and carry nothing more, new ones work.
final class FreezableProxy: Sendable {
    private struct State {
        var descriptors: [CInt] = []
        /// Connections up to this one are frozen.
        var frozenUpTo = -1
        var accepted = 0
        var isStopped = false
    }

    /// Where to connect instead.
    let endpoint: AMQPEndpoint
    private let target: AMQPEndpoint
    private let listener: CInt
    private let state = NIOLockedValueBox(State())

    init(target: AMQPEndpoint) throws {
        self.target = target
        self.listener = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        var address = Self.loopback(port: 0)
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listener = self.listener
        let bound = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, size) == 0 && listen(listener, 16) == 0 && getsockname(listener, $0, &size) == 0
            }
        }
        try #require(bound, "errno \(errno)")
        self.endpoint = AMQPEndpoint(host: "127.0.0.1", port: Int(UInt16(bigEndian: address.sin_port)))
        Self.startThread { self.acceptLoop() }
    }

    /// Nothing moves any more on the connections that exist.
    func freeze() { self.state.withLockedValue { $0.frozenUpTo = $0.accepted - 1 } }

    /// Ends every connection and thread.
    func stop() {
        self.state.withLockedValue { state in
            state.isStopped = true
            for descriptor in state.descriptors + [self.listener] { shutdown(descriptor, CInt(SHUT_RDWR)) }
        }
    }

    private func acceptLoop() {
        while true {
            let client = accept(self.listener, nil, nil)
            guard client >= 0 else { break }
            let broker = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
            var address = Self.loopback(port: UInt16(self.target.port))
            let connected = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(broker, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
                }
            }
            let number = self.state.withLockedValue { state -> Int? in
                guard connected, !state.isStopped else { return nil }
                state.descriptors += [client, broker]
                state.accepted += 1
                return state.accepted - 1
            }
            guard let number else {
                close(client)
                close(broker)
                continue
            }
            Self.startThread { self.pump(number, from: client, to: broker) }
            Self.startThread { self.pump(number, from: broker, to: client) }
        }
        close(self.listener)
    }

    private func pump(_ number: Int, from source: CInt, to target: CInt) {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            var descriptor = pollfd(fd: source, events: CShort(POLLIN), revents: 0)
            _ = poll(&descriptor, 1, 50)
            let (isFrozen, isStopped) = self.state.withLockedValue { ($0.frozenUpTo >= number, $0.isStopped) }
            if isStopped { break }
            if isFrozen {
                usleep(50_000)
                continue
            }
            guard descriptor.revents != 0 else { continue }
            let count = recv(source, &buffer, buffer.count, 0)
            guard count > 0, send(target, buffer, count, CInt(MSG_NOSIGNAL)) == count else { break }
        }
        // Both directions end. The descriptors stay open until the process ends, so that no thread uses a reused number.
        shutdown(source, CInt(SHUT_RDWR))
        shutdown(target, CInt(SHUT_RDWR))
    }

    private static func loopback(port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return address
    }

    private static func startThread(_ body: @escaping @Sendable () -> Void) {
        final class Box {
            let body: @Sendable () -> Void
            init(_ body: @escaping @Sendable () -> Void) { self.body = body }
        }
        var thread = pthread_t()
        pthread_create(
            &thread, nil,
            { argument in
                Unmanaged<Box>.fromOpaque(argument!).takeRetainedValue().body()
                return nil
            }, Unmanaged.passRetained(Box(body)).toOpaque())
        pthread_detach(thread)
    }
}
