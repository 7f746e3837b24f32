import Events

extension Change {
    /// A factor was shown by whoever acts: their session is fresh.
    nonisolated(nonsending) func freshen(by factor: String) async throws {}
}
