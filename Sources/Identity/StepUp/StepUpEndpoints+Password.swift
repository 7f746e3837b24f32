import Access
import Audit
import Crypto
import Events
import HTTPServer
import JSON
import Kernel

/// The password as a proof, of whoever has no second factor: guarded as log-in is.
extension StepUpEndpoints {
    nonisolated(nonsending) func show(
        password: String, of user: UserID, _ action: StepUpAction?, _ context: Context
    ) async throws -> Response {
        let held = try await heldPassword(of: user)
        let attempt = try await logIn.admit(.shown(.password, user, by: context.actor), user, context)
        let place = try await logIn.place(for: attempt)
        guard try await logIn.hasher.matches(password, held, place) else {
            throw try await refuse(attempt, of: user, action, context)
        }
        let proof = try await ledger.change(context) { change in
            _ = try await PrincipalStore.locked(PrincipalID(user), in: change.transaction)
            guard try await PasswordStore.locked(of: user, in: change.transaction) == held else {
                throw Problem.wrongField("password", "is not the password any more")
            }
            try await LoginGuard.succeed(attempt, in: change.transaction)
            change.audit("step_up.show", user, detail: Self.detail(StepUpWay.password.rawValue, action))
            try await change.freshenByPassword()
            return try await prove(action, by: .password, change)
        }
        return shown(StepUpWay.password.rawValue, action, proof, at: context.now)
    }

    /// Throws where it would not count.
    private nonisolated(nonsending) func heldPassword(of user: UserID) async throws -> PasswordHash {
        let factors = try await FactorStore.list(of: user, in: ledger.database)
        guard !factors.contains(where: { $0.confirmedAt != nil }) else {
            throw Problem.wrongField("password", "does not suffice: you have a second factor, show that")
        }
        guard let held = try await PasswordStore.find(of: user, in: ledger.database) else {
            throw Problem.wrongField("password", "is not there: set one by PUT /v1/password")
        }
        return held
    }

    /// As a failed log-in, whose answer is another.
    private nonisolated(nonsending) func refuse(
        _ attempt: LoginGuard.Attempt, of user: UserID, _ action: StepUpAction?, _ context: Context
    ) async throws -> Problem {
        _ = try await logIn.refuse(.wrongPassword, user, attempt, context)
        try await ledger.record(context) { change in
            change.audit("step_up.show", user, outcome: .denied, detail: Self.detail(nil, action))
        }
        return Problem(.factorRefused, "The password is wrong.")
    }
}
