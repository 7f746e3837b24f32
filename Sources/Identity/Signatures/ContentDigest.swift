import Crypto

/// `Content-Digest` (RFC 9530): over the body as it is sent, so of a compressed one over the compressed
/// bytes.
package struct ContentDigest: Equatable, Sendable {
    private enum Algorithm: String, CaseIterable {
        case sha256 = "sha-256"
        case sha512 = "sha-512"

        var bytes: Int { self == .sha256 ? SHA256.digestBytes : SHA512.digestBytes }

        func hash(_ body: [UInt8]) -> [UInt8] { self == .sha256 ? SHA256.hash(body) : SHA512.hash(body) }
    }

    private let digests: [(algorithm: Algorithm, digest: [UInt8])]

    /// Every digest that we know must hold; others (RFC 9530 section 5) are passed over, but one of ours must
    /// be there.
    init(_ text: String) throws(SignatureFault) {
        let members: [(name: String, value: StructuredMember)]
        do throws(StructuredReader.Mistake) {
            members = try StructuredReader.dictionary(text.utf8)
        } catch {
            throw Self.malformed
        }
        var digests: [(algorithm: Algorithm, digest: [UInt8])] = []
        for member in members {
            guard let algorithm = Algorithm(rawValue: member.name) else { continue }
            guard case .element(let element) = member.value, case .bytes(let digest) = element.item,
                digest.count == algorithm.bytes, element.parameters.all.isEmpty
            else { throw Self.malformed }
            digests.append((algorithm, digest))
        }
        guard !digests.isEmpty else {
            throw SignatureFault(.digest, "Content-Digest has neither sha-256 nor sha-512.")
        }
        self.digests = digests
    }

    package func check(_ body: [UInt8]) throws(SignatureFault) {
        for (algorithm, digest) in digests
        where !ConstantTime.equal(algorithm.hash(body), digest) {
            throw SignatureFault(
                .digest,
                "The body of \(body.count) bytes, as it was sent, has another \(algorithm.rawValue) digest.")
        }
    }

    package static func == (a: Self, b: Self) -> Bool {
        a.digests.elementsEqual(b.digests) { $0.algorithm == $1.algorithm && $0.digest == $1.digest }
    }

    private static let malformed = SignatureFault(
        .malformed, "Content-Digest must read `sha-256=:…:` or `sha-512=:…:`, the digest in base64.")
}
