import WebAuthn

extension FuzzTarget {
    /// What is read as CBOR has one spelling, and is written back to the same bytes.
    static let cbor = FuzzTarget(name: "CBOR") { input throws(Finding) in
        var reader = CBORReader(input[...])
        guard let value = try? reader.value() else { return }
        let read = Array(input.dropLast(reader.rest.count))
        try require(written(value) == read, "a value is written in other bytes than it was read from")
        let isWhole = (try? CBORValue.parse(input)) != nil
        try require(isWhole == reader.rest.isEmpty, "bytes behind a value are passed over")
        try require((try? CBORValue.parse(read)) == value, "a value is another when it is read again")
    }

    /// Nothing that an authenticator or a browser may send is taken unless it is for us, present and
    /// verified.
    static let passkey = FuzzTarget(name: "Passkey") { input throws(Finding) in
        guard let party = RelyingParty(origin: "https://keybell.desk.example:8443") else { return }
        // The first two bytes say how long the client's part is.
        let count = input.prefix(2).reduce(0) { $0 << 8 | Int($1) }
        let (client, rest) = (Array(input.dropFirst(2).prefix(count)), Array(input.dropFirst(2 + count)))
        if let made = try? Registration(clientData: client, attestation: rest, at: party) {
            try require(!made.credentialID.isEmpty, "a passkey has no id")
            let again = try? CredentialKey(made.key.bytes)
            try require(again?.bytes == made.key.bytes, "a passkey's key is not read again")
            let isSigned =
                (try? Assertion(
                    clientData: client, authenticatorData: rest, signature: [], by: made.key, at: party))
                != nil
            try require(!isSigned, "nothing is a signature")
        }
        if let key = try? CredentialKey(rest) {
            try require(!key.isValid(client, for: []) || client.count >= 64, "a few bytes are a signature")
        }
    }

    /// RFC 8949, 4.2.1.
    private static func written(_ value: CBORValue) -> [UInt8] {
        switch value {
        case .integer(let number) where number >= 0: head(0, UInt64(number))
        case .integer(let number): head(1, UInt64(-1 - number))
        case .bytes(let bytes): head(2, UInt64(bytes.count)) + bytes
        case .text(let text): head(3, UInt64(text.utf8.count)) + text.utf8
        case .array(let elements): head(4, UInt64(elements.count)) + elements.flatMap(written)
        case .map(let entries):
            head(5, UInt64(entries.count)) + entries.flatMap { written($0.key) + written($0.value) }
        case .bool(let isSo): [isSo ? 0xF5 : 0xF4]
        case .null: [0xF6]
        }
    }

    private static func head(_ kind: UInt8, _ argument: UInt64) -> [UInt8] {
        let bytes = (0..<8).map { UInt8(truncatingIfNeeded: argument >> UInt64(56 - 8 * $0)) }
        switch argument {
        case ..<24: return [kind << 5 | UInt8(argument)]
        case ..<0x100: return [kind << 5 | 24] + bytes.suffix(1)
        case ..<0x1_0000: return [kind << 5 | 25] + bytes.suffix(2)
        case ..<0x1_0000_0000: return [kind << 5 | 26] + bytes.suffix(4)
        default: return [kind << 5 | 27] + bytes
        }
    }
}
