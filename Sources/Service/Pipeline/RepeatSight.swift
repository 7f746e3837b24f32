import Access
import Events
import HTTPServer
import JSON
import Kernel
import Keys
import Postgres

/// Whether somebody may still do what they ask for again: what was done to a key or an account, and what the
/// first answer tells, is for whom it would be done now. The gate has asked for everything else.
struct RepeatSight {
    private static let alert = Statement(
        "repeat_alert", "select event_type, thing from alert where id = $1")
    private static let delivery = Statement(
        "repeat_delivery", "select permissions, thing from delivery where id = $1")

    let database: Database

    nonisolated(nonsending) func check(
        _ request: Request, _ operation: Operation, _ earlier: IdempotencyKeys.Earlier, _ context: Context
    ) async throws {
        guard case .scoped(let permission) = operation.requires else { return }
        try await check(alert: request.pathParameters["alert_id"], permission, context)
        try await check(delivery: request.pathParameters["delivery_id"], permission, context)
        guard !context.may(permission) else { return }
        let told = (earlier.answer?.body).flatMap { try? JSONValue.parse($0) }
        let ids = [
            request.pathParameters["key_id"], request.pathParameters["account_id"], earlier.resource,
        ]
        let targets = try await KeyTargets.source.find(
            Set(ids.compactMap(\.self)).union(told?.things ?? []), database)
        for target in targets.values { try context.require(permission, on: target) }
    }

    private nonisolated(nonsending) func check(
        alert id: String?, _ permission: Permission, _ context: Context
    ) async throws {
        guard let id = id.flatMap({ AlertID($0) }),
            let row = try await database.query(Self.alert, .id(id)).first
        else { return }
        let needed = [permission] + (EventType(row.text(0)).map { [$0.permission] } ?? [])
        try await check(needed, to: row.optionalText(1), "alert", context)
    }

    private nonisolated(nonsending) func check(
        delivery id: String?, _ permission: Permission, _ context: Context
    ) async throws {
        guard let id = id.flatMap({ DeliveryID($0) }),
            let row = try await database.query(Self.delivery, .id(id)).first
        else { return }
        let needed = [permission] + row.textArray(0).compactMap(Permission.init)
        try await check(needed, to: row.optionalText(1), "delivery", context)
    }

    private nonisolated(nonsending) func check(
        _ needed: [Permission], to thing: String?, _ noun: String, _ context: Context
    ) async throws {
        let targets = try await KeyTargets.source.targets(
            of: [thing], for: [context.rights], needed, in: database)
        guard context.rights.may(needed, to: thing, targets) else { throw Problem.notFound(noun) }
    }
}

extension JSONValue {
    /// Ids of keys and accounts, wherever they stand.
    fileprivate var things: Set<String> {
        switch self {
        case .string(let text): ExchangeKeyID(text) != nil || AccountID(text) != nil ? [text] : []
        case .array(let elements): elements.reduce(into: []) { $0.formUnion($1.things) }
        case .object(let object): object.members.reduce(into: []) { $0.formUnion($1.value.things) }
        case .null, .bool, .number: []
        }
    }
}
