/// What the authenticator says (level 2, 6.1), in fixed places.
struct AuthenticatorData {
    private static let headBytes = 37
    /// Level 2, 4: an id has at most so many.
    private static let idBytesAtMost = 1_023

    /// Of a registration: the new key.
    struct Credential {
        let id: [UInt8]
        /// As COSE writes it.
        let key: [UInt8]
    }

    let relyingPartyHash: [UInt8]
    let isUserPresent: Bool
    let isUserVerified: Bool
    /// Zero: the authenticator does not count.
    let signatureCount: UInt32
    let credential: Credential?

    /// Takes all of the bytes, or refuses them.
    init(_ bytes: [UInt8]) throws(WebAuthnError) {
        guard bytes.count >= Self.headBytes else { throw .malformedAuthenticatorData }
        relyingPartyHash = Array(bytes[..<32])
        let flags = bytes[32]
        isUserPresent = flags & 0x01 != 0
        isUserVerified = flags & 0x04 != 0
        signatureCount = bytes[33..<37].reduce(0) { $0 << 8 | UInt32($1) }
        var rest = bytes[Self.headBytes...]
        credential = flags & 0x40 != 0 ? try Self.takeCredential(from: &rest) : nil
        if flags & 0x80 != 0 { try Self.passExtensions(&rest) }
        guard rest.isEmpty else { throw .malformedAuthenticatorData }
    }

    func check(for party: RelyingParty) throws(WebAuthnError) {
        guard relyingPartyHash == party.hash else { throw .wrongRelyingParty }
        guard isUserPresent else { throw .userNotPresent }
        guard isUserVerified else { throw .userNotVerified }
    }

    private static func takeCredential(
        from rest: inout ArraySlice<UInt8>
    ) throws(WebAuthnError) -> Credential {
        // The model of the authenticator, and the length of the id.
        let (model, length) = (16, 2)
        guard rest.count >= model + length else { throw .malformedAuthenticatorData }
        let count = rest.dropFirst(model).prefix(length).reduce(0) { $0 << 8 | Int($1) }
        rest = rest.dropFirst(model + length)
        guard count > 0, count <= idBytesAtMost, rest.count >= count else {
            throw .malformedAuthenticatorData
        }
        let id = Array(rest.prefix(count))
        rest = rest.dropFirst(count)
        let behind = try behindValue(rest)
        let key = Array(rest[..<behind.startIndex])
        rest = behind
        return Credential(id: id, key: key)
    }

    /// We asked for none; an authenticator may add some.
    private static func passExtensions(_ rest: inout ArraySlice<UInt8>) throws(WebAuthnError) {
        rest = try behindValue(rest)
    }

    private static func behindValue(_ rest: ArraySlice<UInt8>) throws(WebAuthnError) -> ArraySlice<UInt8> {
        var reader = CBORReader(rest)
        guard let value = try? reader.value(), value.entries != nil else {
            throw .malformedAuthenticatorData
        }
        return reader.rest
    }
}
