import ArgumentParser
import Lancamentos
import ServiceRuntime

/// The executable `lancamentos`.
@main
enum Main {
    static func main() async {
        await ServiceCommand<LancamentosApp>.mainWithoutCleanup()
    }
}
