import ArgumentParser
import Foundation

/// Runs lives of the whole system, each from its seed.
@main
struct SimulationCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulacao",
        abstract: "Runs relay, sweeper, write batcher and consumer in simulated worlds that follow from seeds, and checks what must hold.",
        discussion: """
            One seed gives one life, always the same. The exit status is 1 if an invariant is broken: then the seed and the command that
            replays it are printed.
            """
    )

    /// A process runs so many lives at a time: tasks of processes that crash in a life may keep memory.
    private static let seedsPerProcessMax = 500
    private static let hashing = "SWIFT_DETERMINISTIC_HASHING"

    @Option(help: "Runs this seed alone and prints the hash of its life.")
    var semente: UInt64?

    @Flag(help: "Prints every event of the life.")
    var rastro = false

    @Option(help: "The number of seeds.")
    var sementes: UInt64 = 10_000

    @Option(help: "The first seed.")
    var de: UInt64 = 1

    @Option(help: "Processes at the same time.")
    var processos = ProcessInfo.processInfo.activeProcessorCount

    @Flag(help: "Ends after the first broken seed.")
    var primeira = false

    @Flag(help: .hidden)
    var parte = false

    func run() throws {
        // The order of a Dictionary differs from process to process without it.
        if getenv(Self.hashing) == nil {
            setenv(Self.hashing, "1", 1)
            var arguments = CommandLine.arguments.map { strdup($0) } + [nil]
            execv("/proc/self/exe", &arguments)
            throw ValidationError("the program cannot be started again: errno \(errno)")
        }
        if let semente = self.semente {
            guard self.runOne(semente) else { throw ExitCode.failure }
        } else if self.parte {
            guard self.runPart() else { throw ExitCode.failure }
        } else {
            guard try self.runAll() else { throw ExitCode.failure }
        }
    }

    private func runOne(_ seed: UInt64) -> Bool {
        let report = Lifetime.run(seed: seed, tracer: self.rastro ? { print($0) } : nil)
        guard let report else { return false }
        if let violation = report.violation { Self.printBroken(seed, violation) }
        print("seed \(seed): hash \(String(report.hash, radix: 16)), \(report.steps) steps, \(report.entries) entries")
        return report.violation == nil
    }

    private static func printBroken(_ seed: UInt64, _ violation: Violation) {
        print("seed \(seed): \(violation)")
        print("  replay: \(CommandLine.arguments[0]) --semente \(seed) --rastro")
        fflush(nil)
    }

    /// Runs the seeds from ``de`` in this process.
    private func runPart() -> Bool {
        var isClean = true
        for seed in self.de..<self.de + self.sementes {
            guard let report = Lifetime.run(seed: seed) else { return false }
            guard let violation = report.violation else { continue }
            Self.printBroken(seed, violation)
            isClean = false
            if self.primeira { return false }
        }
        return isClean
    }

    /// Runs all seeds in a few processes, part by part.
    private func runAll() throws -> Bool {
        let start = ContinuousClock.now
        let end = self.de + self.sementes
        var next = self.de
        var running: [pid_t: UInt64] = [:]
        var (done, isClean) = (UInt64(0), true)
        while next < end || !running.isEmpty {
            while next < end, running.count < max(1, self.processos), isClean || !self.primeira {
                let count = min(UInt64(Self.seedsPerProcessMax), end - next)
                running[try self.startPart(next, count)] = count
                next += count
            }
            if running.isEmpty { break }
            var status: Int32 = 0
            let pid = wait(&status)
            guard let count = running.removeValue(forKey: pid) else { continue }
            if status != 0 { isClean = false }
            done += count
            print("\(done) of \(self.sementes) seeds, \(isClean ? "nothing" : "something") is broken")
            fflush(nil)
        }
        print("\(done) seeds in \((ContinuousClock.now - start).components.seconds) s")
        return isClean
    }

    private func startPart(_ first: UInt64, _ count: UInt64) throws -> pid_t {
        var arguments = [CommandLine.arguments[0], "--parte", "--de", "\(first)", "--sementes", "\(count)"]
        if self.primeira { arguments.append("--primeira") }
        var pointers = arguments.map { strdup($0) } + [nil]
        var environment = ProcessInfo.processInfo.environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for pointer in pointers + environment { free(pointer) } }
        var pid: pid_t = 0
        let code = posix_spawn(&pid, "/proc/self/exe", nil, nil, &pointers, &environment)
        guard code == 0 else { throw ValidationError("a part cannot be started: errno \(code)") }
        return pid
    }
}
