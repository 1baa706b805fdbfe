import HTTPTypes
import Testing

@testable import Edge

@Suite struct PreferTests {
    private static func wait(_ values: [String]) -> Int? {
        var fields = HTTPFields()
        for value in values { fields.append(HTTPField(name: .prefer, value: value)) }
        return Prefer.waitS(fields, maxS: 30)
    }

    @Test(arguments: [
        (["wait=5"], 5), (["Wait = 5"], 5), (["wait=\"7\""], 7), (["wait=0"], 0), (["wait=30"], 30), (["wait=31"], 30),
        (["wait=99999999999999999999999"], 30), (["respond-async, wait=10"], 10), (["respond-async", "wait=10"], 10),
        (["foo=\"a, wait=1\", wait=2"], 2), (["foo; wait=1, wait=3"], 3), (["wait=4; foo=bar"], 4), (["wait=5, wait=6"], 5),
        (["x=\"\\\",wait=1\",wait=9"], 9), (["wait=010"], 10),
    ])
    func isRead(values: [String], seconds: Int) {
        #expect(Self.wait(values) == seconds)
    }

    @Test(arguments: [
        [], [""], ["wait"], ["wait="], ["wait=-1"], ["wait=1.5"], ["wait=5s"], ["wait=\"\""], ["wait=\""], ["respond-async"], ["await=5"],
        ["wait=x, wait=5"], ["foo; wait=5"], [",;=,"], ["wait=٥"],
    ])
    func whatIsNotUnderstoodIsIgnored(values: [String]) {
        #expect(Self.wait(values) == nil)
    }
}
