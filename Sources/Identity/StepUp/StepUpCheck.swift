import Access
package import HTTPServer
import JSON
package import Kernel
package import Postgres

/// Whether a person was there a moment ago. Decided here for every operation, before anything is done.
/// Whoever has a second factor shows that one; whoever has a password only, the password; whoever has neither
/// passes where the demand lets them, and by `FirstProof` alone: any other access token may be stolen.
package struct StepUpCheck {
    private let database: Database

    package init(database: Database) { self.database = database }

    private static let header: HeaderName = "keybell-step-up"
    private static let shown = Statement(
        "step_up_session", "select factor_at, password_at from session where id = $1 and ended_at is null")

    package nonisolated(nonsending) func check(
        _ demand: StepUp, of action: StepUpAction, by caller: Caller,
        _ headers: HeaderFields, at now: Timestamp
    ) async throws {
        guard let user = caller.actor.user else { throw Problem.humanRequired }
        if !caller.hasFactor {
            let isOverdue = caller.mfaDueAt.map { $0 <= now } ?? true
            if isOverdue, demand.exemption != .always { throw Problem.mfaRequired }
            guard try await PasswordStore.find(of: user, in: database) != nil else {
                if demand.exemption == .never { throw Problem.nothingToProve }
                return try await FirstProof.check(caller.actor, at: now, in: database)
            }
        }
        let way: StepUpWay = caller.hasFactor ? .factor : .password
        if let session = caller.actor.session {
            guard try await isFresh(session, way, demand, at: now) else {
                throw Problem.stepUpRequired(demand, way, for: nil)
            }
        } else if let token = caller.actor.accessToken {
            guard let secret = Self.proof(in: headers),
                try await StepUpProof.spend(
                    secret, of: token, action, by: way, within: demand.within, at: now, in: database)
            else { throw Problem.stepUpRequired(demand, way, for: action) }
        } else {
            throw Problem.humanRequired
        }
    }

    private nonisolated(nonsending) func isFresh(
        _ session: SessionID, _ way: StepUpWay, _ demand: StepUp, at now: Timestamp
    ) async throws -> Bool {
        guard let row = try await database.query(Self.shown, .id(session)).first else { return false }
        let factor = row.optionalTimestamp(0)
        let shown = way == .factor ? factor : [factor, row.optionalTimestamp(1)].compactMap { $0 }.max()
        return shown.map { now - $0 < demand.within } ?? false
    }

    private static func proof(in headers: HeaderFields) -> AccessTokenSecret? {
        guard headers.all(header).count == 1, let text = headers.valueBytes(header) else { return nil }
        return AccessTokenSecret(.proof, parsing: text)
    }
}

/// By what somebody proves that they are there.
enum StepUpWay: String, Sendable { case factor, password }

extension Problem {
    /// Of whoever has neither a second factor nor a password.
    static var nothingToProve: Problem {
        Problem(
            .mfaRequired,
            "You have nothing yet to prove that it is you. Add a second factor at /v1/me/factors, or set a "
                + "password by PUT /v1/password, show it at POST /v1/step-up, then do this again.")
    }

    /// RFC 9470, 3, and how to go on.
    /// - Parameter action: what a proof is to be bound to; nil: the session is to be fresh.
    static func stepUpRequired(_ demand: StepUp, _ way: StepUpWay, for action: StepUpAction?) -> Problem {
        let seconds = demand.within.microseconds / 1_000_000
        let how: JSONValue = [
            "level": .string(way.rawValue), "within_seconds": .number(JSONNumber(seconds)),
            "answer_at": "/v1/step-up", "action": action?.json ?? .null,
            "proof_header": action == nil ? nil : "Keybell-Step-Up",
        ]
        let challenge =
            "Bearer realm=\"keybell\", error=\"insufficient_user_authentication\", max_age=\(seconds)"
        let what = way == .factor ? "a second factor" : "your password"
        return Problem(
            .stepUpRequired, "Show \(what) at POST /v1/step-up, then do this again.",
            members: [("step_up", how)], headers: [(.wwwAuthenticate, challenge)])
    }
}
