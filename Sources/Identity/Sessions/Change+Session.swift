package import Access
package import Events
import JSON
package import Kernel
import HTTPServer

/// The beginning and the end of sessions, with what is told of it.
extension Change {
    /// Whoever calls has proved who it is. A session that begins takes nobody's authority, so that the epoch
    /// stays.
    package nonisolated(nonsending) func open(
        _ new: NewSession, id: SessionID, _ entropy: Entropy
    ) async throws -> IssuedSession {
        let secret = AccessTokenSecret(.session, entropy)
        note(
            try await SessionStore.endOldest(
                of: new.user, keeping: Session.perUser - 1, at: context.now, by: context.actor,
                reason: "too_many", in: transaction), "too_many")
        try await SessionStore.insert(
            new, id: id, secret, from: context.actor.address, at: context.now, in: transaction)
        let browser = try await KnownDevice.remember(
            of: new.user, insteadOf: new.browser, entropy, at: context.now, in: transaction)
        let settings = try await SignInSettings.read(in: transaction)
        guard let session = try await SessionStore.find(id, in: transaction) else {
            throw Problem.notFound("session")
        }
        audit(
            "sessions.open", id,
            detail: [
                "device": .string(session.device), "via": .string(new.via.text),
                "issuer": JSONValue(new.via.issuer), "factor": JSONValue(new.factor),
            ])
        emit(
            NewEvent(
                .loginSucceeded, subject: UserID(new.user.uuid),
                [
                    "user_id": JSONValue(new.user), "session_id": JSONValue(id),
                    "device": .string(session.device), "via": .string(new.via.text),
                    "factor": JSONValue(new.factor), "address": JSONValue(session.address),
                ]))
        return IssuedSession(
            session: session, secret: secret, lifetime: settings.sessionLifetime, browser: browser)
    }

    /// Ends all of a user's sessions, at once and on every node.
    @discardableResult
    nonisolated(nonsending) func endSessions(
        of user: UserID, but kept: SessionID? = nil, reason: String
    ) async throws -> [SessionStore.Ended] {
        try await PendingLogin.end(of: user, at: context.now, in: transaction)
        let ended = try await SessionStore.endAll(
            of: user, but: kept, at: context.now, by: context.actor, reason: reason, in: transaction)
        note(ended, reason)
        return ended
    }

    nonisolated(nonsending) func endSession(_ id: SessionID, reason: String) async throws {
        note(
            try await SessionStore.end(
                id, at: context.now, by: context.actor, reason: reason, in: transaction), reason)
    }

    private func note(_ ended: [SessionStore.Ended], _ reason: String) {
        for session in ended {
            touch(.principal(PrincipalID(session.user)))
            audit("sessions.end", session.id, detail: ["reason": .string(reason)])
            emit(
                NewEvent(
                    .sessionEnded, subject: session.id,
                    [
                        "session_id": JSONValue(session.id), "user_id": JSONValue(session.user),
                        "device": .string(session.device), "reason": .string(reason),
                    ]))
        }
    }
}
