import Foundation
import FuzzTargets
import Testing

/// The inputs that a fuzzer found worth keeping, among them those that once failed.
@Suite struct CorpusTests {
    @Test(arguments: FuzzTarget.allCases)
    func `no saved input is handled wrongly`(target: FuzzTarget) throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let file = folder.appending(path: "FuzzTargets/Corpus/\(target).base64")
        let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
        #expect(lines.count >= 20, "\(file.lastPathComponent) has \(lines.count) inputs")
        for line in lines {
            let input = try #require(Data(base64Encoded: String(line)), "\(line)")
            #expect(target.violation(Array(input)) == nil, "\(line)")
        }
    }
}
