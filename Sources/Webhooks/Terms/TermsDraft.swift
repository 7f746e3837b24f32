import Crypto
import Events
import Expressions
import HTTPClient
package import JSON
import Kernel

/// What a request says of an endpoint's terms; what it leaves out stays. Null is the default.
struct TermsDraft {
    struct ClientCertificate {
        let chain: CertificateChain
        /// PEM, to be sealed.
        let key: String
    }

    private var isOrdered: Bool?
    private var isBatched: Bool?
    private var maxPerSecond: Int??
    private var payload: DeliveryTerms.Payload?
    private var matchers: [LabelMatcher]?
    private var template: MessageTemplate??
    /// Names as they were written, in the order of names.
    private(set) var headers: [OutgoingHeader]?
    private(set) var certificate: ClientCertificate??
    private var authority: String??

    /// - Parameters:
    ///   - patterns: what the endpoint takes from now on; a template is tried on samples of that.
    ///   - stored: the terms that it has.
    init(_ fields: inout Fields, patterns: [String], stored: DeliveryTerms = DeliveryTerms()) {
        if fields.has("ordered") { isOrdered = fields.bool(optional: "ordered") ?? false }
        if fields.has("batch") { isBatched = fields.bool(optional: "batch") ?? false }
        if fields.has("max_per_second") {
            maxPerSecond = .some(fields.int(optional: "max_per_second", DeliveryTerms.ratesPerSecond))
        }
        if fields.has("payload") {
            payload = fields.choice(optional: "payload", DeliveryTerms.Payload.self) ?? .full
        }
        if fields.has("matchers") { matchers = fields.labelMatchers() }
        let effective = payload ?? stored.payload
        if fields.has("template") {
            template = .some(fields.template(SampleMessage.all(of: patterns, effective)))
        } else if let template = stored.template, fields.has("event_types") || effective != stored.payload {
            let field = effective == stored.payload ? "event_types" : "payload"
            fields.check(template, on: SampleMessage.all(of: patterns, effective), field)
        }
        if fields.has("headers") { headers = fields.ownHeaders() }
        if fields.has("client_certificate") { certificate = .some(fields.clientCertificate()) }
        if fields.has("authority") { authority = .some(fields.authority()) }
        if isOrdered == true, isBatched == true { Self.refuseOrderOfBatches(&fields) }
    }

    private static func refuseOrderOfBatches(_ fields: inout Fields) {
        fields.fail("batch", code: "not_with_ordered", "cannot be had together with ordered")
    }

    var isEmpty: Bool {
        isOrdered == nil && isBatched == nil && maxPerSecond == nil && payload == nil && matchers == nil
            && template == nil && headers == nil && certificate == nil && authority == nil
    }

    func apply(to terms: inout DeliveryTerms) {
        terms.isOrdered = isOrdered ?? terms.isOrdered
        terms.isBatched = isBatched ?? terms.isBatched
        if let maxPerSecond { terms.maxPerSecond = maxPerSecond }
        terms.payload = payload ?? terms.payload
        terms.matchers = matchers ?? terms.matchers
        if let template { terms.template = template }
        if let authority { terms.authority = authority }
        if let headers { terms.headerNames = headers.map(\.name) }
        if let certificate {
            terms.certificate = certificate.map {
                DeliveryTerms.Certificate(pem: $0.chain.pem, expiresAt: $0.chain.notAfter)
            }
        }
    }
}

extension Fields {
    static let matchersAtMost = 16
    static let headersAtMost = 20

    /// - Parameter least: how many there must be.
    package mutating func labelMatchers(atLeast least: Int = 0) -> [LabelMatcher] {
        if least > 0, !has("matchers") { fail("matchers", code: FieldCode.missing, "is required") }
        let read = array(optional: "matchers", count: least...Self.matchersAtMost) { f -> LabelMatcher? in
            let name = f.labelName()
            let comparison = f.choice("operator", LabelMatcher.Comparison.self, default: .equal)
            let value = f.string("value", 0...1_000)
            guard let name else { return nil }
            do throws(RegexMistake) {
                return try LabelMatcher(name, comparison, value)
            } catch {
                f.fail("value", code: FieldCode.malformed, "is no pattern: \(error.message)")
                return nil
            }
        }
        return (read ?? []).compactMap(\.self)
    }

    /// As rules name them.
    private mutating func labelName() -> String? {
        parsed("name", expected: "a label's name: lower-case letters, digits and _.-, at most 63") { text in
            let isName = text.utf8.allSatisfy { byte in
                (97...122).contains(byte) || (48...57).contains(byte) || [45, 46, 95].contains(byte)
            }
            return isName && (1...63).contains(text.utf8.count) ? text : nil
        }
    }

    /// Other types, or ids alone, may leave a template nothing to say.
    fileprivate mutating func check(
        _ template: MessageTemplate, on samples: [TemplateSample], _ field: String
    ) {
        guard let mistake = template.mistake(on: samples) else { return }
        fail(
            field, code: "not_with_template",
            "does not go with the webhook's template, which \(mistake.message)")
    }

    fileprivate mutating func template(_ samples: [TemplateSample]) -> MessageTemplate? {
        guard let value = take("template"), !value.isNull else { return nil }
        do throws(MessageTemplate.Mistake) {
            let template = try MessageTemplate(value)
            if let mistake = template.mistake(on: samples) { throw mistake }
            guard samples.allSatisfy({ template.render($0.message).count <= MessageBody.limitBytes }) else {
                throw MessageTemplate.Mistake(message: "gives more than 20 kB on a sample")
            }
            return template
        } catch {
            fail("template", code: FieldCode.malformed, error.message)
            return nil
        }
    }

    fileprivate mutating func ownHeaders() -> [OutgoingHeader] {
        guard let value = take("headers"), !value.isNull else { return [] }
        guard let object = value.asObject else {
            fail("headers", code: FieldCode.wrongType, "must be an object of strings")
            return []
        }
        if object.count > Self.headersAtMost {
            fail("headers", code: FieldCode.tooMany, "must have at most \(Self.headersAtMost) names")
        }
        var headers: [OutgoingHeader] = []
        var seen: Set<String> = []
        for member in object.members.prefix(Self.headersAtMost) {
            if let mistake = OwnHeader.mistake(member.name, member.value) {
                fail("headers", code: FieldCode.malformed, mistake)
            } else if !seen.insert(member.name.lowercased()).inserted {
                fail("headers", code: "repeated", "names \(member.name) twice")
            }
            headers.append(OutgoingHeader(member.name, member.value.asString ?? ""))
        }
        return headers.sorted { $0.name < $1.name }
    }

    fileprivate mutating func clientCertificate() -> TermsDraft.ClientCertificate? {
        object(optional: "client_certificate") { f -> TermsDraft.ClientCertificate? in
            let certificate = f.string("certificate", 1...CertificateChain.textBytesAtMost)
            let key = f.string("key", 1...16_384)
            // Each by itself, so that both mistakes are told.
            let pair = key.isEmpty ? nil : f.privateKey(key)
            guard !certificate.isEmpty else { return nil }
            do throws(CertificateChain.Refusal) {
                let chain = try CertificateChain(pem: certificate)
                guard let pair else { return nil }
                try chain.check(pair)
                return TermsDraft.ClientCertificate(chain: chain, key: key)
            } catch {
                f.fail("certificate", code: FieldCode.malformed, error.sentence)
                return nil
            }
        }.flatMap(\.self)
    }

    private mutating func privateKey(_ text: String) -> PrivateKey? {
        do throws(CryptoError) {
            return try PrivateKey(pem: Secret(copying: Array(text.utf8)))
        } catch {
            var sentence = "is no private key that can be read"
            if case .keyRefused(let refusal) = error { sentence = refusal.sentence }
            fail("key", code: FieldCode.malformed, sentence)
            return nil
        }
    }
}

extension CertificateChain.Refusal {
    fileprivate var sentence: String {
        switch self {
        case .tooLong: "is longer than any chain that is taken"
        case .malformed: "must be PEM: the certificate, then its chain, and nothing else"
        case .tooMany: "has more than \(CertificateChain.certificatesAtMost) certificates"
        case .otherKey: "belongs to another key"
        }
    }
}
