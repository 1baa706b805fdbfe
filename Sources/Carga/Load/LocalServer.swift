/// A server on this machine that asks for no token.
struct LocalServer: Sendable {
    let address: HTTPAddress
    /// Sent and not looked at.
    let token: Token

    /// - Throws: ``RequestFailure/malformed`` if there is no such port.
    init(port: Int) throws {
        guard let address = HTTPAddress(url: "http://127.0.0.1:\(port)"), let token = Token("none") else { throw RequestFailure.malformed }
        self.address = address
        self.token = token
    }
}
