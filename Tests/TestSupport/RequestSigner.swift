package import Crypto

/// Signs requests as a client by RFC 9421 does, written on its own: by text, without the service's reader.
package struct RequestSigner: Sendable {
    package let key: Ed25519.SigningKey
    /// The id of the access token.
    package var keyID = ""
    package var authority = "test"

    package init() throws { key = try Ed25519.SigningKey() }

    /// What one signature says; tests change it to say something wrong.
    package struct Draft: Sendable {
        package var method: String
        package var path: String
        /// Nil: the request has no question mark.
        package var query: String?
        package var body: [UInt8]
        package var created: Int64
        package var nonce: String
        package var covered: [String]
        /// What is written behind the covered components.
        package var parameters: String?
        /// Fields that are covered, beside the digest.
        package var fields: [(name: String, value: String)] = []

        package init(_ method: String, _ target: String, body: [UInt8], created: Int64) {
            let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
            (self.method, path, self.body, self.created) = (method, String(parts[0]), body, created)
            query = parts.count > 1 ? String(parts[1]) : nil
            nonce = Hex.encode(Randomness.bytes(16))
            covered = ["@method", "@authority", "@path"]
            if query != nil { covered.append("@query") }
            if !body.isEmpty { covered.append("content-digest") }
        }
    }

    /// The fields that make the request a signed one.
    package func fields(_ draft: Draft) -> [(name: String, value: String)] {
        var fields: [(name: String, value: String)] = []
        if draft.covered.contains("content-digest") {
            let digest = Base64.encode(SHA256.hash(draft.body))
            fields.append((name: "content-digest", value: "sha-256=:\(digest):"))
        }
        let names = draft.covered.map { "\"\($0)\"" }.joined(separator: " ")
        let usual = ";created=\(draft.created);nonce=\"\(draft.nonce)\";keyid=\"\(keyID)\";alg=\"ed25519\""
        let input = "(\(names))\(draft.parameters ?? usual)"
        var base = ""
        for name in draft.covered {
            base += "\"\(name)\": \(value(name, draft, fields + draft.fields))\n"
        }
        let signature = key.signature(for: base + "\"@signature-params\": \(input)")
        fields.append((name: "signature-input", value: "sig1=\(input)"))
        fields.append((name: "signature", value: "sig1=:\(Base64.encode(signature)):"))
        return fields
    }

    private func value(
        _ name: String, _ draft: Draft, _ fields: [(name: String, value: String)]
    ) -> String {
        switch name {
        case "@method": draft.method
        case "@authority": authority
        case "@path": draft.path
        case "@query": "?\(draft.query ?? "")"
        default: fields.filter { $0.name == name }.map(\.value).joined(separator: ", ")
        }
    }
}
