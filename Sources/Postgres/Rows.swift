import CLibpq

/// What one statement answered. Owns libpq's result; rows are read where they lie.
package final class Rows: Sequence {
    enum Status: Equatable { case complete, copyIn, copyOut, synchronised, aborted, failed }

    private let result: OpaquePointer
    package let count: Int
    let columnCount: Int
    let status: Status

    /// Takes ownership of a PGresult.
    init(owning result: OpaquePointer) {
        self.result = result
        count = Int(PQntuples(result))
        columnCount = Int(PQnfields(result))
        status = Status(PQresultStatus(result))
    }

    deinit { PQclear(result) }

    package var isEmpty: Bool { count == 0 }
    package var first: Row? { count == 0 ? nil : Row(rows: self, index: 0) }

    package subscript(index: Int) -> Row {
        precondition(index >= 0 && index < count, "row \(index) of \(count)")
        return Row(rows: self, index: index)
    }

    /// Rows that an insert, update or delete touched, or that a select returned.
    package var affected: Int { PQcmdTuples(result).flatMap { Int(String(cString: $0)) } ?? 0 }

    /// `COMMIT`, `ROLLBACK`, `INSERT 0 1`.
    var commandTag: String { PQcmdStatus(result).map { String(cString: $0) } ?? "" }

    package func makeIterator() -> Iterator { Iterator(rows: self) }

    package struct Iterator: IteratorProtocol {
        fileprivate let rows: Rows
        private var index = 0

        fileprivate init(rows: Rows) { self.rows = rows }

        package mutating func next() -> Row? {
            guard index < rows.count else { return nil }
            defer { index += 1 }
            return Row(rows: rows, index: index)
        }
    }
}

extension Rows {
    func isNull(_ row: Int, _ column: Int) -> Bool {
        precondition(column >= 0 && column < columnCount, "column \(column) of \(columnCount)")
        return PQgetisnull(result, Int32(row), Int32(column)) != 0
    }

    func type(_ column: Int) -> UInt32 { PQftype(result, Int32(column)) }

    /// The bytes of a field, valid while these rows live. Null where nothing said so is a mistake of the
    /// statement.
    func field(_ row: Int, _ column: Int) -> UnsafeRawBufferPointer {
        precondition(!isNull(row, column), "column \(column) is null: read it as optional")
        let length = Int(PQgetlength(result, Int32(row), Int32(column)))
        return UnsafeRawBufferPointer(start: PQgetvalue(result, Int32(row), Int32(column)), count: length)
    }

    /// The error that a failed result carries.
    var serverError: ServerError {
        func text(_ field: UnicodeScalar) -> String? {
            PQresultErrorField(result, Int32(field.value)).map { String(cString: $0) }
        }
        // The codes of postgres_ext.h (PG_DIAG_…).
        return ServerError(
            sqlState: text("C") ?? "08006", message: text("M") ?? "the connection was lost",
            detail: text("D"), constraint: text("n"), table: text("t"), column: text("c"))
    }
}

extension Rows.Status {
    fileprivate init(_ status: ExecStatusType) {
        switch status {
        case PGRES_TUPLES_OK, PGRES_COMMAND_OK, PGRES_EMPTY_QUERY, PGRES_SINGLE_TUPLE: self = .complete
        case PGRES_COPY_IN: self = .copyIn
        case PGRES_COPY_OUT: self = .copyOut
        case PGRES_PIPELINE_SYNC: self = .synchronised
        case PGRES_PIPELINE_ABORTED: self = .aborted
        default: self = .failed
        }
    }
}
