import ArgumentParser
import Carga

@main
enum Main {
    static func main() async {
        await CargaCommand.main()
    }
}
