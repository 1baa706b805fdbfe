/// Where a service listens. Plain HTTP: the load is made beside the service or inside its network.
struct HTTPAddress: Hashable, Sendable {
    let host: String
    /// 1…65535.
    let port: Int

    /// Reads `http://host[:port][/]`, the host a name or an IPv4 address; `nil` for anything else.
    init?(url: String) {
        guard url.hasPrefix("http://") else { return nil }
        var rest = url.dropFirst("http://".count)
        if rest.last == "/" { rest.removeLast() }
        let parts = rest.split(separator: ":", omittingEmptySubsequences: false)
        guard let host = parts.first, !host.isEmpty, parts.count <= 2,
            host.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && !"/?#@[]".utf8.contains($0) })
        else { return nil }
        if parts.count == 2 {
            guard let port = Int(parts[1]), (1...65535).contains(port) else { return nil }
            self.port = port
        } else {
            self.port = 80
        }
        self.host = String(host)
    }
}

extension HTTPAddress: CustomStringConvertible {
    var description: String { "http://\(self.host):\(self.port)" }
}
