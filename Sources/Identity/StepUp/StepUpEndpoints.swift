import Access
import Audit
import Events
import HTTPServer
import JSON
import Kernel

/// A person shows a second factor again: sessions are fresh then, access tokens get a proof for one action.
struct StepUpEndpoints {
    let ledger: Ledger
    let book: FactorBook

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
        let action = fields.object(optional: "action") { $0.stepUpAction() } ?? nil
        let answer = fields.factorAnswer()
        if answer != nil, context.actor.session == nil, action == nil {
            fields.fail("action", code: FieldCode.missing, "is required: a proof is for one action")
        }
        try fields.finish()
        guard let answer else { return try await begin(user, context) }
        switch try await finish(answer, of: user, action, context) {
        case .shown(let kind, let proof): return shown(kind, action, proof, at: context.now)
        case .refused(let problem): throw problem
        }
    }

    // MARK: What may be shown

    private nonisolated(nonsending) func begin(_ user: UserID, _ context: Context) async throws -> Response {
        let offers = try await book.offers(to: user, for: .stepUp, at: context.now, in: ledger.database)
        guard !offers.isEmpty else {
            throw Problem(
                .conflict,
                "There is no second factor of ours to show: add one at /v1/me/factors; a provider's is shown "
                    + "at /v1/step-up/openid.")
        }
        return Response.object { w in
            w.field("status", "factor_required")
            w.field("level", StepUp.Level.factor.rawValue)
            w.array("factors", offers) { w, offer in
                w.object { w in
                    w.field("kind", offer.kind)
                    w.field("options", offer.options)
                }
            }
        }.header(.cacheControl, "no-store")
    }

    // MARK: What was shown

    private enum Outcome {
        case shown(FactorBook.Proof.Kind, AccessTokenSecret?)
        /// What was noted of it is kept.
        case refused(Problem)
    }

    private nonisolated(nonsending) func finish(
        _ answer: FactorAnswer, of user: UserID, _ action: StepUpAction?, _ context: Context
    ) async throws -> Outcome {
        try await ledger.change(context) { change in
            switch try await book.check(answer, of: user, for: .stepUp, change) {
            case .proven(let proof):
                change.audit("step_up.show", user, detail: Self.detail(proof.kind.rawValue, action))
                try await change.freshen(by: proof.kind.rawValue)
                return .shown(proof.kind, try await prove(action, change))
            case .wrong:
                change.audit("step_up.show", user, outcome: .denied, detail: Self.detail(nil, action))
                return .refused(.factorRefused)
            case .blocked(let until): return .refused(.factorBlocked(until: until, at: context.now))
            }
        }
    }

    /// For access tokens, which cannot be fresh: whoever holds one need not be the person.
    private nonisolated(nonsending) func prove(
        _ action: StepUpAction?, _ change: Change
    ) async throws -> AccessTokenSecret? {
        guard let token = change.context.actor.accessToken, let action else { return nil }
        let secret = AccessTokenSecret(.proof, ledger.entropy)
        try await StepUpProof.insert(
            secret, of: token, action, at: change.context.now, in: change.transaction)
        return secret
    }

    private static func detail(_ factor: String?, _ action: StepUpAction?) -> JSONValue {
        ["factor": JSONValue(factor), "action": action?.json ?? .null]
    }

    private func shown(
        _ kind: FactorBook.Proof.Kind, _ action: StepUpAction?, _ proof: AccessTokenSecret?,
        at now: Timestamp
    ) -> Response {
        Response.object { w in
            w.field("status", "shown")
            w.field("factor", kind.rawValue)
            w.field("fresh_until", (now + StepUpProof.lifetime).description)
            w.field("action", action)
            w.field("proof", proof?.text)
        }.header(.cacheControl, "no-store")
    }
}

extension Fields {
    private static let methods: Set<String> = ["GET", "POST", "PUT", "PATCH", "DELETE"]

    fileprivate mutating func stepUpAction() -> StepUpAction {
        let operation = string("operation", 1...100)
        let method = string("method", 1...10)
        if !method.isEmpty, !Self.methods.contains(method) {
            fail("method", code: FieldCode.notAChoice, "must be a method, as in PUT")
        }
        return StepUpAction(operation: operation, method: method, path: string("path", 1...2_000))
    }
}
