import Access
import Events
import Kernel
import Postgres

/// What becomes of what was made through broken glass, beside what becomes of any leaver's things: those who
/// came that way are out of office after their hour, and what they made must not stay in their place.
/// Programs stop: access tokens, service accounts, webhooks and rules. Links that nobody used yet lead
/// nowhere. What people got stays, or nobody could come in again, and is listed for an owner to look at.
enum GlassLeft {
    static var steps: [LeavingStep] {
        [
            LeavingStep("issued_access_tokens") { leaver, change in
                let rows = try await change.transaction.query(
                    issued, .text(leaver.principal.description))
                return try await change.endTokens(rows.map { $0.id(0) }, reason: leaver.disableReason)
            },
            LeavingStep("grants_made") { leaver, change in
                let rows = try await change.transaction.query(
                    grants, .text(leaver.principal.description))
                return rows.map { row in
                    LeftThing(
                        row.id(0, as: GrantKind.self), name: row.text(1), .kept,
                        note: "It was made through broken glass: take it back, unless it is meant to stay.")
                }
            },
            LeavingStep("users_let_in") { leaver, change in
                let rows = try await change.transaction.query(
                    letIn, .text(leaver.principal.description), .id(leaver.user))
                return rows.map { row in
                    LeftThing(
                        row.id(0, as: UserKind.self), name: row.text(1), .kept,
                        note: "They came in by a link, an address or without a factor, through broken glass.")
                }
            },
        ]
    }

    private static let issued = Statement(
        "glass_issued",
        """
        select id from access_token where created_by = $1 and revoked_at is null
        order by id for no key update
        """)
    private static let grants = Statement(
        "glass_grants", "select id, role from access_grant where created_by = $1 order by id limit 10000")
    private static let letIn = Statement(
        "glass_let_in",
        """
        select p.id, p.name from principal p
        where p.id in (select v.principal from invitation v where v.created_by = $1 and v.used_at is not null)
            or p.id in (select r.principal from way_reset r where r.actor = $2)
        order by p.id limit 10000
        """)
}
