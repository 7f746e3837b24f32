package import Access
package import Crypto
package import Kernel

/// A signature that verified, over a head: what remains is that its nonce is new, and that the body is the
/// one whose digest was signed. Pure.
package struct RequestSignature: Equatable, Sendable {
    /// How far `created` may be from the clock of the node that judges.
    package static let tolerance: Period = .seconds(60)
    static let nonceBytes = 8...128
    static let algorithm = "ed25519"
    /// Of whoever signs for several uses of one key.
    static let tag = "keybell"

    package let nonce: String
    package let created: Timestamp
    /// Nil where there is no body.
    package let digest: ContentDigest?

    package static func verified(
        _ message: SignedMessage, hasBody: Bool, by key: Ed25519.PublicKey, of token: AccessTokenID,
        at now: Timestamp
    ) throws(SignatureFault) -> RequestSignature {
        let (covered, signature) = try chosen(message, token)
        let terms = try SignatureTerms(covered.parameters)
        try terms.check(at: now)
        try checkCoverage(covered, message, hasBody: hasBody)
        let base = try SignatureBase.bytes(of: message, covered)
        let digest = try message.only("content-digest")
        guard key.isValid(signature, for: base) else { throw wrong(base) }
        return RequestSignature(
            nonce: terms.nonce, created: terms.created,
            digest: covers(covered, "content-digest") ? try digest.map(ContentDigest.init) : nil)
    }

    /// The one signature that is this token's. Others beside it are somebody else's business.
    private static func chosen(
        _ message: SignedMessage, _ token: AccessTokenID
    ) throws(SignatureFault) -> (StructuredList, [UInt8]) {
        let inputs = try dictionary("signature-input", of: message, token)
        let signatures = try dictionary("signature", of: message, token)
        guard Set(inputs.map(\.name)) == Set(signatures.map(\.name)) else {
            throw SignatureFault(.malformed, "Signature and Signature-Input must have the same labels.")
        }
        var mine: [(label: String, covered: StructuredList)] = []
        for input in inputs {
            guard case .list(let covered) = input.value else {
                throw SignatureFault(.malformed, "Every member of Signature-Input is a list in parentheses.")
            }
            if covered.parameters["keyid"] == .string("\(token)") { mine.append((input.name, covered)) }
        }
        guard let (label, covered) = mine.first else {
            throw SignatureFault(.missing, "No signature has the keyid \"\(token)\", this access token's id.")
        }
        guard mine.count == 1 else {
            throw SignatureFault(.ambiguous, "More than one signature has the keyid \"\(token)\".")
        }
        guard case .element(let element)? = signatures.first(where: { $0.name == label })?.value,
            case .bytes(let signature) = element.item, element.parameters.all.isEmpty,
            signature.count == Ed25519.signatureBytes
        else { throw SignatureFault(.malformed, "The signature must read `:…:`, 64 bytes in base64.") }
        return (covered, signature)
    }

    private static func dictionary(
        _ name: String, of message: SignedMessage, _ token: AccessTokenID
    ) throws(SignatureFault) -> [(name: String, value: StructuredMember)] {
        guard let text = try message.only(name) else {
            throw SignatureFault(
                .missing,
                """
                This access token is bound to a key: every request must be signed by RFC 9421, with the \
                keyid "\(token)". There is no \(name == "signature" ? "Signature" : "Signature-Input").
                """)
        }
        do throws(StructuredReader.Mistake) {
            return try StructuredReader.dictionary(text.utf8)
        } catch .malformed(let offset) {
            throw SignatureFault(.malformed, "\(name) is no structured dictionary, at byte \(offset).")
        } catch {
            throw SignatureFault(.malformed, "\(name) is larger than is taken here.")
        }
    }

    private static func checkCoverage(
        _ covered: StructuredList, _ message: SignedMessage, hasBody: Bool
    ) throws(SignatureFault) {
        var wanted = ["@method", "@authority", "@path"]
        if message.query != nil { wanted.append("@query") }
        if hasBody { wanted.append("content-digest") }
        let missing = wanted.filter { !covers(covered, $0) }
        guard missing.isEmpty else {
            let names = missing.map { "\"\($0)\"" }.joined(separator: ", ")
            throw SignatureFault(.component, "The signature must also cover \(names).")
        }
        // What stands twice could be read as either by whoever is behind us.
        for case .string(let name) in covered.elements.map(\.item) { _ = try message.only(name) }
    }

    private static func covers(_ covered: StructuredList, _ name: String) -> Bool {
        covered.elements.contains { $0.item == .string(name) }
    }

    /// The digest of what should have been signed lets the sender compare, and shows nothing of it.
    private static func wrong(_ base: [UInt8]) -> SignatureFault {
        SignatureFault(
            .wrong,
            """
            The signature does not verify under the token's public key. The signature base as it is seen \
            here has \(base.count) bytes and the SHA-256 \(Hex.encode(SHA256.hash(base))).
            """)
    }
}

/// The parameters of a signature (RFC 9421 section 2.3).
private struct SignatureTerms {
    let created: Timestamp
    let expires: Timestamp?
    let nonce: String

    init(_ parameters: StructuredParameters) throws(SignatureFault) {
        for (name, value) in parameters.all { try Self.check(name, value) }
        guard let created = try Self.time("created", parameters) else {
            throw Self.fault("created is missing: when it was signed, in seconds since 1970")
        }
        guard case .string(let nonce)? = parameters["nonce"],
            RequestSignature.nonceBytes.contains(nonce.utf8.count)
        else { throw Self.fault("nonce must be a string of 8 to 128 characters, never used before") }
        (self.created, self.nonce, expires) = (created, nonce, try Self.time("expires", parameters))
    }

    func check(at now: Timestamp) throws(SignatureFault) {
        let distance = now - created
        guard abs(distance.microseconds) <= RequestSignature.tolerance.microseconds else {
            let seconds = abs(distance.microseconds) / 1_000_000
            throw SignatureFault(
                .clock,
                """
                created is \(seconds) s \(distance.microseconds > 0 ? "behind" : "ahead of") this node's \
                clock, which says \(now); at most 60 s are taken.
                """)
        }
        if let expires, expires <= now { throw SignatureFault(.clock, "The signature's expires is over.") }
    }

    private static func check(_ name: String, _ value: StructuredItem) throws(SignatureFault) {
        switch name {
        case "created", "expires", "nonce", "keyid": return
        case "alg" where value == .string(RequestSignature.algorithm): return
        case "alg": throw fault("alg must be \"\(RequestSignature.algorithm)\", or be left out")
        case "tag" where value == .string(RequestSignature.tag): return
        case "tag": throw fault("tag must be \"\(RequestSignature.tag)\", or be left out")
        default: throw SignatureFault(.unsupported, "The parameter \(name) is not supported.")
        }
    }

    private static func time(
        _ name: String, _ parameters: StructuredParameters
    ) throws(SignatureFault) -> Timestamp? {
        guard let value = parameters[name] else { return nil }
        // Up to the year 9999.
        guard case .integer(let seconds) = value, (0...253_402_300_799).contains(seconds) else {
            throw fault("\(name) must be a whole number of seconds since 1970")
        }
        return Timestamp(seconds: seconds)
    }

    private static func fault(_ what: String) -> SignatureFault { SignatureFault(.parameter, "\(what).") }
}
