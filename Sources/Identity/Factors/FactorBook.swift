import Access
import Audit
package import Crypto
import Events
import JSON
import Kernel
import Postgres
package import WebAuthn

/// Looks at what people show, and sees to it that what counts once counts once. Every answer of a user is
/// looked at in a transaction that holds the user's row of `factor_standing`.
package struct FactorBook: Sendable {
    package enum Verdict: Equatable, Sendable {
        case proven(Proof)
        case wrong
    }

    package struct Proof: Equatable, Sendable {
        package enum Kind: String, Sendable {
            case totp, passkey
            case recoveryCode = "recovery_code"
        }

        package let kind: Kind
    }

    let seal: Seal
    /// Nil: the installation has no origin that passkeys can be bound to.
    let party: RelyingParty?

    package init(seal: Seal, party: RelyingParty?) { (self.seal, self.party) = (seal, party) }

    /// What it notes down is to be kept, whatever the verdict. Whoever asks has counted the answer before,
    /// where it can be guessed: see `FactorAnswer.isGuessable`.
    nonisolated(nonsending) func check(
        _ answer: FactorAnswer, of user: UserID, for purpose: PasskeyChallenge.Purpose, _ change: Change
    ) async throws -> Verdict {
        var steps = try await OnceStore.steps(of: user, in: change.transaction)
        switch answer {
        case .passkey(let answer): return try await check(answer, of: user, for: purpose, change)
        case .totp(let text): return try await check(text, of: user, &steps, change)
        case .recoveryCode(let text): return try await checkRecovery(text, of: user, change)
        }
    }

    private nonisolated(nonsending) func check(
        _ text: String, of user: UserID, _ steps: inout CodeSteps, _ change: Change
    ) async throws -> Verdict {
        let (now, transaction) = (change.context.now, change.transaction)
        guard let code = OneTimeCode(text) else { return .wrong }
        for seed in try await FactorStore.seeds(of: user, in: transaction) where seed.isConfirmed {
            guard let step = try step(of: code, seed, at: now), steps.take(step) else { continue }
            try await OnceStore.write(steps, of: user, in: transaction)
            try await FactorStore.noteUse(seed.id, at: now, in: transaction)
            return .proven(Proof(kind: .totp))
        }
        return .wrong
    }

    private nonisolated(nonsending) func checkRecovery(
        _ text: String, of user: UserID, _ change: Change
    ) async throws -> Verdict {
        guard let code = RecoveryCode(text),
            try await OnceStore.use(code, of: user, at: change.context.now, in: change.transaction)
        else { return .wrong }
        let left = try await OnceStore.codes(of: user, in: change.transaction).left
        change.noteRecovery(of: user, left: left)
        return .proven(Proof(kind: .recoveryCode))
    }

    func step(of code: OneTimeCode, _ seed: FactorStore.Seed, at now: Timestamp) throws -> Int64? {
        let opened = try seal.opened().keyring.open(seed.sealed, for: Self.field(seed.id))
        return TOTP.step(of: code, opened, at: now)
    }

    static func field(_ id: FactorID) -> SealedField {
        SealedField(table: "factor", id: id.uuid.bytes, field: "seed")
    }
}

extension FactorBook {
    private nonisolated(nonsending) func check(
        _ answer: PasskeyAnswer, of user: UserID, for purpose: PasskeyChallenge.Purpose, _ change: Change
    ) async throws -> Verdict {
        let (now, transaction) = (change.context.now, change.transaction)
        guard let party, let passkey = try await FactorStore.passkey(answer.credential, in: transaction),
            passkey.user == user, answer.user ?? user.uuid.bytes == user.uuid.bytes,
            let key = try? CredentialKey(passkey.key),
            let assertion = try? Assertion(
                clientData: answer.clientData, authenticatorData: answer.authenticatorData,
                signature: answer.signature, by: key, at: party)
        else { return .wrong }
        let bound = purpose == .login ? nil : user
        guard
            let end = PasskeyChallenge.end(
                of: assertion.challenge, purpose, of: bound, at: now, by: try seal.opened().keyring),
            try await OnceStore.spend(assertion.challenge, until: end, at: now, in: transaction)
        else { return .wrong }
        guard assertion.isNewer(than: passkey.signatureCount) else {
            change.noteCopy(of: passkey, assertion.signatureCount)
            return .wrong
        }
        try await FactorStore.noteUse(
            passkey.id, count: assertion.signatureCount, at: now, in: transaction)
        return .proven(Proof(kind: .passkey))
    }

    /// Whose passkey it says that it is, before anything of it is believed.
    nonisolated(nonsending) func owner(
        of answer: PasskeyAnswer, in source: any Queryable
    ) async throws -> UserID? {
        try await FactorStore.passkey(answer.credential, in: source)?.user
    }
}

extension Change {
    func noteRecovery(of user: UserID, left: Int) {
        let data = JSONObject(members: [
            ("user_id", JSONValue(user)), ("left", .number(JSONNumber(Int64(left)))),
        ])
        audit("factors.use_recovery_code", user, detail: .object(data))
        emit(NewEvent(.recoveryCodeUsed, subject: user, data: data))
    }

    /// Somebody signs with a copy of the key, or did so before.
    fileprivate func noteCopy(of passkey: FactorStore.Passkey, _ count: UInt32) {
        let data = JSONObject(members: [
            ("user_id", JSONValue(passkey.user)), ("factor_id", JSONValue(passkey.id)),
            ("known_count", .number(JSONNumber(Int64(passkey.signatureCount)))),
            ("shown_count", .number(JSONNumber(Int64(count)))),
        ])
        audit("factors.refuse_copy", passkey.id, outcome: .denied, detail: .object(data))
        emit(NewEvent(.factorCopied, subject: passkey.id, data: data))
    }
}
