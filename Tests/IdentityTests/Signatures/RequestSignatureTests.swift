import Access
import Crypto
import HTTPServer
import Kernel
import TestSupport
import Testing

@testable import Identity

/// What a bound token's request must be signed like, and what is not taken for it.
@Suite struct RequestSignatureTests {
    private let token = AccessTokenID(UUID(high: 1, low: 2))
    private let now = Timestamp.testStart
    private let signer: RequestSigner

    init() throws {
        var signer = try RequestSigner()
        signer.keyID = token.description
        self.signer = signer
    }

    private func draft(_ method: String = "POST", _ target: String = "/v1/keys?a=b", body: String = "{}")
        -> RequestSigner.Draft
    {
        RequestSigner.Draft(method, target, body: Array(body.utf8), created: now.seconds)
    }

    /// Why a request with these fields is refused; nil: it counts.
    private func reason(
        _ draft: RequestSigner.Draft, _ fields: [(name: String, value: String)]? = nil,
        at now: Timestamp? = nil, target: String? = nil
    ) throws -> SignatureFault.Reason? {
        let own = target ?? draft.path + (draft.query.map { "?\($0)" } ?? "")
        let request = try testRequest(
            draft.method, own, headers: (fields ?? signer.fields(draft)) + draft.fields, body: draft.body)
        let key = signer.key.publicKey
        do throws(SignatureFault) {
            let verified = try RequestSignature.verified(
                SignedMessage(request), hasBody: !request.body.isEmpty, by: key, of: token,
                at: now ?? self.now)
            #expect(verified.nonce == draft.nonce)
            try verified.digest?.check(draft.body)
            return nil
        } catch {
            #expect(error.detail.hasSuffix("."))
            return error.reason
        }
    }

    @Test func `a request that is signed in full counts`() throws {
        #expect(try reason(draft()) == nil)
        #expect(try reason(draft("GET", "/v1/keys", body: "")) == nil)
        #expect(try reason(draft("GET", "/v1/keys?", body: "")) == nil)
        #expect(try reason(draft("DELETE", "/v1/keys/%7Ea?x=%20y", body: "")) == nil)
        var more = draft()
        more.covered += ["content-type", "idempotency-key"]
        more.fields = [("content-type", "application/json"), ("idempotency-key", "a-key")]
        #expect(try reason(more) == nil)
        more.parameters = """
            ;expires=\(now.seconds + 5);tag="keybell";keyid="\(token)";nonce="\(more.nonce)";\
            created=\(now.seconds)
            """
        #expect(try reason(more) == nil)
    }

    @Test(arguments: ["@method", "@authority", "@path", "@query", "content-digest"])
    func `every component that must be covered is missed`(name: String) throws {
        var less = draft()
        less.covered.removeAll { $0 == name }
        #expect(try reason(less) == .component)
    }

    @Test func `an empty query must be covered too, and a digest where there is a body`() throws {
        var less = draft("GET", "/v1/keys?", body: "")
        less.covered.removeAll { $0 == "@query" }
        #expect(try reason(less) == .component)
        // Without a query it may be covered.
        var more = draft("GET", "/v1/keys", body: "")
        more.covered.append("@query")
        #expect(try reason(more) == nil)
        #expect(try reason(more, target: "/v1/keys?added=1") == .wrong)
    }

    @Test func `a signature is for one method, authority, path, query and body`() throws {
        let draft = draft()
        let fields = signer.fields(draft)
        var other = draft
        other.method = "PUT"
        #expect(try reason(other, fields) == .wrong)
        for target in ["/v1/keyz?a=b", "/v1/keys?a=c", "/v1/keys?a=b&a=b", "/v1/%6Beys?a=b", "/v1/keys?"] {
            #expect(try reason(draft, fields, target: target) == .wrong, "\(target)")
        }
        var elsewhere = signer
        elsewhere.authority = "other.example"
        #expect(try reason(draft, elsewhere.fields(draft)) == .wrong)
        other = draft
        other.body = Array("{ }".utf8)
        #expect(try reason(other, fields) == .digest)
        var stranger = try RequestSigner()
        stranger.keyID = signer.keyID
        #expect(try reason(draft, stranger.fields(draft)) == .wrong)
    }

    @Test(arguments: [(-60, true), (60, true), (-61, false), (61, false), (-86_400, false), (86_400, false)])
    func `a minute of difference is borne, and not more`(seconds: Int64, counts: Bool) throws {
        #expect(try reason(draft(), at: now + .seconds(seconds)) == (counts ? nil : .clock))
    }

    @Test func `expires is honoured`() throws {
        for (end, counts) in [(now.seconds + 1, true), (now.seconds, false), (now.seconds - 1, false)] {
            var draft = draft()
            draft.parameters =
                ";created=\(now.seconds);nonce=\"\(draft.nonce)\";keyid=\"\(token)\";expires=\(end)"
            #expect(try reason(draft) == (counts ? nil : .clock))
        }
    }

    @Test(arguments: [
        ("", SignatureFault.Reason.missing), (";keyid=\"K\"", .parameter),
        (";keyid=\"K\";created=N", .parameter), (";keyid=\"K\";nonce=\"0123456789\"", .parameter),
        (";keyid=\"K\";created=N;nonce=\"short\"", .parameter),
        (";keyid=\"K\";created=N;nonce=0123456789", .parameter),
        (";keyid=\"K\";created=\"N\";nonce=\"0123456789\"", .parameter),
        (";keyid=\"K\";created=-1;nonce=\"0123456789\"", .parameter),
        (";keyid=\"K\";created=999999999999999;nonce=\"0123456789\"", .parameter),
        (";keyid=K;created=N;nonce=\"0123456789\"", .missing),
        (";keyid=\"tok_other\";created=N;nonce=\"0123456789\"", .missing),
        (";created=N;nonce=\"0123456789\"", .missing),
        (";keyid=\"K\";created=N;nonce=\"0123456789\";alg=\"hmac-sha256\"", .parameter),
        (";keyid=\"K\";created=N;nonce=\"0123456789\";alg=ed25519", .parameter),
        (";keyid=\"K\";created=N;nonce=\"0123456789\";tag=\"other\"", .parameter),
        (";keyid=\"K\";created=N;nonce=\"0123456789\";unknown", .unsupported),
        (";keyid=\"K\";created=N;created=N;nonce=\"0123456789\"", .malformed),
    ])
    func `parameters that are missing, wrong or unknown are refused`(
        parameters: String, expected: SignatureFault.Reason
    ) throws {
        var draft = draft()
        draft.parameters = parameters.replacing("\"K\"", with: "\"\(token)\"")
            .replacing("=N", with: "=\(now.seconds)").replacing("\"N\"", with: "\"\(now.seconds)\"")
        #expect(try reason(draft) == expected)
    }

    @Test(arguments: [
        (#""@method";req"#, SignatureFault.Reason.unsupported), (#""content-type";sf"#, .unsupported),
        (#""content-type";bs"#, .unsupported), (#""content-type";key="a""#, .unsupported),
        (#""@query-param";name="a""#, .unsupported), (#""@query-param""#, .unsupported),
        (#""@status""#, .unsupported), (#""@signature-params""#, .unsupported), (#""@method""#, .ambiguous),
        (#""""#, .malformed), ("method", .malformed), ("1", .malformed), (#""x-absent""#, .component),
        (#""Content-Type""#, .component),
    ])
    func `components that we do not know, or that stand twice, are refused`(
        component: String, expected: SignatureFault.Reason
    ) throws {
        let draft = draft()
        let fields = signer.fields(draft).map { field in
            (name: field.name, value: field.value.replacing("\"@path\"", with: "\"@path\" \(component)"))
        }
        #expect(try reason(draft, fields + [("content-type", "a")]) == expected)
    }

    @Test func `fields that stand twice are refused, and so is one that no two read alike`() throws {
        let draft = draft()
        let fields = signer.fields(draft)
        for field in fields { #expect(try reason(draft, fields + [field]) == .ambiguous, "\(field.name)") }
        var covering = draft
        covering.covered.append("x-a")
        covering.fields = [("x-a", "1"), ("x-a", "2")]
        #expect(try reason(covering) == .ambiguous)
        covering.fields = [("x-a", "é")]
        #expect(try reason(covering) == .unsupported)
    }

    @Test func `exactly one signature is the token's, whatever stands beside it`() throws {
        let draft = draft()
        let fields = signer.fields(draft)
        func with(_ input: String, _ signature: String) -> [(name: String, value: String)] {
            fields.map { field in
                switch field.name {
                case "signature-input": (field.name, field.value + input)
                case "signature": (field.name, field.value + signature)
                default: field
                }
            }
        }
        #expect(try reason(draft, with(#", other=("@method");keyid="else""#, ", other=:AAAA:")) == nil)
        #expect(try reason(draft, with(#", other=("@method");keyid="else""#, "")) == .malformed)
        #expect(try reason(draft, with("", ", other=:AAAA:")) == .malformed)
        #expect(try reason(draft, with(", other=1", ", other=:AAAA:")) == .malformed)
        let twin = #", other=("@method");keyid="\#(token)""#
        #expect(try reason(draft, with(twin, ", other=:AAAA:")) == .ambiguous)
        for name in ["signature", "signature-input"] {
            #expect(try reason(draft, fields.filter { $0.name != name }) == .missing)
        }
    }

    @Test(arguments: [
        "sig1=:AAAA:", "sig1=1", "sig1", "sig1=(:AAAA:)", "sig1=:A:", "sig1=AAAA", "", "sig2=:AAAA:",
    ])
    func `a signature that is none is refused`(text: String) throws {
        let draft = draft()
        let fields = signer.fields(draft).map { $0.name == "signature" ? ($0.name, text) : $0 }
        #expect(try reason(draft, fields) == .malformed)
    }

    @Test func `noise in place of the fields never counts, and never traps`() throws {
        let random = SeededGenerator(seed: 30)
        let draft = draft()
        let fields = signer.fields(draft)
        for _ in 0..<5_000 {
            let position = Int(random.next() % UInt64(fields.count))
            var noisy = fields
            var bytes = Array(noisy[position].value.utf8)
            let index = Int(random.next() % UInt64(bytes.count))
            let byte = UInt8(0x21 + random.next() % 0x5E)
            guard bytes[index] != byte else { continue }
            bytes[index] = byte
            noisy[position].value = String(decoding: bytes, as: UTF8.self)
            // A label may be any.
            if noisy[position].name != "content-digest", index < 4 { continue }
            #expect(try reason(draft, noisy) != nil, "\(noisy[position])")
        }
    }
}
