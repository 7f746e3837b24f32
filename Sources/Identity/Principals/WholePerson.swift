import Access
import HTTPServer
import Postgres

/// Whether somebody acts with all their rights: what is narrowed must not widen itself by a password or a
/// factor, with which one comes back as the whole person.
enum WholePerson {
    static nonisolated(nonsending) func check(
        _ context: Context, to what: String, in source: any Queryable
    ) async throws {
        guard let limits = try await AccessTokenStore.limits(of: context.actor, in: source) else { return }
        let isBait = try await AccessTokenStore.isBait(context.actor, in: source)
        guard limits.scopes == nil, limits.cidrs.isEmpty, !limits.isCounted, limits.key == nil, !isBait
        else { throw Problem(.forbidden, "A narrowed access token \(what).") }
    }
}
