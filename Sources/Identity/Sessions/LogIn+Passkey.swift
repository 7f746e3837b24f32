import Access
import Crypto
import Events
import HTTPServer
import Kernel

/// A passkey alone: who has it, and was seen to have it, is the user that it was made for.
extension LogIn {
    struct ByPasskey {
        let answer: PasskeyAnswer
        let device: String
    }

    nonisolated(nonsending) func enter(_ step: ByPasskey, _ context: Context) async throws -> Outcome {
        let user = try await book.owner(of: step.answer, in: ledger.database)
        let attempt = try await admit(Self.identity(step), user, context)
        guard let user else { throw try await refuse(.wrongFactor, nil, attempt, context) }
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
        let new = NewSession(
            user: user, device: step.device, factor: proof.kind.rawValue, via: "passkey")
        return try await change.open(new, id: ledger.newID(), ledger.entropy)
    }

    /// Attempts are counted by the passkey: whoever tries somebody's passkey locks nobody's password.
    private static func identity(_ step: ByPasskey) -> LoginIdentity {
        LoginIdentity("passkey " + Base64.encode(step.answer.credential, alphabet: .url))
    }
}
