import Access
package import Crypto
import Kernel
import Postgres

/// What a use of an access token must pay before its request runs, beyond being known. Nil for most tokens:
/// their requests go to the database for nothing of it.
package struct UseTerms: Equatable, Sendable {
    /// The token's, for telling of refusals.
    let name: String
    /// The request must be signed by this one.
    package let key: Ed25519.PublicKey?
    /// It has a number of uses.
    let isCounted: Bool
    /// It lapses by idleness, and this use is to be written down before it counts.
    let isUseDue: Bool
}

extension Standing {
    /// How far the written last use of a token that lapses by idleness may be behind: from then on a use
    /// writes it before its request runs, so that no node ever takes a token in use for an idle one. An idle
    /// token may live that much longer.
    static let idleSlack: Period = .minutes(1)

    func terms(at now: Timestamp) -> UseTerms? {
        let isUseDue = idle != nil && now - recordedUse >= Self.idleSlack
        guard key != nil || isCounted || isUseDue else { return nil }
        return UseTerms(name: name, key: key, isCounted: isCounted, isUseDue: isUseDue)
    }

    func isIdle(at now: Timestamp) -> Bool {
        idle.map { Self.isIdle(since: recordedUse, for: $0, at: now) } ?? false
    }

    static func isIdle(since use: Timestamp, for period: Period, at now: Timestamp) -> Bool {
        now - use > period + idleSlack
    }
}

/// What is written for a use before its request runs.
enum UseCharge {
    /// Nonces are kept that long, so that a node whose clock is wrong by most of it still refuses a repeat.
    static let noncesKept: Period = .hours(1)

    private static let takeNonce = Statement(
        "access_token_nonce_take",
        """
        insert into access_token_nonce (token, nonce, created_at) values ($1, $2, $3)
        on conflict do nothing returning true
        """)
    /// The row's lock makes the count exact. Clocks of nodes differ: no use makes the last one older.
    private static let takeUse = Statement(
        "access_token_use",
        """
        update access_token set
            uses = case when max_uses is null then uses else uses + 1 end,
            last_used_at = greatest(last_used_at, $2), last_used_address = $3
        where id = $1 and (max_uses is null or uses < max_uses) returning true
        """)
    static let dropNonces = Statement(
        "access_token_nonce_drop",
        """
        delete from access_token_nonce where ctid = any(array(
            select ctid from access_token_nonce where created_at < $1 limit $2)) returning true
        """)

    /// Nil: it is paid.
    static nonisolated(nonsending) func pay(
        _ terms: UseTerms, _ actor: Actor, _ signature: RequestSignature?, at now: Timestamp,
        in transaction: Transaction
    ) async throws -> Refusal.Reason? {
        if let signature {
            let isNew = try await transaction.query(
                takeNonce, .id(actor.accessToken), .text(signature.nonce), .timestamp(signature.created))
            if isNew.isEmpty { return .replayed }
        }
        guard terms.isCounted || terms.isUseDue else { return nil }
        let isLeft = try await transaction.query(
            takeUse, .id(actor.accessToken), .timestamp(now), .text(actor.address?.description))
        return isLeft.isEmpty ? .usedUp : nil
    }
}
