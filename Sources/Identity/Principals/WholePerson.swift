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
        guard limits.scopes == nil, limits.cidrs.isEmpty, !limits.isCounted, limits.key == nil,
            !limits.isBait
        else { throw refusal(what) }
    }

    /// For what tells of the person beyond what a token was narrowed to: addresses and keys that it is bound
    /// to narrow who may hold it, not what it may do.
    static nonisolated(nonsending) func checkScopes(
        _ context: Context, to what: String, in source: any Queryable
    ) async throws {
        guard try await !isNarrow(context, in: source) else { throw refusal(what) }
    }

    /// Whether it may do less than its principal. Bait is narrowed to nothing.
    static nonisolated(nonsending) func isNarrow(
        _ context: Context, in source: any Queryable
    ) async throws -> Bool {
        guard let limits = try await AccessTokenStore.limits(of: context.actor, in: source) else {
            return false
        }
        return limits.scopes != nil || limits.isBait
    }

    private static func refusal(_ what: String) -> Problem {
        Problem(.forbidden, "A narrowed access token \(what).")
    }
}
