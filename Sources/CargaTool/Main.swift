import ArgumentParser
import Carga

/// The executable `carga`.
@main
enum Main {
    static func main() async {
        await CargaCommand.main()
    }
}
