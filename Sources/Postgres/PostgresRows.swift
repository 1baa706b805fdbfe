/// The rows of one result, copied out of libpq's memory.
public struct PostgresRows: Sendable, RandomAccessCollection {
    let columnNames: [String]
    let columnTypeOIDs: [UInt32]
    let storage: [UInt8]
    /// Start and length of each value, row after row; a length of -1 is null.
    let cells: [(start: Int, length: Int)]
    /// How many rows the statement returned or, without rows, touched.
    public let affectedRows: Int

    /// The first row's index.
    public var startIndex: Int { 0 }
    /// The number of rows.
    public var endIndex: Int { self.columnNames.isEmpty ? 0 : self.cells.count / self.columnNames.count }
    /// One row.
    public subscript(position: Int) -> PostgresRow { PostgresRow(rows: self, index: position) }
}

/// One row of a result.
public struct PostgresRow: Sendable {
    let rows: PostgresRows
    let index: Int

    /// Reads a column that is never null.
    /// - Throws: ``PostgresError/Code/decoding`` if it is null, of another type or not there.
    public func decode<Value: PostgresDecodable>(_ column: Int, as type: Value.Type = Value.self) throws(PostgresError) -> Value {
        guard let value = try self.decodeIfPresent(column, as: type) else {
            throw PostgresError(.decoding, detail: "column \(self.name(column)) is null")
        }
        return value
    }

    /// Reads a column; nil is SQL null.
    /// - Throws: ``PostgresError/Code/decoding`` if it is of another type or not there.
    public func decodeIfPresent<Value: PostgresDecodable>(
        _ column: Int,
        as type: Value.Type = Value.self
    ) throws(PostgresError) -> Value? {
        guard column >= 0, column < self.rows.columnNames.count else {
            throw PostgresError(.decoding, detail: "no column \(column): there are \(self.rows.columnNames.count)")
        }
        let oid = self.rows.columnTypeOIDs[column]
        guard type.acceptedTypeOIDs.contains(oid) else {
            throw PostgresError(.decoding, detail: "column \(self.name(column)) has the type \(oid), which is not read as \(type)")
        }
        let cell = self.rows.cells[self.index * self.rows.columnNames.count + column]
        if cell.length < 0 { return nil }
        return try Value(postgresBytes: self.rows.storage[cell.start..<cell.start + cell.length])
    }

    private func name(_ column: Int) -> String {
        column < self.rows.columnNames.count ? self.rows.columnNames[column] : "\(column)"
    }
}
