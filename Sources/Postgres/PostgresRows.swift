/// The rows of one result, copied out of libpq's memory.
public struct PostgresRows: Sendable, RandomAccessCollection {
    let columnNames: [String]
    let columnTypeOIDs: [UInt32]
    let storage: [UInt8]
    /// Start and length of each value, row after row; a length of -1 is null.
    let cells: [(start: Int, length: Int)]
    /// How many rows the statement returned or, without rows, affected.
    public let affectedRows: Int

    /// The first row's index.
    public var startIndex: Int { 0 }
    /// The number of rows.
    public var endIndex: Int { self.columnNames.isEmpty ? 0 : self.cells.count / self.columnNames.count }
    /// One row.
    public subscript(position: Int) -> PostgresRow { PostgresRow(rows: self, index: position) }

    /// Reads every row, column by column.
    /// - Throws: what the closure throws; ``PostgresError/Code/decoding`` if it leaves columns unread.
    public func read<Value>(
        _ body: (inout PostgresColumns) throws(PostgresError) -> Value
    ) throws(PostgresError) -> [Value] {
        var values: [Value] = []
        values.reserveCapacity(self.count)
        for row in self { values.append(try row.read(body)) }
        return values
    }
}

/// One row of a result.
public struct PostgresRow: Sendable {
    let rows: PostgresRows
    let index: Int

    /// Reads the row column by column, in the order in which the statement selects them.
    /// - Throws: what the closure throws; ``PostgresError/Code/decoding`` if it leaves columns unread.
    public func read<Value>(_ body: (inout PostgresColumns) throws(PostgresError) -> Value) throws(PostgresError) -> Value {
        var columns = PostgresColumns(row: self)
        let value = try body(&columns)
        guard columns.position == self.rows.columnNames.count else {
            throw PostgresError(.decoding, detail: "\(columns.position) columns were read of \(self.rows.columnNames.count)")
        }
        return value
    }

    /// Reads a column that is never null.
    /// - Throws: ``PostgresError/Code/decoding`` if it is null, of another type or missing.
    public func decode<Value: PostgresDecodable>(_ column: Int, as type: Value.Type = Value.self) throws(PostgresError) -> Value {
        guard let value = try self.decodeIfPresent(column, as: type) else {
            throw PostgresError(.decoding, detail: "column \(self.name(column)) is null")
        }
        return value
    }

    /// Reads a column; nil is SQL null.
    /// - Throws: ``PostgresError/Code/decoding`` if it is of another type or missing.
    public func decodeIfPresent<Value: PostgresDecodable>(
        _ column: Int,
        as type: Value.Type = Value.self
    ) throws(PostgresError) -> Value? {
        guard column >= 0, column < self.rows.columnNames.count else {
            throw PostgresError(.decoding, detail: "no column \(column): there are \(self.rows.columnNames.count)")
        }
        let oid = self.rows.columnTypeOIDs[column]
        guard type.isDecodable(fromTypeOID: oid) else {
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

/// The columns of one row, read from the first to the last.
///
/// A type that fills several columns reads them itself, so no caller counts them:
/// ```swift
/// let items = try rows.read { columns throws(PostgresError) in
///     Item(name: try columns.next(), price: try columns.next(), note: try columns.nextIfPresent())
/// }
/// ```
public struct PostgresColumns {
    private let row: PostgresRow
    private(set) var position = 0

    init(row: PostgresRow) {
        self.row = row
    }

    /// Reads the next column, which is never null.
    /// - Throws: ``PostgresError/Code/decoding`` if it is null, of another type or missing.
    public mutating func next<Value: PostgresDecodable>(_ type: Value.Type = Value.self) throws(PostgresError) -> Value {
        let value = try self.row.decode(self.position, as: type)
        self.position += 1
        return value
    }

    /// Reads the next column; nil is SQL null.
    /// - Throws: ``PostgresError/Code/decoding`` if it is of another type or missing.
    public mutating func nextIfPresent<Value: PostgresDecodable>(_ type: Value.Type = Value.self) throws(PostgresError) -> Value? {
        let value = try self.row.decodeIfPresent(self.position, as: type)
        self.position += 1
        return value
    }

    /// Passes over columns, such as those of an outer join that found no row.
    public mutating func skip(_ count: Int) {
        self.position += count
    }
}
