import ArgumentParser
import Consolidado
import ServiceRuntime

/// The executable `consolidado`.
@main
enum Main {
    static func main() async {
        await ServiceCommand<ConsolidadoApp>.mainWithoutCleanup()
    }
}
