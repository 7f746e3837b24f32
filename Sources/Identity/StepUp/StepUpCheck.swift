import Access
package import HTTPServer
import JSON
package import Kernel
package import Postgres

/// Whether a person was there a moment ago. Decided here for every operation, before its handler begins.
package struct StepUpCheck {
    private let database: Database

    package init(database: Database) { self.database = database }

    private static let header: HeaderName = "keybell-step-up"
    private static let freshSession = Statement(
        "step_up_session", "select factor_at from session where id = $1 and ended_at is null")

    package nonisolated(nonsending) func check(
        _ demand: StepUp, of action: StepUpAction, by caller: Caller,
        _ headers: HeaderFields, at now: Timestamp
    ) async throws {
        guard caller.actor.principal?.kind == .user else { throw Problem.humanRequired }
        guard caller.hasFactor else {
            // In their grace, or they would not have come here.
            if demand.isWaivedBeforeFirst || caller.mfaDueAt.map({ now < $0 }) == true { return }
            throw Problem.mfaRequired
        }
        if let session = caller.actor.session {
            guard try await isFresh(session, demand, at: now) else {
                throw Problem.stepUpRequired(demand, for: nil)
            }
        } else if let token = caller.actor.accessToken {
            guard let secret = Self.proof(in: headers),
                try await StepUpProof.spend(
                    secret, of: token, action, within: demand.within, at: now, in: database)
            else { throw Problem.stepUpRequired(demand, for: action) }
        } else {
            throw Problem.humanRequired
        }
    }

    private nonisolated(nonsending) func isFresh(
        _ session: SessionID, _ demand: StepUp, at now: Timestamp
    ) async throws -> Bool {
        let row = try await database.query(Self.freshSession, .id(session)).first
        guard let shown = row?.optionalTimestamp(0) else { return false }
        return now - shown < demand.within
    }

    private static func proof(in headers: HeaderFields) -> AccessTokenSecret? {
        guard headers.all(header).count == 1, let text = headers.valueBytes(header) else { return nil }
        return AccessTokenSecret(.proof, parsing: text)
    }
}

extension Problem {
    package static var mfaRequired: Problem {
        Problem(
            .mfaRequired,
            "Everybody who may do more than read needs a second factor: add one at /v1/me/factors.")
    }

    /// RFC 9470, 3, and how to go on.
    /// - Parameter action: what a proof is to be bound to; nil: the session is to be fresh.
    static func stepUpRequired(_ demand: StepUp, for action: StepUpAction?) -> Problem {
        let seconds = demand.within.microseconds / 1_000_000
        let how: JSONValue = [
            "level": .string(demand.level.rawValue), "within_seconds": .number(JSONNumber(seconds)),
            "answer_at": "/v1/step-up", "action": action?.json ?? .null,
            "proof_header": action == nil ? nil : "Keybell-Step-Up",
        ]
        let challenge =
            "Bearer realm=\"keybell\", error=\"insufficient_user_authentication\", max_age=\(seconds)"
        return Problem(
            .stepUpRequired, "Show a second factor at POST /v1/step-up, then do this again.",
            members: [("step_up", how)], headers: [(.wwwAuthenticate, challenge)])
    }
}
