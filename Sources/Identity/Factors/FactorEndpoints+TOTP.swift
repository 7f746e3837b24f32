import Access
import Crypto
import Events
import HTTPServer
import JSON
import Kernel
import Postgres
import QRCode

/// An authenticator app: begun, and confirmed by a code that it shows.
extension FactorEndpoints {
    static let issuer = "Keybell"

    var totpOperations: [Operation] {
        [
            Endpoint(
                .post, "/v1/me/factors/totp", id: "beginTOTP", requires: .self,
                errors: [.conflict, .alreadyDone], repeats: .refusal, stepUp: .forOwnFactors, handle: begin),
            Endpoint(
                .post, "/v1/me/factors/{factor_id}/confirm", id: "confirmTOTP", requires: .self,
                errors: [.notFound, .conflict, .factorRefused, .alreadyDone],
                repeats: .refusal, stepUp: .forOwnFactors, handle: confirm),
        ]
    }

    private nonisolated(nonsending) func begin(_ request: Request, _ context: Context) async throws
        -> Response
    {
        try request.refuseParameters()
        let user = try await owner(context)
        var fields = try await request.fields(limit: 64 * 1_024)
        let name = fields.has("name") ? fields.name() : "Authenticator app"
        try fields.finish()
        let id: FactorID = ledger.newID()
        let seed = ledger.entropy.bytes(TOTP.seedBytes)
        let sealed = try book.seal.opened().keyring.seal(seed, for: FactorBook.field(id))
        let account = try await ledger.change(context) { change in
            let record = try await PrincipalStore.locked(PrincipalID(user), in: change.transaction)
            try await checkRoom(of: user, change)
            try await FactorStore.insert(
                id, of: user, name, seed: sealed, at: context.now, in: change.transaction)
            change.audit("factors.begin", id, detail: ["kind": "totp", "name": .string(name)])
            return record.email ?? record.name
        }
        let secret = Base32.encode(seed)
        let uri = OTPAuthURI(issuer: Self.issuer, account: account, secret: secret)
        return answer(id, name, uri, until: context.now + Factor.unconfirmedLifetime)
    }

    /// The one answer that shows the seed.
    private func answer(
        _ id: FactorID, _ name: String, _ uri: OTPAuthURI, until end: Timestamp
    ) -> Response {
        Response.object(.created) { w in
            w.field("id", id.description)
            w.field("kind", Factor.Kind.totp.rawValue)
            w.field("name", name)
            w.field("secret", uri.secret)
            w.field("uri", uri.text)
            w.field("qr_code", QRCode(Array(uri.text.utf8))?.svg)
            w.field("expires_at", end.description)
            w.field("shown_once", true)
        }
    }

    nonisolated(nonsending) func checkRoom(of user: UserID, _ change: Change) async throws {
        let factors = try await FactorStore.list(of: user, in: change.transaction)
        guard factors.count(where: { $0.confirmedAt != nil }) < Factor.atMost else {
            throw Problem(.conflict, "Nobody has more than \(Factor.atMost) factors: remove one first.")
        }
    }

    private nonisolated(nonsending) func confirm(_ request: Request, _ context: Context) async throws
        -> Response
    {
        try request.refuseParameters()
        let user = try await owner(context)
        let id = try request.id("factor_id", "factor") { FactorID($0) }
        var fields = try await request.fields(limit: 64 * 1_024)
        let text = fields.string("code", 1...64)
        try fields.finish()
        // Whoever took over a session does not guess their way to a fresh factor.
        let attempt = try await logIn.admit(.shown(.code, user, by: context.actor), user, context)
        let outcome = try await ledger.change(context) { change in
            try await confirm(id, of: user, text, attempt, change)
        }
        guard let (factor, codes) = outcome else {
            throw try await logIn.refuse(code: attempt, of: user, context)
        }
        return added(factor, codes)
    }

    /// Nil: it is wrong.
    private nonisolated(nonsending) func confirm(
        _ id: FactorID, of user: UserID, _ text: String, _ attempt: LoginGuard.Attempt, _ change: Change
    ) async throws -> (Factor, [RecoveryCode]?)? {
        let (now, transaction) = (change.context.now, change.transaction)
        _ = try await PrincipalStore.locked(PrincipalID(user), in: transaction)
        var steps = try await OnceStore.steps(of: user, in: transaction)
        let seeds = try await FactorStore.seeds(of: user, in: transaction)
        // Whoever finds a seed that was begun long ago does not make a factor of it.
        guard let seed = seeds.first(where: { $0.id == id }), !seed.hasLapsed(at: now) else {
            throw Problem.notFound("factor")
        }
        guard !seed.isConfirmed else { throw Problem(.conflict, "The factor is confirmed already.") }
        guard let step = try OneTimeCode(text).flatMap({ try book.step(of: $0, seed, at: now) }),
            steps.take(step)
        else { return nil }
        try await OnceStore.write(steps, of: user, in: transaction)
        try await FactorStore.confirm(id, at: now, in: transaction)
        guard let factor = try await FactorStore.find(id, of: user, in: transaction) else {
            throw Problem.notFound("factor")
        }
        try await LoginGuard.succeed(attempt, in: transaction)
        change.noteAdded(factor)
        try await change.freshen(by: Factor.Kind.totp.rawValue)
        return (factor, try await change.firstRecoveryCodes(of: user, ledger.entropy))
    }

    /// The one answer that shows the first recovery codes.
    func added(_ factor: Factor, _ codes: [RecoveryCode]?) -> Response {
        Response.object(.created) { w in
            factor.writeFields(to: &w)
            w.field("recovery_codes", codes.map { $0.map(\.text) })
            w.field("shown_once", codes != nil)
        }
    }
}
