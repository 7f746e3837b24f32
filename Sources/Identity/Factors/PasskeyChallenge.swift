import Access
import Crypto
import Kernel

/// What a passkey signs: random bytes of ours that say themselves for whom, for what and until when they
/// count, so that asking for one leaves nothing behind. Sealed, so nobody else makes one; once answered it is
/// spent.
enum PasskeyChallenge {
    static let lifetime: Period = .minutes(5)

    enum Purpose: String, Sendable {
        case registration, login, secondFactor, stepUp
    }

    /// - Parameter user: nil where a passkey alone is to tell who it is.
    static func make(
        _ purpose: Purpose, of user: UserID?, at now: Timestamp, by keyring: Keyring
    ) throws -> [UInt8] {
        let end = (now + lifetime).microseconds
        return try keyring.seal(withUnsafeBytes(of: end.bigEndian) { Array($0) }, for: field(purpose, user))
    }

    /// Until when it counts; nil for what is not ours, for something else, or over.
    static func end(
        of challenge: [UInt8], _ purpose: Purpose, of user: UserID?, at now: Timestamp, by keyring: Keyring
    ) -> Timestamp? {
        guard let opened = try? keyring.open(challenge, for: field(purpose, user)), opened.count == 8 else {
            return nil
        }
        let microseconds = opened.withBytes { $0.reduce(Int64(0)) { $0 << 8 | Int64($1) } }
        let end = Timestamp(microseconds: microseconds)
        return now < end ? end : nil
    }

    private static func field(_ purpose: Purpose, _ user: UserID?) -> SealedField {
        SealedField(
            table: "spent_challenge", id: user?.uuid.bytes ?? [], field: purpose.rawValue)
    }
}
