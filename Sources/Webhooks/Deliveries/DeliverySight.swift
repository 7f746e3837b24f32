import Access
import Events
import Postgres

/// Which deliveries somebody sees: those of messages that they may read, where they may see or send
/// deliveries at all (T23).
struct DeliverySight {
    let context: Context
    /// Nil: of a delivery that one has just asked for oneself.
    private let permission: Permission?
    private let things: TargetSource
    private var rights: Rights { context.rights }

    init(_ context: Context, _ permission: Permission?, _ things: TargetSource) {
        (self.context, self.permission, self.things) = (context, permission, things)
    }

    nonisolated(nonsending) func sees(
        _ delivery: Delivery, in source: any Queryable
    ) async throws(PostgresError) -> Bool {
        let needed = delivery.permissions + (permission.map { [$0] } ?? [])
        let targets = try await things.targets(of: [delivery.thing], for: [rights], needed, in: source)
        return rights.may(needed, to: delivery.thing, targets)
    }
}

// MARK: Lists

extension DeliverySight {
    /// How a statement narrows to what is seen.
    struct Listing {
        let isScoped: Bool
        let seesGeneral: Bool
        let inGeneral: [Permission]
        let seen: SeenTargets

        var parameters: [Parameter] {
            let general: [Parameter] = [
                .bool(isScoped), .bool(seesGeneral), .textArray(inGeneral.map(\.rawValue)),
            ]
            return general + seen.parameters
        }

        /// - Parameter count: of the statement's other parameters, which stand before.
        func condition(after count: Int) -> String {
            let n = (1...5).map { "$\(count + $0)" }
            return [
                "case when thing is null or not", n[0], "then", n[1], "and permissions <@", n[2] + "::text[]",
                "else not exists (select from unnest(permissions) as needed (name) where",
                "coalesce((\(n[3])::jsonb ->> needed.name) || ' ' || thing <> all",
                "(\(n[4])::text[]), true)) end",
            ].joined(separator: " ")
        }
    }

    nonisolated(nonsending) func listing(in source: any Queryable) async throws(PostgresError) -> Listing {
        let asked = permission.map { [$0] } ?? []
        // Names of people in what is told of an alert.
        let needed = EventSight(of: rights).askedOfThings + [.usersRead]
        let isScoped = rights.isScoped(needed + asked)
        let targets =
            isScoped ? try await things.inSight(permission ?? .deliveriesRead, rights, source) : [:]
        let wanted = isScoped ? needed : []
        return Listing(
            isScoped: isScoped, seesGeneral: asked.allSatisfy(rights.mayInGeneral),
            inGeneral: Permission.allCases.filter(rights.mayInGeneral),
            seen: SeenTargets(
                Dictionary(uniqueKeysWithValues: wanted.map { ($0.rawValue, asked + [$0]) }), rights, targets)
        )
    }
}
