import HTTPServer
package import JSON

/// What a request or an answer says, without secrets: fields that carry some are told by their names.
package enum Redaction {
    package static let mark = "[redacted]"
    /// Part of a field's name, in small letters, that makes it one.
    private static let secretive = [
        "secret", "passphrase", "password", "token", "private_key", "privatekey", "seed", "share",
        "signature", "api_key", "apikey", "credential", "link", "url", "pem", "certificate", "routing_key",
        "headers", "authorization", "cookie",
    ]
    private static let limits = JSONLimits(textBytes: 1 << 20)

    /// Whose names they are.
    package enum Vocabulary {
        case keybell
        /// An exchange's. There `key` is no secret: at Kraken it is where a withdrawal goes.
        case exchange
    }

    /// A JSON body member by member; a form name by name; of anything else its length.
    package static func body(_ bytes: [UInt8], _ names: Vocabulary = .keybell) -> JSONValue {
        if bytes.isEmpty { return .null }
        if let value = try? JSONValue.parse(bytes, limits: limits) { return redacted(value, names) }
        guard let text = String(validating: bytes, as: UTF8.self), text.contains("="),
            !text.contains(where: \.isNewline)
        else { return .string("[\(bytes.count) bytes]") }
        return .string(form(text, names))
    }

    /// `a=b&c=d` as it is, but for values of secretive names.
    package static func form(_ text: String, _ names: Vocabulary = .keybell) -> String {
        text.split(separator: "&", omittingEmptySubsequences: false).map { pair in
            guard let equals = pair.firstIndex(of: "="), isSecretive(written: pair[..<equals], names) else {
                return String(pair)
            }
            return "\(pair[...equals])\(mark)"
        }.joined(separator: "&")
    }

    /// As whoever reads the form would read the name; what nobody can read is hidden.
    private static func isSecretive(written name: Substring, _ names: Vocabulary) -> Bool {
        do throws(PercentDecodingError) {
            return isSecretive(
                try PercentDecoding.decode(Array(name.utf8)[...], plusIsSpace: true), names)
        } catch {
            return true
        }
    }

    package static func redacted(_ value: JSONValue, _ names: Vocabulary = .keybell) -> JSONValue {
        switch value {
        case .array(let elements): return .array(elements.map { redacted($0, names) })
        case .object(let object):
            var shown = JSONObject()
            for member in object.members {
                let isSecret = isSecretive(member.name, names)
                _ = shown.append(
                    member.name, isSecret ? hidden(member.value) : redacted(member.value, names))
            }
            return .object(shown)
        case .null, .bool, .number, .string: return value
        }
    }

    /// Strings in it are hidden, so that its shape is still to be seen.
    private static func hidden(_ value: JSONValue) -> JSONValue {
        switch value {
        case .string(let text): return .string(origin(of: text) + mark)
        case .array(let elements): return .array(elements.map(hidden))
        case .object(let object):
            var shown = JSONObject()
            for member in object.members { _ = shown.append(member.name, hidden(member.value)) }
            return .object(shown)
        case .null, .bool, .number: return value
        }
    }

    /// Whoever approves where messages go has to see to whom. What makes an address a secret comes after it.
    private static func origin(of text: String) -> String {
        guard let scheme = text.firstRange(of: "://"), text.count <= 2_048 else { return "" }
        let authority = text[scheme.upperBound...].prefix { !"/?#\\".contains($0) }
        guard text[..<scheme.lowerBound].allSatisfy({ $0.isASCII && $0.isLetter }), !authority.isEmpty,
            authority.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || ".:-[]".contains($0)) })
        else { return "" }
        return "\(text[..<scheme.lowerBound])://\(authority)/"
    }

    private static func isSecretive(_ name: String, _ names: Vocabulary) -> Bool {
        let name = name.lowercased()
        if name == "key" { return names == .keybell }
        return !name.hasSuffix("_id") && secretive.contains { name.contains($0) }
    }
}
