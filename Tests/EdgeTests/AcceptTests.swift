import HTTPTypes
import Testing

@testable import Edge

@Suite struct AcceptTests {
    @Test(arguments: [
        (nil, Representacao.json), ("", .json), ("*/*", .json), ("text/csv", .csv), ("application/x-ndjson", .ndjson),
        ("text/csv, */*;q=0.1", .csv), ("text/*", .csv), ("TEXT/CSV ; q=0.5 , application/json;q=0.4", .csv),
        ("application/json, text/csv", .json), ("text/csv;q=0.9, application/json;q=0.8", .csv),
        ("application/*, application/json;q=0, text/csv;q=0.1", .ndjson),
        // What cannot be served, or read, is served as JSON.
        ("image/png", .json), ("text/csv;q=0", .json), ("text/csv;q=7", .json), ("text/csv;q=x", .json), (";;,,/,", .json), ("csv", .json),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", .json),
    ])
    func theBestOfferedFormIsChosen(accept: String?, expected: Representacao) {
        var headers = HTTPFields()
        headers[.accept] = accept
        #expect(Accept.choose(headers, from: [.json, .csv, .ndjson]) == expected)
    }

    @Test func severalHeadersAreOneList() {
        var headers = HTTPFields()
        headers.append(HTTPField(name: .accept, value: "application/json;q=0.5"))
        headers.append(HTTPField(name: .accept, value: "text/csv"))
        #expect(Accept.choose(headers, from: [.json, .csv]) == .csv)
    }

    @Test func whatIsNotOfferedIsNotChosen() {
        var headers = HTTPFields()
        headers[.accept] = "application/x-ndjson"
        #expect(Accept.choose(headers, from: [.json, .csv]) == .json)
    }
}
