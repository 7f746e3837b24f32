package import Kernel
package import Postgres

/// What principals may do now, for rooms that act with an owner's eyes; Identity's tables know.
package struct RightsReader {
    /// Who is missing from the answer may not act at all.
    package typealias Read =
        nonisolated(nonsending) ([PrincipalID], Timestamp, any Queryable) async throws -> [PrincipalID:
        Rights]

    package let now: () -> Timestamp
    private let read: Read

    package init(now: @escaping () -> Timestamp, read: @escaping Read) { (self.now, self.read) = (now, read) }

    package nonisolated(nonsending) func rights(
        of principals: some Sequence<PrincipalID>, in source: any Queryable
    ) async throws -> [PrincipalID: Rights] {
        try await read(Array(principals), now(), source)
    }
}

extension [PrincipalID: Rights] {
    /// Whether all of it still is what it was when it was made.
    package func hold(at now: Timestamp) -> Bool {
        values.allSatisfy { rights in rights.lapsesAt.map { $0 > now } ?? true }
    }
}
