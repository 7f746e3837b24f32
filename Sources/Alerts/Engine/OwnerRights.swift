import Access
import Kernel
import Postgres

/// What the owners of rules may do, as one epoch of authority stands for it.
final class OwnerRights {
    /// What principals may do now; who is missing may not act at all. Identity knows.
    typealias Reader =
        nonisolated(nonsending) ([PrincipalID], any Queryable) async throws -> [PrincipalID: Set<Permission>]

    private let read: Reader
    private let database: Database
    private var epoch: Int64 = -1
    private var known: [PrincipalID: Set<Permission>] = [:]

    init(database: Database, read: @escaping Reader) { (self.database, self.read) = (database, read) }

    /// - Parameter epoch: read in the transaction that relies on the answer.
    nonisolated(nonsending) func rights(
        of owners: Set<PrincipalID>, at epoch: Int64
    ) async throws -> [PrincipalID: Set<Permission>] {
        if epoch != self.epoch { (self.epoch, known) = (epoch, [:]) }
        let missing = owners.filter { known[$0] == nil }
        guard !missing.isEmpty else { return known }
        // Outside the transaction, whose own changes may yet be undone. What is read is at least as new as
        // `epoch`.
        let found = try await read(Array(missing), database)
        var answer = known
        for owner in missing { answer[owner] = found[owner] ?? [] }
        if epoch == self.epoch { known = answer }
        return answer
    }
}
