import Access
import Events
import HTTPServer
import JSON
import Kernel

/// The settings of log-in.
struct SignInEndpoints {
    let ledger: Ledger

    private static let grace = Period.minutes(1)...Period.days(90)
    private static let idle = Period.minutes(5)...Period.days(30)
    private static let lifetime = Period.minutes(15)...Period.days(90)

    var operations: [Operation] {
        [
            Endpoint(
                .get, "/v1/settings/sign-in", id: "getSignInSettings", requires: .permission(.usersRead),
                handle: get),
            Endpoint(
                .put, "/v1/settings/sign-in", id: "putSignInSettings", requires: .permission(.ownersWrite),
                errors: [.preconditionFailed, .preconditionRequired], stepUp: .recently, handle: put),
        ]
    }

    private nonisolated(nonsending) func get(_ request: Request, _ context: Context) async throws -> Response
    {
        try request.refuseParameters()
        return try await SignInSettings.read(in: ledger.database).response()
    }

    private nonisolated(nonsending) func put(_ request: Request, _ context: Context) async throws -> Response
    {
        try request.refuseParameters()
        var fields = try await request.fields(limit: 64 * 1_024)
        let grace = fields.period("mfa_grace", Self.grace)
        let idle = fields.period("session_idle", Self.idle)
        let lifetime = fields.period("session_lifetime", Self.lifetime)
        if idle > lifetime {
            fields.fail(
                "session_idle", code: FieldCode.outOfRange, "must not be longer than session_lifetime")
        }
        try fields.finish()
        try request.requireMatch()
        return try await ledger.change(context) { change in
            let before = try await SignInSettings.locked(in: change.transaction)
            try request.match(revision: before.revision, required: true)
            var after = before
            (after.mfaGrace, after.sessionIdle, after.sessionLifetime) = (grace, idle, lifetime)
            (after.updatedAt, after.updatedBy) = (context.now, context.actor.principal?.description)
            let changed = after.differences(from: before)
            if changed.isEmpty { return before }
            try await after.store(in: change.transaction)
            change.noteSignIn(after, changed)
            return try await SignInSettings.read(in: change.transaction)
        }.response()
    }
}

extension Change {
    /// Sessions may lapse earlier than workers know.
    fileprivate func noteSignIn(_ settings: SignInSettings, _ changed: [String]) {
        touch(.signIn)
        let told: [(String, JSONValue)] = [
            ("changed", .array(changed.map { .string($0) })),
            ("mfa_grace", .string(settings.mfaGrace.description)),
            ("session_idle", .string(settings.sessionIdle.description)),
            ("session_lifetime", .string(settings.sessionLifetime.description)),
        ]
        let data = JSONObject(members: told)
        audit("sign_in.change", "sign_in", detail: .object(data))
        emit(NewEvent(.signInChanged, subject: "sign_in", data: data))
    }
}

extension SignInSettings {
    fileprivate func response() -> Response { Response.json { w in w.value(self) }.etag(revision) }
}

extension Fields {
    /// `7d`, `8h`; the range's end where it is missing or wrong.
    fileprivate mutating func period(_ name: String, _ range: ClosedRange<Period>) -> Period {
        let expected = "from \(range.lowerBound) to \(range.upperBound), as 8h"
        return parsed(name, expected: expected, standIn: range.upperBound) { text in
            guard text.first != "0", let period = Period(text), range.contains(period) else { return nil }
            return period
        }
    }
}
