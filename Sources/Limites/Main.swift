import ArgumentParser
import ServiceKit

/// The executable `limites`.
@main
enum Main {
    static func main() async {
        await LimitesCommand.mainWithoutCleanup()
    }
}
