import FluxoDeCaixa
import Logging
import NIOConcurrencyHelpers
import Settings
import Testing
import UnixSignals

@testable import Observability

@Suite struct LogLevelTests {
    private struct Fixture {
        let level = LogLevel(.info)
        let lines = NIOLockedValueBox<[String]>([])
        let configured = NIOLockedValueBox<Logger.Level?>(.warning)

        var logger: Logger {
            let (level, lines) = (self.level, self.lines)
            return Logger(label: "tests") { label in
                TextLogHandler(
                    label: label, level: level, agora: { Instante(milissegundos: 0) },
                    write: { line in lines.withLockedValue { $0.append(line) } })
            }
        }

        func send(_ signal: UnixSignal) {
            let configured = self.configured
            LogLevelSignals(level: self.level, logger: self.logger) {
                guard let level = configured.withLockedValue({ $0 }) else { throw SettingsError.file("x.yaml", "não existe") }
                return level
            }.handle(signal)
        }
    }

    @Test func `a change holds for loggers that were made before, but for those with a level of their own`() {
        let fixture = Fixture()
        let shared = fixture.logger
        var own = fixture.logger
        own.logLevel = .error
        shared.debug("no")
        fixture.level.current = .debug
        shared.debug("yes")
        own.warning("no")
        #expect(fixture.lines.withLockedValue { $0.map { $0.split(separator: " ").last } } == ["yes\n"])
    }

    @Test func `one signal writes one level more, another one less, and both end at the scale's ends`() {
        let fixture = Fixture()
        for expected in [Logger.Level.debug, .trace, .trace] {
            fixture.send(.sigusr1)
            #expect(fixture.level.current == expected)
        }
        for expected in [Logger.Level.debug, .info, .notice, .warning, .error, .critical, .critical] {
            fixture.send(.sigusr2)
            #expect(fixture.level.current == expected)
        }
        // Each change is logged, at a level that is written then.
        let lines = fixture.lines.withLockedValue { $0 }
        #expect(lines.count == 10)
        #expect(lines[0].contains(" notice ") && lines[0].hasSuffix("log level set from=info to=debug\n"))
        #expect(lines[9].contains(" critical "))
    }

    @Test func `SIGHUP goes back to the configuration, and one that cannot be read changes nothing`() {
        let fixture = Fixture()
        fixture.send(.sigusr1)
        fixture.send(.sighup)
        #expect(fixture.level.current == .warning)
        fixture.configured.withLockedValue { $0 = nil }
        fixture.send(.sighup)
        #expect(fixture.level.current == .warning)
        #expect(fixture.lines.withLockedValue { $0.last?.contains("error=\"configuração: arquivo x.yaml: não existe\"") } == true)
    }
}
