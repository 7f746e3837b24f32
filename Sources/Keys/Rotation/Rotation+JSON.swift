import Access
import HTTPServer
import JSON
import Kernel

extension Rotation {
    /// What it waits for, when that is a person.
    var waitingFor: String? {
        switch state {
        case .staged where version == nil: "credential"
        case .staged where nextAt == nil: "api_key"
        case .failed: "decision"
        case .retiring: "deletion_at_the_exchange"
        default: nil
        }
    }

    /// A `Rotation` of openapi.yaml, as of `now`.
    func write(to w: inout JSONWriter, now: Timestamp) {
        w.object { w in
            w.field("id", id.description)
            w.field("key_id", key.description)
            w.field("state", state.rawValue)
            w.field("waiting_for", waitingFor)
            w.field("cause", cause.rawValue)
            w.field("reason", reason)
            w.field("version", version)
            w.field("previous_version", previousVersion)
            w.field("overlap", overlap.text)
            w.field("overlap_until", overlapUntil?.description)
            w.field("deadline", deadline.description)
            w.field("stuck", isStuck(at: now))
            w.field("attempts", attempts)
            w.field("next_at", nextAt?.description)
            w.field("tested_at", testedAt?.description)
            writeObstacle(to: &w)
            w.field("proof", proof)
            w.field("created_at", createdAt.description)
            w.field("created_by", createdBy)
            w.field("updated_at", updatedAt.description)
            w.field("finished_at", finishedAt?.description)
            w.field("revision", revision)
        }
    }

    private func writeObstacle(to w: inout JSONWriter) {
        guard let obstacle else { return w.null("error") }
        w.object("error") { w in
            w.field("code", obstacle.code)
            w.field("detail", obstacle.sentence)
            w.field("resumable", obstacle.isResumable)
        }
    }

    func response(_ status: HTTPStatus = .ok, now: Timestamp) -> Response {
        Response.json(status) { w in write(to: &w, now: now) }.etag(revision)
    }
}
