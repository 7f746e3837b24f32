package import Kernel
package import Postgres

/// What those may do whose rules and webhooks act for them: who was touched by a change of authority is read
/// anew, and nobody else. One worker's.
package final class OwnerRights {
    private struct Known {
        /// Nil: they may not act at all.
        let rights: Rights?
        /// At which it is known to hold.
        var epoch: Int64
    }

    private let reader: RightsReader
    private let database: Database
    private let deltas = AuthorityDeltas()
    private var known: [PrincipalID: Known] = [:]

    package init(database: Database, reader: RightsReader) {
        (self.database, self.reader) = (database, reader)
    }

    package var now: Timestamp { reader.now() }

    /// Who is missing from the answer may not act at all.
    /// - Parameter epoch: read in the transaction that relies on the answer.
    package nonisolated(nonsending) func rights(
        of owners: Set<PrincipalID>, at epoch: Int64
    ) async throws -> [PrincipalID: Rights] {
        // Outside the transaction, whose own changes may yet be undone. What is read is at least as new as
        // `epoch`.
        try await deltas.advance(to: epoch, in: database)
        let (moment, now) = (deltas.epoch, reader.now())
        let missing = owners.filter { !holds($0, at: now) }
        if !missing.isEmpty {
            let found = try await reader.rights(of: missing, in: database)
            for owner in missing { known[owner] = Known(rights: found[owner], epoch: moment) }
        }
        return owners.reduce(into: [:]) { $0[$1] = known[$1]?.rights }
    }

    private func holds(_ owner: PrincipalID, at now: Timestamp) -> Bool {
        guard let one = known[owner], one.rights?.lapsesAt.map({ $0 > now }) ?? true else { return false }
        if one.epoch < deltas.epoch {
            let grounds = one.rights?.grounds(of: owner) ?? [.principal(owner)]
            guard deltas.hold(grounds, since: one.epoch) else { return false }
            known[owner]?.epoch = deltas.epoch
        }
        return true
    }
}
