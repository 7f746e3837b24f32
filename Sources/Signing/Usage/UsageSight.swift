import Access
import Keys
import Postgres

/// What somebody sees of these uses.
struct UsageSight {
    private let rights: Rights
    private let targets: Targets

    nonisolated(nonsending) init(
        _ rights: Rights, of uses: some Sequence<UsageRow>, in source: any Queryable
    ) async throws(PostgresError) {
        self.rights = rights
        targets = try await KeyTargets.source.targets(
            of: uses.map(\.key), for: [rights], [.usageRead, .policiesRead], in: source)
    }

    func sees(_ use: UsageRow) -> Bool { rights.may([.usageRead], to: use.key, targets) }

    func seesPolicies(of use: UsageRow) -> Bool { rights.may([.policiesRead], to: use.key, targets) }
}
