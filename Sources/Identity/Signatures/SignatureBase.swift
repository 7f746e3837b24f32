/// What is signed: a line for each covered component, then the parameters (RFC 9421 section 2.5). Pure.
enum SignatureBase {
    static func bytes(of message: SignedMessage, _ covered: StructuredList) throws(SignatureFault) -> [UInt8]
    {
        var lines = ""
        var seen: Set<String> = []
        for element in covered.elements {
            let name = try name(of: element)
            guard seen.insert(name).inserted else {
                throw SignatureFault(.ambiguous, "\(element.text) is covered twice.")
            }
            lines += "\(element.text): \(try value(of: name, in: message))\n"
        }
        return Array("\(lines)\"@signature-params\": \(covered.text)".utf8)
    }

    /// Components have names alone: what parameters ask for (`sf`, `bs`, `key`, `req`, `tr`, `name`) could be
    /// read in more than one way.
    private static func name(of element: StructuredElement) throws(SignatureFault) -> String {
        guard case .string(let name) = element.item, !name.isEmpty else {
            throw SignatureFault(.malformed, "Covered components are strings, each the name of one.")
        }
        guard element.parameters.all.isEmpty else {
            throw SignatureFault(
                .unsupported, "\(element.text): parameters of components are not supported.")
        }
        return name
    }

    private static func value(of name: String, in message: SignedMessage) throws(SignatureFault) -> String {
        guard name.hasPrefix("@") else { return try field(name, of: message) }
        let query = message.query.map { "?\($0)" }
        switch name {
        case "@method": return message.method
        case "@scheme": return message.scheme
        case "@authority": return try authority(of: message)
        case "@path": return message.path
        // Section 2.2.7: without a query it is the question mark alone.
        case "@query": return query ?? "?"
        case "@request-target": return message.path + (query ?? "")
        case "@target-uri":
            return "\(message.scheme)://\(try authority(of: message))\(message.path)\(query ?? "")"
        default:
            throw SignatureFault(.unsupported, "\(StructuredItem.string(name).text) is not supported.")
        }
    }

    private static func authority(of message: SignedMessage) throws(SignatureFault) -> String {
        guard let authority = message.authority else {
            throw SignatureFault(.component, "The request has no Host, which \"@authority\" is taken from.")
        }
        return authority
    }

    /// Section 2.1: all values of that name, joined. What is not ASCII has no agreed bytes.
    private static func field(_ name: String, of message: SignedMessage) throws(SignatureFault) -> String {
        let values = message.values(name)
        guard !values.isEmpty else {
            let lower = name.lowercased()
            let hint = lower == name ? "" : " Names of fields are lower-case."
            throw SignatureFault(
                .component, "\(StructuredItem.string(name).text) is covered, but not in the request.\(hint)")
        }
        let value = values.joined(separator: ", ")
        guard value.utf8.allSatisfy({ $0 < 0x80 }) else {
            throw SignatureFault(.unsupported, "The field \(name) is not ASCII, so it cannot be covered.")
        }
        return value
    }
}
