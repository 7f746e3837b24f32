import Access
import Events
import JSON
import Kernel
import Postgres

/// One chunk in its transaction: finds the keys, claims the client's ids, and writes what is new.
struct ReportWrite {
    let ledger: Ledger
    let principal: PrincipalID

    /// A line whose key is known.
    private struct Row {
        let line: Int
        let report: UsageReport
        let key: KeyFacts
        let usage: UsageID
        let digest: [UInt8]
    }

    nonisolated(nonsending) func run(
        _ chunk: ReportChunk, in change: Change
    ) async throws -> ReportVerdicts {
        var verdicts = ReportVerdicts()
        let rows = try await rows(of: chunk, &verdicts, change)
        let fresh = try await ReportStore.claim(
            rows.map(\.report.clientID), rows.map(\.usage), rows.map(\.digest), for: principal,
            in: change.transaction)
        verdicts.inserted = fresh.count
        if fresh.count < rows.count {
            let others = rows.filter { !fresh.contains($0.usage) }
            try await compare(others, &verdicts, in: change.transaction)
        }
        try await insert(fresh.count < rows.count ? rows.filter { fresh.contains($0.usage) } : rows, change)
        return verdicts
    }

    private nonisolated(nonsending) func rows(
        of chunk: ReportChunk, _ verdicts: inout ReportVerdicts, _ change: Change
    ) async throws -> [Row] {
        let references = Array(Set(chunk.reports.map(\.key)))
        let keys = try await ReportStore.keys(
            references, seenBy: change.context.rights, in: change.transaction)
        var rows: [Row] = []
        rows.reserveCapacity(chunk.count)
        for (line, report) in zip(chunk.lines, chunk.reports) {
            guard let key = keys[report.key] else {
                verdicts.refusals.append(
                    .init(line: line, code: "unknown_key", message: "there is no such key"))
                continue
            }
            rows.append(
                Row(
                    line: line, report: report, key: key, usage: ledger.newID(),
                    digest: report.digest(of: key.id)))
        }
        return rows
    }

    /// Ids that are taken: the same again is no mistake.
    private nonisolated(nonsending) func compare(
        _ rows: [Row], _ verdicts: inout ReportVerdicts, in transaction: Transaction
    ) async throws {
        let digests = try await ReportStore.digests(
            of: rows.map(\.report.clientID), for: principal, in: transaction)
        for row in rows {
            if digests[row.report.clientID] == row.digest {
                verdicts.unchanged += 1
            } else {
                verdicts.refusals.append(
                    .init(
                        line: row.line, code: "other_content",
                        message: "another use was reported under this client_id"))
            }
        }
    }

    private nonisolated(nonsending) func insert(_ rows: [Row], _ change: Change) async throws {
        guard !rows.isEmpty else { return }
        let data = rows.map { $0.report.data($0.usage, of: $0.key) }
        let written = ReportStore.insert(
            zip(rows, data).map { row, data in
                ReportStore.New(usage: row.usage, key: row.key.id, report: row.report, data: data)
            }, from: change.context.actor, now: change.context.now, in: change.transaction)
        let configuration = try await Authority.configuration(in: change.transaction)
        let events =
            ledger.isReactedTo(.keyUsed, at: configuration)
            ? try zip(rows, data).map { row, data in try event(row, data, change.context.actor) } : []
        for effect in try await ledger.react(to: events, in: change.transaction) {
            change.afterCommit(effect)
        }
        try await written.rows()
        change.audit(
            "usage.report", nil as UsageID?, detail: ["uses": .number(JSONNumber(rows.count))])
    }

    private func event(_ row: Row, _ data: [UInt8], _ reporter: Actor) throws -> Event {
        Event(
            id: EventID(row.usage.uuid), at: row.report.at, type: .keyUsed, subject: row.key.id.description,
            actor: Actor(
                principal: reporter.principal, accessToken: reporter.accessToken,
                address: row.report.address),
            data: try JSONValue.parse(data).asObject ?? JSONObject())
    }
}
