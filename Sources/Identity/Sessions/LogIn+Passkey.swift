import Access
import Events
import HTTPServer
import Kernel

/// A passkey alone: who has it, and was seen to have it, is the user that it was made for.
extension LogIn {
    struct ByPasskey {
        let answer: PasskeyAnswer
        let device: String
        var browser: KnownDevice?
    }

    nonisolated(nonsending) func enter(_ step: ByPasskey, _ context: Context) async throws -> Outcome {
        let user = try await book.owner(of: step.answer, in: ledger.database)
        let budget = try await budget(.passkey(step.answer.credential), user, step.browser, context)
        let attempt = try await admit(budget, user, context)
        guard let user else {
            throw try await refuse(.wrongFactor, nil, typed: budget.typed, attempt, context)
        }
        try await refusals.flush(logInsOf: user, at: context.now, in: ledger)
        let session = try await ledger.change(context.acting(as: user)) { change in
            try await enter(step, user, attempt, change)
        }
        if let session { return .signedIn(session) }
        throw try await refuse(.wrongFactor, user, attempt, context)
    }

    private nonisolated(nonsending) func enter(
        _ step: ByPasskey, _ user: UserID, _ attempt: LoginGuard.Attempt, _ change: Change
    ) async throws -> IssuedSession? {
        let principal = try await PrincipalStore.locked(PrincipalID(user), in: change.transaction)
        guard principal.status == .active,
            case .proven(let proof) = try await book.check(
                .passkey(step.answer), of: user, for: .login, change)
        else { return nil }
        try await LoginGuard.succeed(attempt, in: change.transaction)
        var new = NewSession(user: user, device: step.device, factor: proof.kind.rawValue, via: .passkey)
        new.browser = step.browser
        return try await change.open(new, id: ledger.newID(), ledger.entropy)
    }
}
