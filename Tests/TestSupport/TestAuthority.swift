import Foundation

/// A certificate authority of a test's own, with its certificates as PEM files, by `openssl`.
package struct TestAuthority: Sendable {
    /// A certificate and its key.
    package struct Certificate: Sendable {
        package let file: String
        package let keyFile: String

        package init(file: String, keyFile: String) {
            self.file = file
            self.keyFile = keyFile
        }
    }

    /// When a certificate may be used.
    package enum Validity: String, Sendable {
        case now = "1"
        case expired = "-1"
    }

    private let folder: String
    /// The authority's own certificate.
    package var file: String { "\(self.folder)/ca.crt" }

    /// - Parameter folder: is made if there is none.
    package init(in folder: String) async throws {
        self.folder = folder
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try await self.openssl(
            ["req", "-x509", "-days", "1", "-out", "ca.crt", "-keyout", "ca.key", "-subj", "/CN=CA de teste"] + Self.newKey + [
                "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign",
            ])
    }

    private static let newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]

    /// Issues a certificate.
    /// - Parameters:
    ///   - name: of its files.
    ///   - hosts: what it is for, as openssl writes it: `DNS:localhost`, `IP:127.0.0.1`.
    package func issue(_ name: String, for hosts: String..., valid: Validity = .now) async throws -> Certificate {
        try await self.openssl(
            ["req", "-new", "-out", "\(name).csr", "-keyout", "\(name).key", "-subj", "/CN=\(name)"] + Self.newKey
                + (hosts.isEmpty ? [] : ["-addext", "subjectAltName=\(hosts.joined(separator: ","))"]))
        try await self.openssl([
            "x509", "-req", "-in", "\(name).csr", "-out", "\(name).crt", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days",
            valid.rawValue, "-copy_extensions", "copy",
        ])
        return Certificate(file: "\(self.folder)/\(name).crt", keyFile: "\(self.folder)/\(name).key")
    }

    private func openssl(_ arguments: [String]) async throws {
        try await Command.run("/usr/bin/env", ["-C", self.folder, "openssl"] + arguments)
    }
}
