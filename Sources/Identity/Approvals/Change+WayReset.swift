import Access
import Events
import Kernel
import Postgres

/// A way in of somebody that somebody else takes away, or makes anew.
enum WayReset: String { case factors, password, email }

extension Change {
    private static let noteReset = Statement(
        "way_reset_insert",
        "insert into way_reset (principal, what, actor, humans, at) values ($1, $2, $3, $4, $5)")

    /// Written down, because whoever does it may be that person from then on: the database lets them not
    /// approve what the doer asked for, or approves too.
    nonisolated(nonsending) func note(_ what: WayReset, of user: PrincipalID) async throws {
        guard let actor = context.actor.principal, actor != user else { return }
        let humans = try await humansBehind(actor)
        _ = try await transaction.query(
            Self.noteReset, .uuid(user.uuid), .text(what.rawValue), .uuid(actor.uuid), .idArray(humans),
            .timestamp(context.now))
    }
}
