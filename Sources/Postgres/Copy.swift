/// COPY in both directions. A copy is one statement: all of its rows arrive, or none.
extension PlainConnection {
    /// Runs `copy … from stdin`; `body` writes the rows in the statement's format. A throw undoes the copy.
    /// - Returns: the rows stored.
    @discardableResult
    package nonisolated(nonsending) func copyIn(
        _ sql: String, _ body: nonisolated(nonsending) (CopyWriter) async throws -> Void
    ) async throws -> Int {
        guard try await run(sql)?.status == .copyIn else { throw PostgresError.unavailable }
        do {
            try await body(CopyWriter(self))
        } catch {
            try await endCopy(failing: "given up")
            _ = try? await finishedCopy()
            throw error
        }
        try await endCopy(failing: nil)
        return try await finishedCopy()?.affected ?? 0
    }

    /// Runs `copy … to stdout`; `body` gets each row's bytes in the statement's format. A throw drops the
    /// session: the rest of the rows has nowhere to go.
    /// - Returns: the rows sent.
    @discardableResult
    package nonisolated(nonsending) func copyOut(
        _ sql: String, _ body: nonisolated(nonsending) ([UInt8]) async throws -> Void
    ) async throws -> Int {
        guard try await run(sql)?.status == .copyOut else { throw PostgresError.unavailable }
        do {
            while let row = try await nextCopyRow() { try await body(row) }
        } catch {
            close()
            throw error
        }
        return try await finishedCopy()?.affected ?? 0
    }

    private nonisolated(nonsending) func nextCopyRow() async throws(PostgresError) -> [UInt8]? {
        while isOpen {
            switch session.getCopy() {
            case .bytes(let bytes): return bytes
            case .end, .failed: return nil
            case .wouldBlock: try await receive()
            }
        }
        throw .unavailable
    }

    private nonisolated(nonsending) func endCopy(failing reason: String?) async throws(PostgresError) {
        while isOpen {
            switch session.endCopy(failing: reason) {
            case true?: return try await flush()
            case false?: try await flush()
            case nil: close()
            }
        }
        throw .unavailable
    }

    /// The copy's own result, then the end of the statement.
    private nonisolated(nonsending) func finishedCopy() async throws(PostgresError) -> Rows? {
        try await lastResult()
    }
}

/// Takes the rows of one `copyIn`, no faster than the server does.
package struct CopyWriter {
    private let connection: PlainConnection

    init(_ connection: PlainConnection) { self.connection = connection }

    /// Any piece of the stream; it need not end with a row. Tens of kilobytes at a time are fastest.
    package nonisolated(nonsending) func write(_ bytes: [UInt8]) async throws(PostgresError) {
        while connection.isOpen {
            switch bytes.withUnsafeBytes({ connection.session.putCopy($0) }) {
            case true?: return try await connection.flush()
            case false?: try await connection.flush()
            case nil: connection.close()
            }
        }
        throw .unavailable
    }
}
