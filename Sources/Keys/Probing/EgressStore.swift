import Kernel
import Postgres

/// What exchanges see of the addresses that requests leave from, on all nodes.
extension EgressAddresses {
    private static let living = Statement(
        "egress_of_nodes", "select egress from node where last_seen_at > $1 and egress <> '{}'")
    /// As long as a node counts as alive.
    private static let alive: Period = .minutes(1)

    /// Empty where the system chooses. This node's own, whether or not it told of itself already.
    nonisolated(nonsending) func addresses(
        of name: String?, at now: Timestamp, in source: any Queryable
    ) async throws -> Set<IPAddress> {
        let rows = try await source.query(Self.living, .timestamp(now - Self.alive))
        let others = rows.map { row in EgressAddresses(row.textArray(0).compactMap { EgressAddress($0) }) }
        return Set(
            (others + [self]).compactMap { node in
                if case .address(let address) = node.choose(name) { address.seenAs } else { nil }
            })
    }
}
