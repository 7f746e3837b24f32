import Crypto
import JSON
import Kernel
import Postgres
import Sealing
import Signing

/// Whether this node can do its work, check by check.
struct Readiness {
    struct Check {
        let name: String
        let isOK: Bool
        let detail: String?
    }

    /// Events later than this are no longer "at once". A warning and no more: what holds them back is a
    /// transaction anywhere on the server, so every node would be taken out of service at once, and each of
    /// them works.
    private static let horizonLagSeconds = 5.0
    /// Whoever asks has something else to do when there is no answer. A database that says nothing for that
    /// long does nobody's work.
    private static let patience: Period = .seconds(2)
    private static let ping = Statement(
        "readiness",
        """
        select max(number)::bigint, (select restored_at from authority), (select solo from approval_setting),
            current_setting('synchronous_standby_names')
        from schema_migration
        """)

    let checks: [Check]
    let warnings: [String]

    var isReady: Bool { checks.allSatisfy(\.isOK) }

    nonisolated(nonsending) static func of(_ shared: NodeShared, _ database: Database) async -> Readiness {
        var migration: Int64?
        var restoredAt: Timestamp?
        var isSolo = false
        var standbys: String?
        do {
            let row = try await database.vital.send(ping)
                .rows(within: patience, on: database.connector.reactor).first
            (migration, restoredAt) = (row?.int64(0), row?.optionalTimestamp(1))
            isSolo = row?.optionalBool(2) ?? false
            standbys = row?.optionalText(3)
        } catch {
            shared.log.debug("not ready", ["error": .text("\(error)")])
        }
        let wanted = Release.schema
        let trouble =
            migration == nil
            ? "does not answer" : shared.databaseUse.refusedWrite.map { "takes no writes: \($0.sentence)" }
        let checks = [
            Check(name: "database", isOK: trouble == nil, detail: trouble),
            Check(
                name: "migrations", isOK: migration.map { Int($0) == wanted } ?? false,
                detail: migration.map { "\($0) of \(wanted)" }),
            Check(name: "seal", isOK: shared.seal.isOpen, detail: shared.sealText),
            Check(name: "draining", isOK: !shared.state.isDraining, detail: nil),
        ]
        let restore = restoredAt.map { _ in
            "the database was restored from a backup: nothing is used until an owner confirms that"
        }
        let solo = isSolo ? ["solo mode is on: one person may approve their own requests"] : []
        let loss = standbys.flatMap { FailOver.warning(shared.database, standbys: $0) }
        return Readiness(
            checks: checks, warnings: [restore, loss].compactMap(\.self) + solo + warnings(shared))
    }

    /// What an operator should mend while the node goes on. Anybody may read them: no names, no addresses.
    private static func warnings(_ shared: NodeShared) -> [String] {
        var warnings: [String] = []
        if let away = shared.away.sentence { warnings.append(away) }
        let lag = shared.state.horizonLagSeconds
        if lag >= horizonLagSeconds {
            warnings.append(
                "readers of events are \(Int(lag)) s behind: a transaction that writes is open on the "
                    + "database server. The log names its process and database (blocking_pid, "
                    + "blocking_database): end it")
        }
        if shared.custodian.isStale {
            warnings.append("the root key was rotated elsewhere, and this node does not have the new one")
        }
        if !shared.state.isAuditExported { warnings.append("no audit checkpoint has been exported") }
        return warnings
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
