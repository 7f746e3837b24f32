import Access
import Audit
import Crypto
import Events
import HTTPServer
import JSON
import Kernel
import Postgres

/// Log-in as a small state machine: password → session, or password → factor → session. Whoever is unknown,
/// disabled, or wrong takes the same steps and gets the same answer.
struct LogIn {
    let ledger: Ledger
    let refusals: Refusals
    let hasher: PasswordHasher
    let factors: SecondFactors
    let book: FactorBook

    struct ByPassword {
        let identity: LoginIdentity
        let password: String
        let device: String
        var browser: KnownDevice?
    }

    struct ByFactor {
        let pending: AccessTokenSecret
        let answer: SecondFactors.Answer
        var browser: KnownDevice?
    }

    enum Outcome {
        case signedIn(IssuedSession)
        case factorRequired(AccessTokenSecret, expiresAt: Timestamp, [SecondFactors.Offer])
    }

    private var loginGuard: LoginGuard { LoginGuard(database: ledger.database) }

    // MARK: Password

    nonisolated(nonsending) func begin(_ step: ByPassword, _ context: Context) async throws -> Outcome {
        // Whoever would find the line full leaves no trace of having come.
        try hasher.checkRoom()
        let candidate = try await PasswordStore.candidate(step.identity, in: ledger.database)
        let budget = try await budget(.identity(step.identity), candidate.user, step.browser, context)
        let attempt = try await admit(budget, candidate.user, context)
        let place = try await place(for: attempt)
        let isRight = try await hasher.matches(step.password, candidate.hash, place)
        guard isRight, candidate.status == .active, let user = candidate.user, let hash = candidate.hash
        else { throw try await refuse(candidate, of: step.identity, isRight, attempt, context) }
        try await refusals.flush(logInsOf: user, at: context.now, in: ledger)
        let fresh = hasher.isOutdated(hash) ? try await hasher.hash(step.password, place) : nil
        return try await ledger.change(context.acting(as: user)) { change in
            try await Self.checkStillStands(hash, of: user, in: change.transaction)
            if let fresh { try await PasswordStore.rehash(fresh, of: user, in: change.transaction) }
            return try await goOn(user, step, attempt, change)
        }
    }

    /// One of its own for whoever comes with a browser that is known, and only for its user. The question is
    /// asked whoever it is about, so that it tells nothing.
    nonisolated(nonsending) func budget(
        _ budget: LoginBudget, _ user: UserID?, _ browser: KnownDevice?, _ context: Context
    ) async throws -> LoginBudget {
        guard let browser else { return budget }
        let owner = try await browser.user(at: context.now, in: ledger.database)
        return owner != nil && owner == user ? .device(browser) : budget
    }

    /// What was read before the password was tried is read again under lock.
    private static nonisolated(nonsending) func checkStillStands(
        _ hash: PasswordHash, of user: UserID, in transaction: Transaction
    ) async throws {
        let principal = try await PrincipalStore.locked(PrincipalID(user), in: transaction)
        let now = try await PasswordStore.locked(of: user, in: transaction)
        guard principal.status == .active, now == hash else { throw Problem.wrongLogin }
    }

    private nonisolated(nonsending) func goOn(
        _ user: UserID, _ step: ByPassword, _ attempt: LoginGuard.Attempt, _ change: Change
    ) async throws -> Outcome {
        let claim = SecondFactors.Claim(
            user: user, pending: UUID(at: change.context.now, entropy: ledger.entropy))
        let offers = try await factors.offers(claim, change)
        if offers.isEmpty {
            try await LoginGuard.succeed(attempt, in: change.transaction)
            var new = NewSession(user: user, device: step.device, via: .password)
            new.browser = step.browser
            return .signedIn(try await change.open(new, id: ledger.newID(), ledger.entropy))
        }
        try await LoginGuard.giveBack(attempt, in: change.transaction)
        let secret = AccessTokenSecret(.pendingLogin, ledger.entropy)
        let expiresAt = try await PendingLogin.insert(
            secret, id: claim.pending, user, device: step.device, via: .password, change.context,
            in: change.transaction)
        return .factorRequired(secret, expiresAt: expiresAt, offers)
    }

    // MARK: Factor

    nonisolated(nonsending) func finish(_ step: ByFactor, _ context: Context) async throws -> Outcome {
        let pending = try await PendingLogin.find(step.pending, context, in: ledger.database)
        let budget = try await budget(.factor(pending.user), pending.user, step.browser, context)
        let attempt = try await admit(budget, pending.user, context)
        try await refusals.flush(logInsOf: pending.user, at: context.now, in: ledger)
        let session = try await ledger.change(context.acting(as: pending.user)) { change in
            try await finish(pending, step, attempt, change)
        }
        if let session { return .signedIn(session) }
        throw try await refuse(.wrongFactor, pending.user, attempt, context)
    }

    private nonisolated(nonsending) func finish(
        _ pending: PendingLogin, _ step: ByFactor, _ attempt: LoginGuard.Attempt, _ change: Change
    ) async throws -> IssuedSession? {
        let user = try await PrincipalStore.locked(PrincipalID(pending.user), in: change.transaction)
        guard user.status == .active else { return nil }
        let claim = SecondFactors.Claim(user: pending.user, pending: pending.id)
        guard let factor = try await factors.check(step.answer, claim, change) else { return nil }
        try await pending.use(at: change.context.now, in: change.transaction)
        // What strangers tried goes on counting where the browser has a budget of its own.
        let identity = attempt.isOfDevice ? nil : pending.identity
        try await LoginGuard.succeed(attempt, clearing: identity, in: change.transaction)
        var new = NewSession(
            user: pending.user, device: pending.device, factor: factor, via: pending.via)
        new.browser = step.browser
        return try await change.open(new, id: ledger.newID(), ledger.entropy)
    }

    // MARK: Refusals

    /// Counts the attempt before it is made; throws 429 where it may not be made.
    nonisolated(nonsending) func admit(
        _ budget: LoginBudget, _ user: UserID?, _ context: Context
    ) async throws -> LoginGuard.Attempt {
        switch try await loginGuard.admit(budget, from: context.actor.address, at: context.now) {
        case .admitted(let attempt): return attempt
        case .refused(let wait):
            try await record(.locked, user, typed: budget.typed, context)
            throw Problem.tooManyLogins(wait)
        }
    }

    /// An attempt that found the line full was none. It takes its place only now, so that whoever is locked
    /// out takes nobody's.
    nonisolated(nonsending) func place(
        for attempt: LoginGuard.Attempt?
    ) async throws -> PasswordHasher.Place {
        do {
            return try hasher.place()
        } catch {
            guard let attempt else { throw error }
            try await ledger.database.transaction { transaction in
                try await LoginGuard.giveBack(attempt, in: transaction)
            }
            throw error
        }
    }

    private nonisolated(nonsending) func refuse(
        _ candidate: PasswordStore.Candidate, of identity: LoginIdentity, _ isRight: Bool,
        _ attempt: LoginGuard.Attempt, _ context: Context
    ) async throws -> Problem {
        let reason: Refusal.Reason =
            if candidate.user == nil {
                .unknownUser
            } else if candidate.hash == nil {
                .noPassword
            } else {
                isRight ? .principalDisabled : .wrongPassword
            }
        return try await refuse(reason, candidate.user, typed: identity.subject, attempt, context)
    }

    /// Reports the failure, committed when this returns, and gives the answer.
    nonisolated(nonsending) func refuse(
        _ reason: Refusal.Reason, _ user: UserID?, typed: String? = nil, _ attempt: LoginGuard.Attempt,
        _ context: Context
    ) async throws -> Problem {
        try await record(reason, user, typed: typed, context)
        if let until = attempt.locksUntil {
            try await ledger.record(context) { $0.noteLock(of: user, until: until) }
        }
        return reason == .wrongFactor ? .wrongFactor : .wrongLogin
    }

    /// The same of a code that somebody showed who is let in already.
    nonisolated(nonsending) func refuse(
        code attempt: LoginGuard.Attempt, of user: UserID, _ context: Context
    ) async throws -> Problem {
        _ = try await refuse(.wrongFactor, user, attempt, context)
        return .factorRefused
    }

    private nonisolated(nonsending) func record(
        _ reason: Refusal.Reason, _ user: UserID?, typed: String?, _ context: Context
    ) async throws {
        let refusal = Refusal(loginOf: user, typed: typed, reason, from: context.actor.address)
        let request = RefusedRequest(method: "POST", route: "/v1/sessions", requestID: context.requestID)
        try await refusals.record(refusal, request, at: context.now, in: ledger)
    }
}

extension Change {
    fileprivate func noteLock(of user: UserID?, until: Timestamp) {
        let address = context.actor.address?.description ?? "unix"
        emit(
            NewEvent(
                .loginLocked, subject: user?.description ?? address,
                [
                    "user_id": JSONValue(user), "address": .string(address),
                    "until": .string(until.description),
                ]))
        audit(
            "login.lock", user?.description ?? address, outcome: .denied,
            detail: ["until": .string(until.description)])
    }
}

extension Problem {
    /// One answer for every reason.
    static var wrongLogin: Problem { unauthenticated("The email address or the password is wrong.") }

    static var wrongFactor: Problem { unauthenticated("The second factor is wrong.") }
}
