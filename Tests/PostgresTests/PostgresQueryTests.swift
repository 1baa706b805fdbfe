import Testing

@testable import Postgres

@Suite struct PostgresQueryTests {
    @Test func `an interpolated value is a parameter and never text`() {
        let hostile = "'; drop table lancamentos; --"
        let query: PostgresQuery = "select * from t where a = \(hostile) and b = \(Int64(7)) and c is \(String?.none)"
        #expect(query.sql == "select * from t where a = $1 and b = $2 and c is $3")
        #expect(query.parameters.typeOIDs == [25, 20, 25])
        #expect(query.parameters.ranges == [0..<29, 29..<37, nil])
        #expect(query.parameters.bytes.prefix(29).elementsEqual(hostile.utf8))
    }

    @Test func `an array carries its nulls`() {
        let query: PostgresQuery = "select \([Int32?.some(258), nil])"
        #expect(query.parameters.typeOIDs == [1007])
        #expect(
            query.parameters.bytes == [
                0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 23, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 4, 0, 0, 1, 2, 255, 255, 255, 255,
            ]
        )
    }

    @Test func `an empty array has no dimension`() {
        let query: PostgresQuery = "select \([String]())"
        #expect(query.parameters.bytes == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 25])
    }
}
