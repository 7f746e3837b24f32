import Crypto
import HTTPServer
import JSON

/// What people bring: shares, or the root key itself.
enum UnsealProof {
    /// Read or not; with where each stood in the body.
    case shares([(pointer: String, share: Result<KeyShare, KeyShareError>)])
    case rootKey(RootKey)

    private static let bodyBytes = 16 * 1_024
    /// Longer is neither a share nor a root key.
    private static let textCharacters = 1...200

    static nonisolated(nonsending) func read(_ request: Request) async throws -> UnsealProof {
        var fields = try await request.fields(limit: bodyBytes)
        let share = fields.string(optional: "share", textCharacters)
        let shares = fields.strings(optional: "shares", count: Quorum.bounds.shares, each: textCharacters)
        let key = fields.string(optional: "root_key", textCharacters)
        let given = [share != nil, shares != nil, key != nil].count { $0 }
        if given != 1, !fields.hasMistakes {
            fields.fail(code: FieldCode.missing, "needs exactly one of share, shares and root_key")
        }
        try fields.finish()
        if let key { return .rootKey(try rootKey(key)) }
        let texts =
            share.map { [("/share", $0)] } ?? (shares ?? []).enumerated().map { ("/shares/\($0)", $1) }
        return .shares(
            texts.map { pointer, text in
                (pointer, Result { () throws(KeyShareError) in try KeyShare(text: text) })
            })
    }

    private static func rootKey(_ text: String) throws -> RootKey {
        do throws(RootKeyError) {
            return try RootKey(text: text)
        } catch {
            throw FieldErrors(
                FieldError(pointer: "/root_key", code: FieldCode.malformed, message: "\(error)"))
        }
    }
}

extension ClosedRange<Int> {
    /// One by one, or all that a set has.
    fileprivate var shares: ClosedRange<Int> { 1...upperBound }
}
