import Access
import Events
import Exchanges
import HTTPServer
import JSON
import Kernel
import Postgres

/// What the exchange says of a key, over HTTP.
struct ProbeEndpoints {
    private static let bodyBytes = 1 << 16

    let database: Database
    let book: KeyBook
    let prober: KeyProber
    let uses: PermissionUses.Read

    var operations: [Operation] {
        [
            Operation(
                .post, "/v1/keys/{key_id}/verify", id: "verifyKey", requires: .scoped(.keysVerify),
                errors: [.notFound, .conflict, .keyTampered], bodyLimit: Self.bodyBytes,
                repeats: .nothing, handle: verify),
            Operation(
                .get, "/v1/keys/{key_id}/permissions", id: "getKeyPermissions",
                requires: .scoped(.keysRead), errors: [.notFound], bodyLimit: 0, handle: permissions),
        ]
    }

    private nonisolated(nonsending) func verify(
        _ request: Request, _ context: Context
    ) async throws -> Response {
        try request.parameters().finish()
        let id = try request.keyID()
        let wish = try await wish(request)
        let (use, seen) = try await book.look(.verify, id, version: wish.version, by: prober, context) {
            _, _ in
            ["accept_risks": wish.acceptedRisks.map { .string($0) } ?? .null]
        }
        let learnt = try await book.learn(seen.outcome, from: use, accepting: wish.acceptedRisks, context)
        return try await answer(learnt.key, learnt.record, context)
    }

    /// An optional body may be missing altogether.
    private nonisolated(nonsending) func wish(
        _ request: Request
    ) async throws -> (acceptedRisks: String?, version: Int?) {
        if request.body.isEmpty { return (nil, nil) }
        var fields = try await request.fields(limit: Self.bodyBytes)
        let risks = fields.has("accept_risks") ? fields.text("accept_risks") : nil
        let version = fields.int(optional: "version", 1...Int(Int32.max))
        try fields.finish()
        return (risks, version)
    }

    private nonisolated(nonsending) func permissions(
        _ request: Request, _ context: Context
    ) async throws -> Response {
        try request.parameters().finish()
        guard let row = try await KeyStore.find(try request.keyID(), in: database) else {
            throw Problem.notFound("key")
        }
        let record = try await ProbeRecord.find(row.id, in: database)
        return try await answer(try ExchangeKey(row), record, context)
    }

    private nonisolated(nonsending) func answer(
        _ key: ExchangeKey, _ record: ProbeRecord?, _ context: Context
    ) async throws -> Response {
        let uses = context.may(.usageRead) ? try await uses(key.id, context.now) : nil
        return Response.object { w in
            w.field("key_id", key.id.description)
            w.field("status", key.status.rawValue)
            w.field("outcome", record?.outcome)
            w.field("detail", record?.detail)
            w.object("permissions") { w in
                w.field("declared", key.permissions.map(\.rawValue))
                w.field("at_the_exchange", record?.permissions)
                w.field("drift", record?.drift ?? [])
            }
            w.field("risks", risks(record))
            w.field("risks_accepted", key.risksAccepted)
            w.field("ip_bound", record?.isAddressBound)
            w.field("ips", record?.addresses ?? [])
            w.field("expires_at", key.expiresAt?.description)
            w.field("days_left", key.expiryCountdown?.daysLeft(at: context.now))
            w.field("uid", record?.uid)
            w.field("version", record?.version)
            w.field("probed_at", record?.probedAt.description)
            w.key("uses")
            if let uses { uses.write(to: &w, of: key) } else { w.null() }
        }
    }

    private func risks(_ record: ProbeRecord?) -> [String] {
        guard let record, let permissions = record.permissions else { return [] }
        let granted = Set(permissions.compactMap { KeyPermission(rawValue: $0) })
        return KeyRisk.all(of: granted, isAddressBound: record.isAddressBound).map(\.rawValue)
    }
}
