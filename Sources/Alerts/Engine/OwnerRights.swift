import Access
import Kernel
import Postgres

/// What the owners of rules may do, as one epoch of authority stands for it.
final class OwnerRights {
    private let reader: RightsReader
    private let database: Database
    private var epoch: Int64 = -1
    private var known: [PrincipalID: Rights] = [:]

    init(database: Database, reader: RightsReader) { (self.database, self.reader) = (database, reader) }

    /// - Parameter epoch: read in the transaction that relies on the answer.
    nonisolated(nonsending) func rights(
        of owners: Set<PrincipalID>, at epoch: Int64
    ) async throws -> [PrincipalID: Rights] {
        if epoch != self.epoch || !known.hold(at: reader.now()) { (self.epoch, known) = (epoch, [:]) }
        let missing = owners.filter { known[$0] == nil }
        guard !missing.isEmpty else { return known }
        // Outside the transaction, whose own changes may yet be undone. What is read is at least as new as
        // `epoch`.
        let found = try await reader.rights(of: missing, in: database)
        var answer = known
        for owner in missing { answer[owner] = found[owner] ?? Rights.none }
        if epoch == self.epoch { known = answer }
        return answer
    }
}
