import Access
import Crypto
import JSON
import Kernel
import Postgres

/// Where a node stands, for everybody: people who come to unseal it have no token that counts yet.
struct SealStatus {
    let node: NodeID
    let isSealed: Bool
    let orderedAt: Timestamp?
    let ceremony: UnsealCeremony.Outline
    /// Of the set in force; nil when there is none.
    let quorum: Quorum?

    nonisolated(nonsending) static func of(
        _ custodian: Custodian, at now: Timestamp, in source: any Queryable
    ) async throws -> SealStatus {
        let orderedAt = try await SealOrder.read(source)
        let quorum = try await ShareSets.find(.active, in: source)?.quorum
        return SealStatus(
            node: custodian.node, isSealed: !custodian.seal.isOpen, orderedAt: orderedAt,
            ceremony: custodian.ceremonyOutline(at: now), quorum: quorum)
    }
}

extension SealStatus: JSONWritable {
    func write(to w: inout JSONWriter) {
        w.object { w in writeMembers(to: &w) }
    }

    func writeMembers(to w: inout JSONWriter) {
        w.field("node_id", node.description)
        w.field("sealed", isSealed)
        w.field("ordered_at", orderedAt?.description)
        w.field("threshold", ceremony.needed ?? quorum?.threshold)
        w.field("received", ceremony.indices.count)
        w.field("ceremony_id", ceremony.begun?.id.description)
        w.field("ceremony_ends_at", ceremony.begun?.until.description)
        w.field("share_set", ceremony.set?.description)
        w.array("share_indices", ceremony.indices) { w, index in w.value(index) }
    }
}
