import Access
import Events

extension Change {
    /// A factor was shown by whoever acts: where that is a session, it is fresh from now on.
    nonisolated(nonsending) func freshen(by factor: String) async throws {
        guard let session = context.actor.session else { return }
        try await SessionStore.freshen(session, by: factor, at: context.now, in: transaction)
    }

    /// The same of the password, for whoever has no factor.
    nonisolated(nonsending) func freshenByPassword() async throws {
        guard let session = context.actor.session else { return }
        try await SessionStore.freshenByPassword(session, at: context.now, in: transaction)
    }
}
