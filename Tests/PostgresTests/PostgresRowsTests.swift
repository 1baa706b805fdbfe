import Testing

@testable import Postgres

@Suite struct PostgresRowsTests {
    /// Two rows of `text, bigint, text`, with a null at the end of the second.
    private let rows: PostgresRows = {
        var storage: [UInt8] = []
        var cells: [(start: Int, length: Int)] = []
        func append(_ value: (some PostgresEncodable)?) {
            let start = storage.count
            let isValue = value.map { $0.encode(into: &storage) } ?? false
            cells.append((start, isValue ? storage.count - start : -1))
        }
        append("a"); append(Int64(1)); append("x")
        append("b"); append(Int64(2)); append(String?.none)
        return PostgresRows(
            columnNames: ["name", "count", "note"], columnTypeOIDs: [25, 20, 25], storage: storage, cells: cells, affectedRows: 2)
    }()

    @Test func `columns are read in their order by every reader`() throws {
        func pair(_ columns: inout PostgresColumns) throws(PostgresError) -> String {
            "\(try columns.next(String.self)) \(try columns.next(Int64.self))"
        }
        let read = try self.rows.read { columns throws(PostgresError) in
            "\(try pair(&columns)) \(try columns.nextIfPresent(String.self) ?? "none")"
        }
        #expect(read == ["a 1 x", "b 2 none"])
        let skipped = try self.rows.read { columns throws(PostgresError) in
            columns.skip(1)
            defer { columns.skip(1) }
            return try columns.next(Int64.self)
        }
        #expect(skipped == [1, 2])
    }

    @Test func `a column left unread, missing, null or of another type is an error`() {
        func failure<Value>(_ body: (inout PostgresColumns) throws(PostgresError) -> Value) -> String? {
            do {
                _ = try self.rows.read(body)
                return nil
            } catch {
                return error.code == .decoding ? error.detail : "\(error.code)"
            }
        }
        #expect(failure { columns throws(PostgresError) in try columns.next(String.self) } == "1 columns were read of 3")
        #expect(
            failure { columns throws(PostgresError) in
                columns.skip(3)
                return try columns.next(String.self)
            } == "no column 3: there are 3")
        #expect(
            failure { columns throws(PostgresError) in
                columns.skip(2)
                return try columns.next(String.self)
            } == "column note is null")
        #expect(
            failure { columns throws(PostgresError) in try columns.next(Int64.self) }
                == "column name has the type 25, which is not read as Int64")
    }
}
