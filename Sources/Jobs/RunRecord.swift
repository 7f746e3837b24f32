package import Access
package import JSON
package import Kernel

/// One run of a job as it is kept.
package struct RunRecord: Sendable {
    package enum Trigger: String, Sendable, CaseIterable {
        case schedule
        case byHand = "by_hand"
    }

    package enum Outcome: String, Sendable, CaseIterable {
        case running, succeeded, failed
        case timedOut = "timed_out"
        /// The node that ran it died, and its lease lapsed.
        case abandoned
    }

    package let id: RunID
    package let job: String
    package let trigger: Trigger
    package let requestedBy: String?
    /// Nil until a node has taken it.
    package let node: NodeID?
    package let startedAt: Timestamp
    package let finishedAt: Timestamp?
    package let outcome: Outcome
    package let error: String?
    /// JSON of what it did.
    package let result: [UInt8]

    package var milliseconds: Int64? {
        finishedAt.map { max(0, ($0 - startedAt).microseconds / 1_000) }
    }
}

extension RunRecord: JSONWritable {
    package func write(to w: inout JSONWriter) {
        w.object { w in
            w.field("id", id.description)
            w.field("job", job)
            w.field("trigger", trigger.rawValue)
            w.field("requested_by", requestedBy)
            w.field("node", node?.description)
            w.field("started_at", startedAt.description)
            w.field("finished_at", finishedAt?.description)
            w.field("milliseconds", milliseconds)
            w.field("outcome", outcome.rawValue)
            w.field("error", error)
            w.raw("result", result)
        }
    }
}
