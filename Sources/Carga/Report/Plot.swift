import Foundation

/// Draws latency and rate over time as an SVG: for each stream of each scenario a panel of rates above a panel of latencies.
enum Plot {
    private static let width = 900.0
    private static let panelHeight = 150.0
    private static let left = 70.0
    private static let top = 34.0

    private struct Line {
        let name: String
        let colour: String
        let values: [Double?]
    }

    /// - Throws: what Foundation throws if the file cannot be written.
    static func write(_ results: [ScenarioResult], to path: String) throws {
        try Data(self.svg(results).utf8).write(to: URL(filePath: path), options: .atomic)
    }

    static func svg(_ results: [ScenarioResult]) -> String {
        var body = ""
        var y = 0.0
        for result in results {
            if case .notOffered = result.verdict { continue }
            for stream in result.streams where stream.seconds.count > 1 {
                let seconds = stream.seconds
                body += self.panel(
                    "\(result.name.rawValue), \(stream.name): answers a second", y,
                    [
                        Line(name: "accepted", colour: "#1b7837", values: seconds.map { Double($0.accepted) }),
                        Line(name: "sent", colour: "#999999", values: seconds.map { Double($0.sent) }),
                        Line(name: "shed or failed", colour: "#b2182b", values: seconds.map { Double($0.shed + $0.failed) }),
                    ])
                y += self.panelHeight + self.top + 20
                body += self.panel(
                    "\(result.name.rawValue), \(stream.name): latency in ms, from when a request was due", y,
                    [
                        Line(name: "p50", colour: "#4393c3", values: seconds.map(\.p50Ms)),
                        Line(name: "p99", colour: "#2166ac", values: seconds.map(\.p99Ms)),
                        Line(name: "max", colour: "#bbbbbb", values: seconds.map(\.maxMs)),
                    ])
                y += self.panelHeight + self.top + 30
            }
        }
        let height = max(y, 40)
        return """
            <svg xmlns="http://www.w3.org/2000/svg" width="\(Int(self.width))" height="\(Int(height))" font-family="sans-serif" font-size="11">
            <rect width="100%" height="100%" fill="white"/>
            \(body)</svg>

            """
    }

    private static func panel(_ title: String, _ y: Double, _ lines: [Line]) -> String {
        let count = lines.map(\.values.count).max() ?? 0
        let highest = max(lines.flatMap { $0.values.compactMap { $0 } }.max() ?? 0, 1)
        let (plotWidth, bottom) = (self.width - self.left - 20, y + self.top + self.panelHeight)
        func x(_ second: Int) -> Double { self.left + plotWidth * Double(second) / Double(max(1, count - 1)) }
        func height(_ value: Double) -> Double { bottom - self.panelHeight * value / highest }
        var text = #"<text x="\#(n(self.left))" y="\#(n(y + 14))" font-size="13">\#(title)</text>"# + "\n"
        for part in 0...4 {
            let value = highest * Double(part) / 4
            let (right, level) = (n(self.left + plotWidth), n(height(value)))
            text += #"<line x1="\#(n(self.left))" x2="\#(right)" y1="\#(level)" y2="\#(level)" stroke="gainsboro"/>"# + "\n"
            text += #"<text x="\#(n(self.left - 6))" y="\#(n(height(value) + 4))" text-anchor="end">\#(Text.ms(value))</text>"# + "\n"
        }
        text += #"<text x="\#(n(self.left + plotWidth))" y="\#(n(bottom + 14))" text-anchor="end">\#(count) s</text>"# + "\n"
        for (position, line) in lines.enumerated() {
            let label = self.left + plotWidth - 110 * Double(lines.count - position)
            text += #"<text x="\#(n(label))" y="\#(n(y + 28))" fill="\#(line.colour)">\#(line.name)</text>"# + "\n"
            // A second without answers breaks the line.
            for run in line.values.enumerated().split(whereSeparator: { $0.element == nil }) {
                let points = run.map { "\(n(x($0.offset))),\(n(height($0.element ?? 0)))" }
                text += #"<polyline fill="none" stroke="\#(line.colour)" points="\#(points.joined(separator: " "))"/>"# + "\n"
            }
        }
        return text
    }

    private static func n(_ value: Double) -> String { Text.decimals(value, 1) }
}
