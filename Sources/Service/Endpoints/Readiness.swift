import JSON
import Kernel
import Postgres

/// Whether this node can do its work, check by check.
struct Readiness {
    struct Check {
        let name: String
        let isOK: Bool
        let detail: String?
    }

    /// Events later than this are no longer "at once".
    private static let horizonLagSeconds = 5.0
    private static let ping = Statement("readiness", "select max(number)::bigint from schema_migration")

    let checks: [Check]
    let warnings: [String]

    var isReady: Bool { checks.allSatisfy(\.isOK) }

    nonisolated(nonsending) static func of(_ shared: NodeShared, _ database: Database) async -> Readiness {
        var migration: Int64?
        do {
            migration = try await database.query(ping).first?.int64(0)
        } catch {
            shared.log.debug("not ready", ["error": .text("\(error)")])
        }
        let wanted = Assets.migrations.map(\.number).max() ?? 0
        let lag = shared.state.horizonLagSeconds
        let checks = [
            Check(
                name: "database", isOK: migration != nil, detail: migration == nil ? "cannot be reached" : nil
            ),
            Check(
                name: "migrations", isOK: migration.map { Int($0) == wanted } ?? false,
                detail: migration.map { "\($0) of \(wanted)" }),
            Check(name: "seal", isOK: true, detail: "unsealed"),
            Check(name: "event_horizon", isOK: lag < horizonLagSeconds, detail: "lag \(Int(lag * 1_000)) ms"),
            Check(name: "draining", isOK: !shared.state.isDraining, detail: nil),
        ]
        let warnings = shared.state.isAuditExported ? [] : ["no audit checkpoint has been exported"]
        return Readiness(checks: checks, warnings: warnings)
    }
}

extension Readiness: JSONWritable {
    func write(to w: inout JSONWriter) {
        w.object { w in
            w.field("status", isReady ? "ready" : "not_ready")
            w.array("checks", checks) { w, check in
                w.object { w in
                    w.field("name", check.name)
                    w.field("ok", check.isOK)
                    w.field("detail", check.detail)
                }
            }
            w.array("warnings", warnings) { w, warning in w.value(warning) }
        }
    }
}
