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

    /// A JSON body member by member; a form name by name; of anything else its length.
    package static func body(_ bytes: [UInt8]) -> JSONValue {
        if bytes.isEmpty { return .null }
        if let value = try? JSONValue.parse(bytes, limits: limits) { return redacted(value) }
        guard let text = String(validating: bytes, as: UTF8.self), text.contains("="),
            !text.contains(where: \.isNewline)
        else { return .string("[\(bytes.count) bytes]") }
        return .string(form(text))
    }

    /// `a=b&c=d` as it is, but for values of secretive names.
    package static func form(_ text: String) -> String {
        text.split(separator: "&", omittingEmptySubsequences: false).map { pair in
            guard let equals = pair.firstIndex(of: "="), isSecretive(String(pair[..<equals])) else {
                return String(pair)
            }
            return "\(pair[...equals])\(mark)"
        }.joined(separator: "&")
    }

    package static func redacted(_ value: JSONValue) -> JSONValue {
        switch value {
        case .array(let elements): return .array(elements.map(redacted))
        case .object(let object):
            var shown = JSONObject()
            for member in object.members {
                _ = shown.append(
                    member.name, isSecretive(member.name) ? hidden(member.value) : redacted(member.value))
            }
            return .object(shown)
        case .null, .bool, .number, .string: return value
        }
    }

    /// Strings in it are hidden, so that its shape is still to be seen.
    private static func hidden(_ value: JSONValue) -> JSONValue {
        switch value {
        case .string: return .string(mark)
        case .array(let elements): return .array(elements.map(hidden))
        case .object(let object):
            var shown = JSONObject()
            for member in object.members { _ = shown.append(member.name, hidden(member.value)) }
            return .object(shown)
        case .null, .bool, .number: return value
        }
    }

    private static func isSecretive(_ name: String) -> Bool {
        let name = name.lowercased()
        return name == "key" || !name.hasSuffix("_id") && secretive.contains { name.contains($0) }
    }
}
