import ArgumentParser
import ServiceRuntime

/// The executable `limites`.
@main
enum Main {
    static func main() async {
        await LimitesCommand.mainWithoutCleanup()
    }
}
