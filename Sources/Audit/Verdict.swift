package import JSON
package import Kernel

/// What verification found out.
package struct Verdict: Sendable {
    package struct Problem: Equatable, Sendable {
        package enum Kind: String, Sendable, CaseIterable {
            case tampered, missing, reordered, truncated
            case laneMissing = "lane_missing"
            case badSignature = "bad_signature"
            case badCheckpoint = "bad_checkpoint"
        }

        package let kind: Kind
        package let lane: Int?
        package let sequence: Int64?
        package let message: String

        package init(_ kind: Kind, lane: Int? = nil, sequence: Int64? = nil, _ message: String) {
            (self.kind, self.lane, self.sequence, self.message) = (kind, lane, sequence, message)
        }
    }

    package struct Lane: Equatable, Sendable {
        package let lane: Int
        package internal(set) var first: Int64?
        package internal(set) var last: Int64?
        package internal(set) var entries = 0
        package internal(set) var isIntact = true
    }

    /// More are counted, not kept: a trail with thousands of faults needs no list of them.
    package static let problemLimit = 100

    /// Whether the whole trail was looked at.
    package internal(set) var isComplete = true
    package internal(set) var lanes: [Lane] = []
    package internal(set) var checkpoints = 0
    /// The newest one.
    package internal(set) var checkpoint: Checkpoint?
    /// By lane and sequence, those of checkpoints first; at most `problemLimit`.
    package internal(set) var problems: [Problem] = []
    package internal(set) var problemCount = 0

    package var isIntact: Bool { problemCount == 0 }
    package var entries: Int { lanes.reduce(0) { $0 + $1.entries } }
}

extension Verdict {
    /// As openapi.yaml's AuditVerification.
    package func write(to w: inout JSONWriter, verifiedAt: Timestamp) {
        w.object { w in
            w.field("intact", isIntact)
            w.field("complete", isComplete)
            w.field("verified_at", verifiedAt.description)
            w.field("entries", entries)
            w.field("checkpoints", checkpoints)
            w.field("last_checkpoint_at", checkpoint?.content.signedAt.description)
            w.array("lanes", lanes) { w, lane in
                w.object { w in
                    w.field("lane", lane.lane)
                    w.field("entries", lane.entries)
                    w.field("intact", lane.isIntact)
                }
            }
            w.array("problems", problems) { w, problem in
                w.object { w in
                    w.field("kind", problem.kind.rawValue)
                    w.field("lane", problem.lane)
                    w.field("sequence", problem.sequence)
                    w.field("message", problem.message)
                }
            }
        }
    }
}
