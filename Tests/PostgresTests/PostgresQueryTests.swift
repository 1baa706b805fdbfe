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

    @Test func `two queries make one, with the values of both`() {
        let conditions: PostgresQuery = "where a = \("x") and b is \(Int64?.none)"
        let query = "select * from t where c = \(Int64(1))" + conditions + "order by a limit \(Int64(2))"
        #expect(query.sql == "select * from t where c = $1\nwhere a = $2 and b is $3\norder by a limit $4")
        #expect(query.parameters.typeOIDs == [20, 25, 20, 20])
        #expect(query.parameters.ranges == [0..<8, 8..<9, nil, 9..<17])
        #expect(query.parameters.bytes == [0, 0, 0, 0, 0, 0, 0, 1, UInt8(ascii: "x"), 0, 0, 0, 0, 0, 0, 0, 2])
    }
}
