import Access
import Crypto
import JSON
import Kernel
import Postgres

/// How far the rotation of the key-encryption key is.
struct RekeyingReport {
    let generation: Int
    let rekeying: Rekeying?
    let remaining: [(name: String, count: Int64)]
    let lagging: [NodeID]

    /// Counting takes a while: not on the connection that reads share.
    nonisolated(nonsending) static func of(
        _ custodian: Custodian, at now: Timestamp, in database: Transaction
    ) async throws -> RekeyingReport {
        let rekeying = try await Rekeying.newest(in: database)
        let generation = rekeying?.generation ?? custodian.generation
        return RekeyingReport(
            generation: generation, rekeying: rekeying,
            remaining: try await Rekeying.remaining(below: generation, in: database),
            lagging: try await Rekeying.lagging(behind: generation, at: now, in: database))
    }
}

extension RekeyingReport: JSONWritable {
    func write(to w: inout JSONWriter) {
        w.object { w in
            w.field("generation", generation)
            w.field("in_progress", rekeying?.isOpen ?? false)
            w.field("started_at", rekeying?.startedAt.description)
            w.field("started_by", rekeying?.startedBy)
            w.field("total", rekeying?.total)
            w.field("rewrapped", rekeying?.rewrapped)
            w.object("remaining") { w in for (name, count) in remaining { w.field(name, count) } }
            w.array("waiting_for_nodes", lagging) { w, node in w.value(node.description) }
            w.field("blocked", rekeying?.blocked ?? [])
            w.field("finished_at", rekeying?.finishedAt?.description)
        }
    }
}
