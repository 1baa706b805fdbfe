import Foundation
import NIOCore
import NIOPosix
import OpenFiles
import UnixSignals

/// One run of the command: its scenarios, their results and the handling of signals.
struct CargaRun: Sendable {
    let scenarios: [Scenario]
    let settings: BenchSettings
    let jsonPath: String?
    let plotPath: String?
    let partLimits: PartLimits?

    private enum End: Sendable {
        case finished(exitCode: Int32)
        case signal(UnixSignal)
    }

    /// Runs the scenarios until they end or a signal arrives.
    func untilSignal() async -> Int32 {
        let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm, .sighup)
        return await withTaskGroup(of: End?.self) { group in
            group.addTask { .finished(exitCode: await self.runAll()) }
            group.addTask {
                for await signal in signals { return .signal(signal) }
                return nil
            }
            var signal: UnixSignal?
            while let end = await group.next() {
                switch end {
                case .finished(let exitCode):
                    group.cancelAll()
                    return signal.map { Self.exitCode($0) } ?? exitCode
                case .signal(let received):
                    signal = received
                    group.cancelAll()
                case nil: break
                }
            }
            return 1
        }
    }

    private func runAll() async -> Int32 {
        let progress = ProgressReport()
        OpenFiles.raiseLimit()
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let bench = Bench(settings: self.settings, eventLoop: group.next(), progress: progress)
        let file = self.jsonPath.map { ResultsFile(path: $0, begun: Date().formatted(.iso8601)) }
        var results: [ScenarioResult] = []
        var fault: String?
        do {
            for scenario in self.scenarios {
                let result = try await bench.run(scenario)
                results.append(self.partLimits?.compared(result) ?? result)
                try self.write(results, file, isComplete: results.count == self.scenarios.count)
            }
        } catch is CancellationError {
            fault = "interrupted"
        } catch {
            fault = "\(error)"
        }
        progress.finish()
        try? await group.shutdownGracefully()
        if !results.isEmpty { print(ResultsTable.text(results), terminator: "") }
        // Keeps the order of both streams where they go to one file.
        fflush(nil)
        guard let fault else { return results.allSatisfy(\.hasPassed) ? 0 : 1 }
        Self.complain("error: \(fault)")
        let partial = file.flatMap { results.isEmpty ? nil : $0.path }
        let noFile = results.isEmpty ? "there are no partial results" : "the results so far are those above"
        Self.complain(partial.map { "partial results are in \($0)" } ?? noFile)
        if bench.isScaled { Self.complain("consolidado may not have as many instances as before") }
        return 1
    }

    private func write(_ results: [ScenarioResult], _ file: ResultsFile?, isComplete: Bool) throws {
        try file?.write(results, isComplete: isComplete)
        if let plotPath { try Plot.write(results, to: plotPath) }
    }

    private static func complain(_ text: String) {
        FileHandle.standardError.write(Data((text + "\n").utf8))
    }

    private static func exitCode(_ signal: UnixSignal) -> Int32 {
        switch signal {
        case .sigint: 130
        case .sighup: 129
        default: 143
        }
    }
}

extension ScenarioResult {
    fileprivate var hasPassed: Bool {
        switch self.verdict {
        case .passed, .skipped: true
        case .failed, .notOffered: false
        }
    }
}
