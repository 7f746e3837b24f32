import Access
import Events
import HTTPServer
import JSON
import Kernel
import Postgres

/// One's own second factors, and those of whoever lost theirs.
struct FactorEndpoints {
    let ledger: Ledger
    let book: FactorBook
    let logIn: LogIn

    init(ledger: Ledger, book: FactorBook, logIn: LogIn) {
        (self.ledger, self.book, self.logIn) = (ledger, book, logIn)
    }

    var operations: [Operation] {
        [
            Endpoint(
                .get, "/v1/me/factors", id: "listMyFactors", requires: .self,
                errors: [.forbidden, .humanRequired], handle: listMine),
            Endpoint(
                .delete, "/v1/me/factors/{factor_id}", id: "deleteMyFactor", requires: .self,
                errors: [.notFound, .lastOwner], bodyLimit: 0, stepUp: .forOwnFactors, handle: deleteMine),
            Endpoint(
                .post, "/v1/me/factors/recovery-codes", id: "makeRecoveryCodes", requires: .self,
                errors: [.conflict, .alreadyDone], bodyLimit: 0, repeats: .refusal, stepUp: .forOwnFactors,
                handle: makeCodes),
            Endpoint(
                .get, "/v1/users/{user_id}/factors", id: "listUserFactors",
                requires: .permission(.usersRead), errors: [.notFound], handle: listOf),
            Endpoint(
                .delete, "/v1/users/{user_id}/factors", id: "resetUserFactors",
                requires: .permission(.usersWrite), errors: [.notFound, .lastOwner], bodyLimit: 0,
                stepUp: .recently, handle: reset),
        ] + totpOperations + passkeyOperations
    }

    // MARK: One's own

    private nonisolated(nonsending) func listMine(_ request: Request, _ context: Context) async throws
        -> Response
    {
        try request.refuseParameters()
        let user = try context.person()
        try await WholePerson.checkScopes(context, to: "lists no factors", in: ledger.database)
        return try await list(of: user, at: context.now)
    }

    private nonisolated(nonsending) func list(of user: UserID, at now: Timestamp) async throws -> Response {
        let factors = try await FactorStore.list(of: user, in: ledger.database)
            .filter { !$0.hasLapsed(at: now) }
        let codes = try await OnceStore.codes(of: user, in: ledger.database)
        return Response.object { w in
            w.array("data", factors) { w, factor in factor.write(to: &w) }
            w.object("recovery_codes") { w in
                w.field("left", codes.left)
                w.field("made_at", codes.madeAt?.description)
            }
            w.null("next_cursor")
        }
    }

    private nonisolated(nonsending) func deleteMine(_ request: Request, _ context: Context) async throws
        -> Response
    {
        try request.refuseParameters()
        let user = try await owner(context)
        let id = try request.id("factor_id", "factor") { FactorID($0) }
        try await ledger.change(context) { change in
            // First of all, as wherever an owner may go.
            try await OwnerRoster.lock(in: change.transaction)
            _ = try await PrincipalStore.locked(PrincipalID(user), in: change.transaction)
            guard let factor = try await FactorStore.find(id, of: user, in: change.transaction) else {
                throw Problem.notFound("factor")
            }
            try await OwnerRoster.keepingSomebody(in: change.transaction) {
                try await change.remove(factor, reason: "removed")
            }
            let rest = try await FactorStore.list(of: user, in: change.transaction)
            // Codes alone are no second factor: they stand in for one.
            if !rest.contains(where: { $0.confirmedAt != nil }) {
                try await OnceStore.replaceCodes(
                    of: user, by: [], at: context.now, in: change.transaction)
            }
        }
        return Response(.noContent)
    }

    private nonisolated(nonsending) func makeCodes(_ request: Request, _ context: Context) async throws
        -> Response
    {
        try request.refuseParameters()
        let user = try await owner(context)
        let codes = try await ledger.change(context) { change in
            _ = try await PrincipalStore.locked(PrincipalID(user), in: change.transaction)
            let factors = try await FactorStore.list(of: user, in: change.transaction)
            guard factors.contains(where: { $0.confirmedAt != nil }) else {
                throw Problem(.conflict, "Recovery codes stand in for a second factor: add one first.")
            }
            return try await change.makeRecoveryCodes(of: user, ledger.entropy)
        }
        return Response.object(.created) { w in
            w.field("recovery_codes", codes.map(\.text))
            w.field("shown_once", true)
        }
    }

    // MARK: Somebody else's

    private nonisolated(nonsending) func listOf(_ request: Request, _ context: Context) async throws
        -> Response
    {
        let id = try userID(request)
        guard try await PrincipalStore.find(PrincipalID(id), in: ledger.database) != nil else {
            throw Problem.notFound("user")
        }
        return try await list(of: id, at: context.now)
    }

    /// For a lost phone: what is left is the password, until the user adds a factor again.
    private nonisolated(nonsending) func reset(_ request: Request, _ context: Context) async throws
        -> Response
    {
        let id = try userID(request)
        try await ledger.change(context) { change in
            try await OwnerRoster.lock(in: change.transaction)
            let user = try await PrincipalStore.locked(PrincipalID(id), in: change.transaction)
            try GrantRules.checkTouching(user, by: context)
            // Whoever has the password, or an access token, is that user from then on.
            if user.id != context.actor.principal { try await change.checkGiving(allOf: user.id) }
            try await change.note(.factors, of: user.id)
            try await OwnerRoster.keepingSomebody(in: change.transaction) {
                for factor in try await FactorStore.list(of: id, in: change.transaction) {
                    try await change.remove(factor, reason: "reset")
                }
            }
            try await OnceStore.replaceCodes(of: id, by: [], at: context.now, in: change.transaction)
            change.audit("factors.reset", id)
        }
        return Response(.noContent)
    }

    private func userID(_ request: Request) throws -> UserID {
        try request.refuseParameters()
        return try request.id("user_id", "user") { UserID($0) }
    }
}

extension FactorEndpoints {
    /// Somebody who changes their own factors.
    nonisolated(nonsending) func owner(_ context: Context) async throws -> UserID {
        let user = try context.person()
        try await WholePerson.check(context, to: "changes no factor", in: ledger.database)
        return user
    }
}

extension Context {
    /// The user who asks: service accounts have no factors.
    func person() throws(Problem) -> UserID {
        guard let principal = actor.principal else { throw .unauthenticated }
        guard principal.kind == .user else { throw .humanRequired }
        return UserID(principal.uuid)
    }
}
