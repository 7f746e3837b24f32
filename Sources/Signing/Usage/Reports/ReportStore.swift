import Access
import Exchanges
import Kernel
import Keys
import Postgres

/// Reports as rows.
enum ReportStore {
    /// Keys by the place of their reference, those that somebody may report uses of. A label is that of the
    /// key that bears it now.
    private static let keys = Statement(
        "usage_report_keys",
        """
        select r.place, k.id, k.label, k.exchange, k.environment, k.account, k.tags, k.status
        from unnest($1::int4[], $2::uuid[]) as r (place, id) join exchange_key k on k.id = r.id
        where in_sight($7, k.id, k.exchange, k.environment, k.account, k.tags, k.owner)
        union all
        select r.place, k.id, k.label, k.exchange, k.environment, k.account, k.tags, k.status
        from unnest($3::int4[], $4::text[], $5::text[], $6::text[]) as r (place, exchange, account, label)
        join exchange_key k on k.exchange = r.exchange and k.account = normalize(r.account)
            and k.label = normalize(r.label) and k.status <> 'revoked'
        where in_sight($7, k.id, k.exchange, k.environment, k.account, k.tags, k.owner)
        """)

    nonisolated(nonsending) static func keys(
        _ references: [UsageReport.KeyReference], seenBy rights: Rights, in transaction: Transaction
    ) async throws -> [UsageReport.KeyReference: KeyFacts] {
        var byID: (places: [Int32], ids: [ExchangeKeyID]) = ([], [])
        var byLabel: (places: [Int32], exchanges: [String], accounts: [String], labels: [String])
        byLabel = ([], [], [], [])
        for (place, reference) in references.enumerated() {
            switch reference {
            case .id(let id):
                byID.places.append(Int32(place))
                byID.ids.append(id)
            case .label(let exchange, let account, let label):
                byLabel.places.append(Int32(place))
                byLabel.exchanges.append(exchange.rawValue)
                byLabel.accounts.append(account)
                byLabel.labels.append(label)
            }
        }
        let rows = try await transaction.query(
            keys, .int32Array(byID.places), .idArray(byID.ids), .int32Array(byLabel.places),
            .textArray(byLabel.exchanges), .textArray(byLabel.accounts), .textArray(byLabel.labels),
            rights.sight(.usageWrite).parameter)
        return rows.reduce(into: [:]) { found, row in
            found[references[row.int(0)]] = KeyFacts(reported: row)
        }
    }

    /// Whoever reports first under an id has it; answers the uses whose ids were free.
    private static let claim = Statement(
        "usage_report_claim",
        """
        insert into usage_report (principal, client_id, usage, digest)
        select $1, r.* from unnest($2::text[], $3::uuid[], $4::bytea[]) as r (client_id, usage, digest)
        on conflict on constraint usage_report_key do nothing returning usage
        """)

    nonisolated(nonsending) static func claim(
        _ clientIDs: [String], _ usages: [UsageID], _ digests: [[UInt8]], for principal: PrincipalID,
        in transaction: Transaction
    ) async throws -> Set<UsageID> {
        let rows = try await transaction.query(
            claim, .text(principal.description), .textArray(clientIDs), .idArray(usages),
            .byteaArray(digests))
        return Set(rows.map { $0.id(0) })
    }

    private static let claimed = Statement(
        "usage_report_claimed",
        "select client_id, digest from usage_report where principal = $1 and client_id = any ($2::text[])")

    /// What was said under ids that are taken.
    nonisolated(nonsending) static func digests(
        of clientIDs: [String], for principal: PrincipalID, in transaction: Transaction
    ) async throws -> [String: [UInt8]] {
        let rows = try await transaction.query(
            claimed, .text(principal.description), .textArray(clientIDs))
        return rows.reduce(into: [:]) { $0[$1.text(0)] = $1.bytes(1) }
    }

    private static let insert = Statement(
        "usage_report_insert",
        """
        insert into usage_event (era, id, at, type, subject, actor, access_token, address, data, action,
            verdict, operation, symbol, outcome, http_status, code, microseconds, answered_at, client_id)
        select installation.era, u.id, u.at, 'key.used', u.subject, $1, $2, u.address,
            u.data::jsonb, 'usage.report', 'allowed', u.operation, u.symbol, u.outcome, nullif(u.status, 0),
            u.code, nullif(u.microseconds, -1), $3, u.client_id
        from installation, unnest($4::uuid[], $5::timestamptz[], $6::text[], $7::text[], $8::text[],
            $9::text[], $10::text[], $11::text[], $12::int2[], $13::text[], $14::bigint[], $15::text[])
            as u (id, at, subject, address, data, operation, symbol, outcome, status, code, microseconds,
                client_id)
        """)

    /// A report that is new, and what the event of it says.
    struct New {
        let usage: UsageID
        let key: ExchangeKeyID
        let report: UsageReport
        let data: [UInt8]
    }

    static func insert(
        _ rows: [New], from actor: Actor, now: Timestamp, in transaction: Transaction
    ) -> Query {
        let reports = rows.map(\.report)
        let who: [Parameter] = [
            .text(actor.principal?.description), .text(actor.accessToken?.description), .timestamp(now),
        ]
        let facts: [Parameter] = [
            .idArray(rows.map(\.usage)), .timestampArray(reports.map(\.at)),
            .textArray(rows.map(\.key.description)),
            .optionalTextArray(reports.map { $0.address?.description }),
            .textArray(rows.map { String(decoding: $0.data, as: UTF8.self) }),
        ]
        let columns: [Parameter] = [
            .textArray(reports.map(\.operation.rawValue)), .optionalTextArray(reports.map(\.order.symbol)),
            .textArray(reports.map(\.outcome.rawValue)), .int16Array(reports.map { Int16($0.status ?? 0) }),
            .optionalTextArray(reports.map(\.code)), .int64Array(reports.map { $0.microseconds ?? -1 }),
            .textArray(reports.map(\.clientID)),
        ]
        return transaction.send(insert, who + facts + columns)
    }
}

extension KeyFacts {
    /// What is not read is not told of a report.
    fileprivate init?(reported row: Row) {
        guard let exchange = ExchangeName(rawValue: row.text(3)),
            let environment = Environment(rawValue: row.text(4)),
            let status = KeyStatus(rawValue: row.text(7))
        else { return nil }
        self.init(
            id: row.id(1), label: row.text(2), exchange: exchange, environment: environment,
            account: row.text(5), tags: row.textArray(6), permissions: [], status: status)
    }
}
