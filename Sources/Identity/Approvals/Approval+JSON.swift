import Access
import Crypto
import JSON
import Kernel

/// An approval as an answer shows it.
struct ApprovalView {
    let approval: Approval
    let votes: [Approval.Vote]
    let now: Timestamp
    /// What would run; read one by one only.
    var request: JSONValue?
    /// What came of it, for whoever asked.
    var result: JSONValue?

    init(_ approval: Approval, _ votes: [Approval.Vote], at now: Timestamp) {
        (self.approval, self.votes, self.now) = (approval, votes, now)
    }
}

extension ApprovalView: JSONWritable {
    func write(to w: inout JSONWriter) {
        w.object { w in
            writeAsked(to: &w)
            w.array("needs", approval.needs) { w, need in write(need, to: &w) }
            w.array("votes", votes) { w, vote in write(vote, to: &w) }
            writeTimes(to: &w)
            w.field("ended_by", approval.endedBy)
            w.field("end_reason", approval.endReason)
            w.field("status", approval.status)
            w.field("request", request)
            w.field("result", result)
        }
    }

    private func writeAsked(to w: inout JSONWriter) {
        w.field("id", approval.id.description)
        w.field("action", approval.action.rawValue)
        w.field("state", approval.state(at: now).rawValue)
        w.field("requester_id", approval.requester.description)
        w.field("reason", approval.reason)
        w.field("method", approval.method)
        w.field("path", approval.path)
        w.field("key_id", approval.subject.key?.description)
        w.field("digest", Hex.encode(approval.digest))
        w.field("answer", approval.isFetched ? "fetched" : "kept")
    }

    private func writeTimes(to w: inout JSONWriter) {
        w.field("requested_at", approval.requestedAt.description)
        w.field("expires_at", approval.expiresAt.description)
        w.field("approved_at", approval.approvedAt?.description)
        w.field("due_at", approval.dueAt?.description)
        w.field("lapses_at", approval.lapsesAt?.description)
        w.field("finished_at", approval.finishedAt?.description)
    }

    private func write(_ need: Approval.Need, to w: inout JSONWriter) {
        w.object { w in
            w.field("rule_id", need.rule.description)
            w.field("rule", need.name)
            w.field("role", need.role)
            w.field("approvals", need.approvals)
            w.field("given", approval.approvals(for: need, among: votes))
            w.field("reason", need.reason)
        }
    }

    private func write(_ vote: Approval.Vote, to w: inout JSONWriter) {
        w.object { w in
            w.field("approver_id", vote.approver.description)
            w.field("verdict", vote.verdict.rawValue)
            w.field("reason", vote.reason)
            w.field("solo", vote.isSolo)
            w.field("at", vote.at.description)
        }
    }
}
