import Access
import HTTPServer
import JSON
import Kernel
import Postgres

/// The installation as a whole: nodes, database, lag.
struct SystemEndpoints {
    private static let installation = Statement(
        "system_installation",
        """
        select current_setting('server_version'), installation.era,
            (select max(number) from schema_migration)::bigint, authority.epoch,
            (select count(*) from (select 1 from delivery where state = 'pending' limit 100000) pending),
            (select max(generation) from key_encryption_key)::bigint, rekeying.total, rekeying.rewrapped,
            (select solo from approval_setting)
        from installation, authority left join rekeying on rekeying.finished_at is null
        """)
    private static let nodes = Statement(
        "system_nodes",
        """
        select id, version, loops, started_at, last_seen_at, egress, schema::bigint, build from node
        where last_seen_at > $1
        order by started_at, id
        """)

    let shared: NodeShared
    let database: Database

    var operations: [Operation] {
        [
            Endpoint(.get, "/v1/system", id: "getSystem", requires: .permission(.systemRead)) {
                request, context in
                try request.parameters().finish()
                return try await answer(context)
            }
        ]
    }

    private nonisolated(nonsending) func answer(_ context: Context) async throws -> Response {
        let installation = database.send(Self.installation)
        let nodes = try await database.query(Self.nodes, .timestamp(context.now - .minutes(1)))
        guard let row = try await installation.rows().first else { throw PostgresError.unavailable }
        return .object { w in
            w.field("version", Release.version)
            w.field("schema", Release.schema)
            w.field("build", Release.build)
            w.field("time", context.now.description)
            w.array("nodes", nodes) { w, node in write(node, to: &w) }
            w.object("database") { w in
                w.field("version", row.text(0).prefix { $0 != " " })
                w.field("private", shared.settings.database == nil)
                w.field("migration", row.int64(2))
                w.field("era", row.int64(1))
            }
            w.field("event_horizon_lag_seconds", shared.state.horizonLagSeconds)
            w.field("authority_epoch", row.int64(3))
            w.field("pending_deliveries", row.int64(4))
            w.field("seal", shared.sealText)
            w.field("solo_mode", row.optionalBool(8) ?? false)
            w.object("key_encryption_key") { w in
                w.field("generation", row.optionalInt64(5))
                w.field("rotating", !row.isNull(6))
                w.field("total", row.optionalInt64(6))
                w.field("rewrapped", row.optionalInt64(7))
            }
        }
    }

    private func write(_ node: Row, to w: inout JSONWriter) {
        let id = node.id(0, as: NodeKind.self)
        w.object { w in
            w.field("id", id.description)
            w.field("version", node.text(1))
            w.field("schema", node.optionalInt64(6))
            w.field("build", node.optionalText(7))
            w.field("loops", node.int64(2))
            w.field("started_at", node.timestamp(3).description)
            w.field("last_seen_at", node.timestamp(4).description)
            w.array("egress_addresses", node.textArray(5).compactMap { EgressAddress($0) }) { w, address in
                w.object { w in
                    w.field("name", address.name)
                    w.field("address", address.source.description)
                    w.field("seen_as", address.seenAs.description)
                }
            }
            w.field("this", id == shared.id)
        }
    }
}
