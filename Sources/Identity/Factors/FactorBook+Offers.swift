import Access
import Crypto
import Events
import HTTPServer
import JSON
import Kernel
import Postgres
import WebAuthn

extension FactorBook {
    /// What a user may show, with the options of a passkey; nothing for whoever has no factor.
    nonisolated(nonsending) func offers(
        to user: UserID, for purpose: PasskeyChallenge.Purpose, at now: Timestamp,
        in source: any Queryable
    ) async throws -> [SecondFactors.Offer] {
        let factors = try await FactorStore.list(of: user, in: source).filter { $0.confirmedAt != nil }
        guard !factors.isEmpty else { return [] }
        var offers: [SecondFactors.Offer] = []
        if factors.contains(where: { $0.kind == .totp }) { offers.append(.init(kind: "totp")) }
        if let party, factors.contains(where: { $0.kind == .passkey }) {
            let known = try await FactorStore.credentials(of: user, in: source)
            let options = try options(purpose, of: user, known, party, at: now)
            offers.append(.init(kind: "passkey", options: options))
        }
        if try await OnceStore.codes(of: user, in: source).left > 0 {
            offers.append(.init(kind: "recovery_code"))
        }
        return offers
    }

    /// For `navigator.credentials.get`.
    /// - Parameter user: nil where a passkey alone is to tell who it is.
    func options(
        _ purpose: PasskeyChallenge.Purpose, of user: UserID?, _ known: [[UInt8]], _ party: RelyingParty,
        at now: Timestamp
    ) throws -> JSONValue {
        let challenge = try PasskeyChallenge.make(
            purpose, of: user, at: now, by: seal.opened().keyring)
        var w = JSONWriter()
        PasskeyOptions(party: party, challenge: challenge, known: known).writeRequest(to: &w)
        return try JSONValue.parse(w.bytes)
    }

    /// As log-in sees it.
    package var secondFactors: SecondFactors {
        SecondFactors(
            offers: { claim, change in
                try await offers(
                    to: claim.user, for: .secondFactor, at: change.context.now, in: change.transaction)
            },
            check: { answer, claim, change in
                guard let answer = FactorAnswer(answer) else { return nil }
                switch try await check(answer, of: claim.user, for: .secondFactor, change) {
                case .proven(let proof): return proof.kind.rawValue
                case .wrong: return nil
                }
            })
    }
}

extension FactorAnswer {
    fileprivate init?(_ answer: SecondFactors.Answer) {
        switch answer {
        case .totp(let text): self = .totp(text)
        case .recoveryCode(let text): self = .recoveryCode(text)
        case .passkey(let json):
            guard let answer = PasskeyAnswer(json) else { return nil }
            self = .passkey(answer)
        }
    }
}
