import Contrato

/// The answer of `/readyz`.
package struct Readiness: Sendable, Equatable {
    package struct Dependency: Sendable, Equatable {
        package let name: String
        /// `nil`: well.
        package let reason: String?
    }

    package let isDraining: Bool
    package let dependencies: [Dependency]

    package var isReady: Bool { !self.isDraining && self.dependencies.allSatisfy { $0.reason == nil } }

    /// `{"pronto":false,"encerrando":false,"dependencias":{"banco":{"pronto":false,"motivo":"…"}}}`
    package var json: [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.name("pronto")
            writer.bool(self.isReady)
            writer.name("encerrando")
            writer.bool(self.isDraining)
            writer.name("dependencias")
            writer.object { writer in
                for dependency in self.dependencies {
                    writer.name(dependency.name)
                    writer.object { writer in
                        writer.name("pronto")
                        writer.bool(dependency.reason == nil)
                        writer.member("motivo", ifPresent: dependency.reason)
                    }
                }
            }
        }
        return writer.bytes
    }
}
