import Access
import HTTPServer
import JSON
import Kernel
import Postgres

/// Who may go on while they have nothing to prove themselves with, and may set the first such thing, which
/// passes every step-up from then on: whoever comes straight from the provider, or by the access token that
/// joining gave, on the day of joining. Any other access token, or a session that was left open, may be in
/// anybody's hands; then a link that an admin made sets a password.
enum FirstProof {
    /// After a log-in at the provider.
    static let vouchedWithin: Period = .minutes(5)
    /// After joining.
    static let joinedWithin: Period = .hours(24)

    private static let session = Statement(
        "first_proof_session", "select vouched_at from session where id = $1 and ended_at is null")
    private static let token = Statement(
        "first_proof_token",
        "select created_at from access_token where id = $1 and by_joining and scopes is null")

    static nonisolated(nonsending) func check(
        _ actor: Actor, at now: Timestamp, in database: any Queryable
    ) async throws {
        if let token = actor.accessToken {
            let row = try await database.query(Self.token, .id(token)).first
            guard let row, now - row.timestamp(0) < joinedWithin else { throw Problem.noFirstProof }
        } else if let session = actor.session {
            let row = try await database.query(Self.session, .id(session)).first
            guard let at = row?.optionalTimestamp(0), now - at < vouchedWithin else {
                throw Problem.logInAtProvider
            }
        } else {
            throw Problem.noFirstProof
        }
    }
}

extension Problem {
    fileprivate static var noFirstProof: Problem {
        Problem(
            .mfaRequired,
            "You have nothing to prove yourself with, and an access token alone proves nothing, but the "
                + "one that joining gave, for a day. Set a password with that one, log in at the provider, "
                + "or ask an admin for a link that sets a password.")
    }

    fileprivate static var logInAtProvider: Problem {
        Problem(
            .stepUpRequired,
            "Log in at the provider anew (POST /v1/step-up/openid), then do this again within five minutes.",
            members: [
                (
                    "step_up",
                    [
                        "level": "provider", "within_seconds": 300, "answer_at": "/v1/step-up/openid",
                        "action": .null, "proof_header": .null,
                    ]
                )
            ],
            headers: [
                (
                    .wwwAuthenticate,
                    "Bearer realm=\"keybell\", error=\"insufficient_user_authentication\", max_age=300"
                )
            ])
    }
}
