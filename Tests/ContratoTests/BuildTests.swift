import Contrato
import Testing

@Suite struct BuildTests {
    @Test func `a program says its name, version, revision and day`() {
        let build = Build(revision: "0123456789abcdef", compilerDate: "Nov 30 2026")
        #expect(build.text(program: "carga") == "carga \(ServiceVersion.current), revision 0123456789abcdef, built 2026-11-30")
    }

    @Test(arguments: [
        ("Jan  2 2027", "2027-01-02"), ("Dec 31 2026", "2026-12-31"), ("??? ?? ????", Build.unknown), ("", Build.unknown),
    ])
    func `the day is that of the compiler`(compilerDate: String, date: String) {
        let build = Build(revision: "", compilerDate: compilerDate)
        #expect(build.date == date && build.revision == Build.unknown)
    }
}
