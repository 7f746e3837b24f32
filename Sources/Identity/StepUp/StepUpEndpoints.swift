import Access
import Audit
import Events
import HTTPServer
import JSON
import Kernel

/// A person shows a second factor again, or without one the password: sessions are fresh then, access tokens
/// get a proof for one action.
struct StepUpEndpoints {
    let ledger: Ledger
    let book: FactorBook
    let logIn: LogIn
    let actions: StepUpActions

    var operations: [Operation] {
        [
            Endpoint(
                .post, "/v1/step-up", id: "stepUp", requires: .self,
                errors: [.conflict, .humanRequired, .factorRefused], repeats: .nothing, handle: stepUp)
        ]
    }

    private nonisolated(nonsending) func stepUp(_ request: Request, _ context: Context) async throws
        -> Response
    {
        try request.refuseParameters()
        let user = try context.person()
        var fields = try await request.fields(limit: 256 * 1_024)
        let action = fields.object(optional: "action") { $0.stepUpAction(actions) } ?? nil
        let answer = fields.factorAnswer()
        let password = fields.string(optional: "password", 1...256)
        if answer != nil, password != nil {
            fields.fail(code: FieldCode.tooMany, "must hold one of password, totp, recovery_code and passkey")
        }
        if answer != nil || password != nil, context.actor.session == nil, action == nil {
            fields.fail("action", code: FieldCode.missing, "is required: a proof is for one action")
        }
        try fields.finish()
        if let password { return try await show(password: password, of: user, action, context) }
        guard let answer else { return try await begin(user, context) }
        return try await finish(answer, of: user, action, context)
    }

    // MARK: What may be shown

    private nonisolated(nonsending) func begin(_ user: UserID, _ context: Context) async throws -> Response {
        let offers = try await book.offers(to: user, for: .stepUp, at: context.now, in: ledger.database)
        guard !offers.isEmpty else { return try await beginByPassword(user) }
        return offer(.factor, offers)
    }

    private nonisolated(nonsending) func beginByPassword(_ user: UserID) async throws -> Response {
        guard try await PasswordStore.find(of: user, in: ledger.database) != nil else {
            throw Problem(
                .conflict,
                "There is no second factor of ours to show: add one at /v1/me/factors; a provider's is shown "
                    + "at /v1/step-up/openid.")
        }
        return offer(.password, [SecondFactors.Offer(kind: "password")])
    }

    private func offer(_ way: StepUpWay, _ offers: [SecondFactors.Offer]) -> Response {
        Response.object { w in
            w.field("status", "factor_required")
            w.field("level", way.rawValue)
            w.array("factors", offers) { w, offer in
                w.object { w in
                    w.field("kind", offer.kind)
                    w.field("options", offer.options)
                }
            }
        }.header(.cacheControl, "no-store")
    }

    // MARK: What was shown

    private nonisolated(nonsending) func finish(
        _ answer: FactorAnswer, of user: UserID, _ action: StepUpAction?, _ context: Context
    ) async throws -> Response {
        let budget = LoginBudget.shown(.code, user, by: context.actor)
        let attempt = answer.isGuessable ? try await logIn.admit(budget, user, context) : nil
        let shown = try await ledger.change(context) { change -> (FactorBook.Proof, AccessTokenSecret?)? in
            guard case .proven(let proof) = try await book.check(answer, of: user, for: .stepUp, change)
            else {
                change.audit("step_up.show", user, outcome: .denied, detail: Self.detail(nil, action))
                return nil
            }
            if let attempt { try await LoginGuard.succeed(attempt, in: change.transaction) }
            change.audit("step_up.show", user, detail: Self.detail(proof.kind.rawValue, action))
            try await change.freshen(by: proof.kind.rawValue)
            return (proof, try await prove(action, by: .factor, change))
        }
        if let (proof, secret) = shown {
            return self.shown(proof.kind.rawValue, action, secret, at: context.now)
        }
        guard let attempt else { throw Problem.factorRefused }
        throw try await logIn.refuse(code: attempt, of: user, context)
    }

    /// For access tokens, which cannot be fresh: whoever holds one need not be the person.
    nonisolated(nonsending) func prove(
        _ action: StepUpAction?, by way: StepUpWay, _ change: Change
    ) async throws -> AccessTokenSecret? {
        guard let token = change.context.actor.accessToken, let action else { return nil }
        let secret = AccessTokenSecret(.proof, ledger.entropy)
        try await StepUpProof.insert(
            secret, of: token, action, by: way, at: change.context.now, in: change.transaction)
        return secret
    }

    static func detail(_ factor: String?, _ action: StepUpAction?) -> JSONValue {
        ["factor": JSONValue(factor), "action": action?.json ?? .null]
    }

    func shown(
        _ factor: String, _ action: StepUpAction?, _ proof: AccessTokenSecret?,
        at now: Timestamp
    ) -> Response {
        Response.object { w in
            w.field("status", "shown")
            w.field("factor", factor)
            w.field("fresh_until", (now + StepUpProof.lifetime).description)
            w.field("action", action)
            w.field("proof", proof?.text)
        }.header(.cacheControl, "no-store")
    }
}

extension Fields {
    private static let methods: Set<String> = ["GET", "POST", "PUT", "PATCH", "DELETE"]

    fileprivate mutating func stepUpAction(_ actions: StepUpActions) -> StepUpAction {
        let operation = string("operation", 1...100)
        let method = string("method", 1...10)
        if !method.isEmpty, !Self.methods.contains(method) {
            fail("method", code: FieldCode.notAChoice, "must be a method, as in PUT")
        }
        let action = StepUpAction(operation: operation, method: method, path: string("path", 1...2_000))
        actions.check(action, &self)
        return action
    }
}
