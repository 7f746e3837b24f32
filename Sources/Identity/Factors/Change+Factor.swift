import Access
import Events
import JSON
import Kernel

/// Factors that come and go, with what is told of it. Whether somebody has one decides what they may do, so
/// the epoch moves.
extension Change {
    func noteAdded(_ factor: Factor) {
        touch(.principal(PrincipalID(factor.user)))
        audit("factors.add", factor.id, detail: .object(JSONObject(members: factor.eventData)))
        emit(NewEvent(.factorAdded, subject: factor.id, data: JSONObject(members: factor.eventData)))
    }

    /// - Parameter reason: `removed` by the user, `reset` by somebody else.
    nonisolated(nonsending) func remove(_ factor: Factor, reason: String) async throws {
        try await FactorStore.delete(factor.id, in: transaction)
        touch(.principal(PrincipalID(factor.user)))
        let data = JSONObject(members: factor.eventData + [("reason", .string(reason))])
        audit("factors.remove", factor.id, detail: .object(data))
        emit(NewEvent(.factorRemoved, subject: factor.id, data: data))
    }

    /// Fresh codes; those before count no longer.
    nonisolated(nonsending) func makeRecoveryCodes(
        of user: UserID, _ entropy: Entropy
    ) async throws -> [RecoveryCode] {
        let codes = (0..<RecoveryCode.count).map { _ in RecoveryCode(entropy) }
        try await OnceStore.replaceCodes(of: user, by: codes, at: context.now, in: transaction)
        audit("factors.make_recovery_codes", user, detail: ["count": .number(JSONNumber(codes.count))])
        return codes
    }

    /// The first ten come with the first factor.
    nonisolated(nonsending) func firstRecoveryCodes(
        of user: UserID, _ entropy: Entropy
    ) async throws -> [RecoveryCode]? {
        guard try await OnceStore.codes(of: user, in: transaction).madeAt == nil else { return nil }
        return try await makeRecoveryCodes(of: user, entropy)
    }
}
