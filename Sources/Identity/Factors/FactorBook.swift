import Access
import Audit
package import Crypto
import Events
import JSON
package import Kernel
import Postgres
package import WebAuthn

/// Looks at what people show, and sees to it that what counts once counts once. Every answer of a user is
/// looked at in a transaction that holds the user's row of `factor_standing`.
package struct FactorBook: Sendable {
    package enum Verdict: Equatable, Sendable {
        case proven(Proof)
        case wrong
        /// Too many were wrong.
        case blocked(until: Timestamp)
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

    /// What it notes down is to be kept, whatever the verdict: a wrong answer counts.
    nonisolated(nonsending) func check(
        _ answer: FactorAnswer, of user: UserID, for purpose: PasskeyChallenge.Purpose, _ change: Change
    ) async throws -> Verdict {
        var tally = try await OnceStore.tally(of: user, in: change.transaction)
        let verdict: Verdict
        switch answer {
        // Nobody guesses a signature: passkeys are not counted.
        case .passkey(let answer): return try await check(answer, of: user, for: purpose, change)
        case .totp, .recoveryCode:
            if let until = tally.blockedUntil, tally.isBlocked(at: change.context.now) {
                return .blocked(until: until)
            }
            verdict = try await checkCode(answer, of: user, &tally, change)
        }
        if verdict == .wrong { tally.noteWrong(at: change.context.now) }
        try await OnceStore.write(tally, of: user, in: change.transaction)
        return verdict
    }

    private nonisolated(nonsending) func checkCode(
        _ answer: FactorAnswer, of user: UserID, _ tally: inout FactorTally, _ change: Change
    ) async throws -> Verdict {
        let (now, transaction) = (change.context.now, change.transaction)
        switch answer {
        case .totp(let text):
            guard let code = OneTimeCode(text) else { return .wrong }
            for seed in try await FactorStore.seeds(of: user, in: transaction) where seed.isConfirmed {
                guard let step = try step(of: code, seed, at: now), tally.take(step) else { continue }
                try await FactorStore.noteUse(seed.id, at: now, in: transaction)
                return .proven(Proof(kind: .totp))
            }
            return .wrong
        case .recoveryCode(let text):
            guard let code = RecoveryCode(text),
                try await OnceStore.use(code, of: user, at: now, in: transaction)
            else { return .wrong }
            tally.noteRight()
            let left = try await OnceStore.codes(of: user, in: transaction).left
            change.noteRecovery(of: user, left: left)
            return .proven(Proof(kind: .recoveryCode))
        case .passkey: preconditionFailure("a passkey is no code")
        }
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
