import Access
import Crypto
import HTTPServer
import Kernel
import Postgres

/// A browser, or a cookie jar, that somebody logged in with before, by a cookie that opens nothing: its
/// attempts are counted apart, so that strangers do not use up those of whoever it belongs to.
struct KnownDevice: Equatable, Sendable {
    static let lifetime: Period = .days(90)
    /// Of one user; one more forgets the one that has rested longest.
    static let perUser = 20
    static let cookieName = "__Host-keybell_device"
    private static let secretBytes = 32

    private let secret: [UInt8]

    init(_ entropy: Entropy) { secret = entropy.bytes(Self.secretBytes) }

    /// Nil when there is none, more than one, or none of ours.
    init?(_ headers: HeaderFields) {
        guard let text = SessionCookies.value(of: Self.cookieName, headers),
            let bytes = Base64.decode(text, alphabet: .url), bytes.count == Self.secretBytes
        else { return nil }
        secret = bytes
    }

    /// All that is kept of it.
    var hash: SecretHash { SecretHash(SHA256.hash(secret)) }

    /// Lax: whoever comes back from a provider has it, too.
    var cookie: String {
        let seconds = Self.lifetime.microseconds / 1_000_000
        let value = Base64.encode(secret, alphabet: .url)
        return "\(Self.cookieName)=\(value); Path=/; Max-Age=\(seconds); Secure; HttpOnly; SameSite=Lax"
    }
}

extension KnownDevice {
    private static let find = Statement(
        "known_device_find", "select principal from known_device where hash = $1 and expires_at > $2")
    private static let insert = Statement(
        "known_device_insert",
        "insert into known_device (hash, principal, last_used_at, expires_at) values ($1, $2, $3, $4)")
    private static let forgetOne = Statement(
        "known_device_forget_one", "delete from known_device where hash = $1 and principal = $2")
    private static let forgetOldest = Statement(
        "known_device_forget_oldest",
        """
        delete from known_device where hash in (
            select hash from known_device where principal = $1 order by last_used_at desc, hash offset $2)
        """)
    private static let forget = Statement(
        "known_device_forget", "delete from known_device where principal = $1 and hash is distinct from $2")
    static let sweep = Statement("known_device_sweep", "delete from known_device where expires_at <= $1")

    /// Whose it is. Asked before anything is known of who comes, so that it takes as long for everybody.
    nonisolated(nonsending) func user(at now: Timestamp, in source: any Queryable) async throws -> UserID? {
        try await source.query(Self.find, .bytes(hash.bytes), .timestamp(now)).first?.id(0)
    }

    /// A fresh one for whoever logged in, who holds their row. A cookie counts until the next log-in, so that
    /// a copy of it is soon worth nothing.
    static nonisolated(nonsending) func remember(
        of user: UserID, insteadOf old: KnownDevice?, _ entropy: Entropy, at now: Timestamp,
        in transaction: Transaction
    ) async throws -> KnownDevice {
        if let old { _ = try await transaction.query(forgetOne, .bytes(old.hash.bytes), .id(user)) }
        _ = try await transaction.query(forgetOldest, .id(user), .int(perUser - 1))
        let device = KnownDevice(entropy)
        _ = try await transaction.query(
            insert, .bytes(device.hash.bytes), .id(user), .timestamp(now), .timestamp(now + lifetime))
        return device
    }

    static nonisolated(nonsending) func forget(
        of user: UserID, but kept: KnownDevice? = nil, in transaction: Transaction
    ) async throws {
        _ = try await transaction.query(forget, .id(user), .bytes(kept?.hash.bytes))
    }
}
