extension PostgresError {
    /// Runs `body` again when another transaction was in its way, or held a lock for too long.
    /// - Parameter attempts: how often at most.
    package nonisolated(nonsending) static func persisting<Result>(
        attempts: Int, _ body: nonisolated(nonsending) () async throws -> Result
    ) async throws -> Result {
        var left = attempts
        while true {
            do {
                return try await body()
            } catch let error as PostgresError where error.isConflict || error.isLockTimeout {
                left -= 1
                if left == 0 { throw error }
            }
        }
    }
}
