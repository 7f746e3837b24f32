extension Database {
    private static let empty = Statement("write_probe_empty", "truncate write_probe")
    /// A megabyte: where the disk is full, changes that fit into a page's rest still go through.
    private static let fill = Statement(
        "write_probe_fill",
        "insert into write_probe (filler) select repeat('x', 8000) from generate_series(1, 128)")

    private struct Undone: Error {}

    /// Finds out whether the server takes writes again, in a session that is opened for it: some settings
    /// count for new sessions only. Nothing of it is left. `use` says what came of it.
    package nonisolated(nonsending) func tryWrite() async {
        for link in pool.links { link.drop() }
        do {
            try await transaction { transaction in
                try await transaction.query(Self.fill)
                throw Undone()
            }
        } catch is Undone {
            use.tookWrite()
        } catch {
            guard let error = error as? PostgresError else { return }
            if error.writeRefusal == nil {
                // Somebody may stand in the way, or the server be gone: nothing is known then.
                guard error.sqlState != nil, !error.isLockTimeout else { return }
                use.tookWrite()
            }
        }
        // What was undone lies in its file still, and would fill the disk bit by bit. A backup that reads the
        // table keeps it there for now.
        _ = try? await transaction { try await $0.query(Self.empty) }
    }

    /// Has sessions that were read-only opened anew, once a new one could write.
    func renewReadOnly() {
        for link in links { link.renewIfReadOnly() }
    }

    /// Has the session of `reads` opened anew.
    package func renewReads() { reads.renew() }
}
