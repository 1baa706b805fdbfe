import ArgumentParser
import BuildInfo
import Carga
import Contrato

/// The executable `carga`.
@main
struct Main: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        var configuration = CargaCommand.configuration
        configuration.version = Build.this.text(program: "carga")
        return configuration
    }

    @OptionGroup var command: CargaCommand

    func run() async throws { try await self.command.run() }
}
