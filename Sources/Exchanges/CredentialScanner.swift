/// Looks for what `JSONValue.holdsCredential` looks for, in a text that comes in parts and is never whole: a
/// member that is named as what opens an account, whose value is a text that is not empty.
package struct CredentialScanner: Sendable {
    private enum State: Sendable {
        case outside
        case inString
        case escape
        case unicode(digitsLeft: Int)
        case afterString
        case afterColon
        case valueBegins
    }

    private static let names = CredentialNames.all.map { Array($0.utf8) }
    private static let longestName = CredentialNames.all.map(\.utf8.count).max() ?? 0

    private var state = State.outside
    /// The string, as names are compared; one byte more than any name when it is longer.
    private var name: [UInt8] = []
    private var scalar: UInt32 = 0

    package init() {}

    /// Whether one begins in this part, or in an earlier one and its value in this.
    package mutating func sees(_ part: [UInt8]) -> Bool { part.contains { take($0) } }

    private mutating func take(_ byte: UInt8) -> Bool {
        switch state {
        case .outside: if byte == UInt8(ascii: "\"") { beginString() }
        case .inString: takeInside(byte)
        case .escape: takeEscape(byte)
        case .unicode(let left): takeDigit(byte, left)
        case .afterString:
            if Self.isSpace(byte) { return false }
            state = byte == UInt8(ascii: ":") && Self.names.contains(name) ? .afterColon : .outside
        case .afterColon:
            if Self.isSpace(byte) { return false }
            state = byte == UInt8(ascii: "\"") ? .valueBegins : .outside
        case .valueBegins:
            if byte != UInt8(ascii: "\"") { return true }
            state = .outside
        }
        return false
    }

    private mutating func beginString() {
        state = .inString
        name.removeAll(keepingCapacity: true)
    }

    private mutating func takeInside(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""): state = .afterString
        case UInt8(ascii: "\\"): state = .escape
        default: add(byte)
        }
    }

    private mutating func takeEscape(_ byte: UInt8) {
        if byte == UInt8(ascii: "u") {
            (state, scalar) = (.unicode(digitsLeft: 4), 0)
        } else {
            state = .inString
            // Of the others none is part of a name.
            add(byte == UInt8(ascii: "/") ? byte : 0)
        }
    }

    private mutating func takeDigit(_ byte: UInt8, _ left: Int) {
        scalar = scalar << 4 | UInt32(Character(Unicode.Scalar(byte)).hexDigitValue ?? 0)
        guard left == 1 else { return state = .unicode(digitsLeft: left - 1) }
        state = .inString
        add(scalar < 128 ? UInt8(scalar) : 0)
    }

    /// Names are compared in small letters, without `_` and `-`.
    private mutating func add(_ byte: UInt8) {
        guard name.count <= Self.longestName, byte != UInt8(ascii: "_"), byte != UInt8(ascii: "-") else {
            return
        }
        name.append((65...90).contains(byte) ? byte + 32 : byte)
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == 32 || byte == 10 || byte == 13 || byte == 9
    }
}

/// How members are called that open an account, in small letters, without `_` and `-`.
enum CredentialNames {
    static let all: Set<String> = [
        "secret", "secretkey", "apisecret", "passphrase", "privatekey", "listenkey", "token",
    ]
}
