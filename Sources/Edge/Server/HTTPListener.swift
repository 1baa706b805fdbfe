import Foundation
import NIOCore
package import ServiceLifecycle
import Settings

/// The server as a part of a service. An address that cannot be used ends it with the key that changes it.
package struct HTTPListener<Server: Service>: Service {
    private let server: Server
    private let settings: HTTPSettings
    private let service: String

    /// - Parameters:
    ///   - settings: those that the server was made with.
    ///   - service: the name of the service, with which its keys begin.
    package init(_ server: Server, settings: HTTPSettings, service: String) {
        self.server = server
        self.settings = settings
        self.service = service
    }

    /// - Throws: ``SettingsError`` if the server cannot listen where the settings say.
    package func run() async throws {
        do {
            try await self.server.run()
        } catch let error as IOError {
            throw self.refusal(error.errnoCode) ?? error
        }
    }

    private func refusal(_ code: CInt) -> (any Error)? {
        let (address, port) = (self.settings.address, self.settings.port)
        let keys = HTTPSettings.listenerKeys(of: self.service, defaultPort: port)
        func unusable(_ key: SettingKey, value: String, accepted: String) -> SettingsError {
            .unusable(key.name, value: value, accepted: "\(accepted) (variável \(key.environmentName))")
        }
        switch code {
        case EADDRINUSE:
            return unusable(keys[1], value: "\(port)", accepted: "uma porta livre; outro processo usa esta em \(address)")
        case EACCES:
            return unusable(keys[1], value: "\(port)", accepted: "uma porta que este usuário possa usar")
        case EADDRNOTAVAIL:
            return unusable(keys[0], value: address, accepted: "um endereço desta máquina")
        default: return nil
        }
    }
}
