import Access
import Crypto
import HTTPServer
import JSON
import Kernel

/// The texts that requests about people carry, by the contract's schemas.
extension Fields {
    /// 1 to 100 characters, as `NameText` has them.
    mutating func name(_ field: String = "name") -> String {
        let text = string(field, 1...100)
        if let mistake = NameText.mistake(in: text) { fail(field, code: FieldCode.malformed, mistake) }
        return text
    }

    mutating func email() -> String {
        let text = string("email", 3...EmailText.bytesAtMost)
        if !text.isEmpty, let mistake = EmailText.mistake(in: text) {
            fail("email", code: FieldCode.malformed, mistake)
        }
        return text
    }

    /// A length of time such as `15m` or `30d`.
    mutating func period(optional field: String, _ range: ClosedRange<Period>) -> Period? {
        let example = range.contains(.days(90)) ? "90d or 12h" : "12h or 30m"
        let expected = "a length of time from \(range.lowerBound) to \(range.upperBound), such as \(example)"
        return parsed(optional: field, expected: expected) { text in
            guard text.utf8.count <= 7, text.first != "0", let period = Period(text) else { return nil }
            return range.contains(period) ? period : nil
        }
    }

    mutating func publicKey(optional field: String) -> Ed25519.PublicKey? {
        guard has(field), !isNull(field), let value = take(field) else { return nil }
        do throws(BoundKey.Mistake) {
            return try BoundKey.read(value)
        } catch {
            fail(field, code: FieldCode.malformed, error.message)
            return nil
        }
    }

    /// Free text; line breaks and tabs are fine.
    mutating func text(optional field: String) -> String? {
        guard let text = string(optional: field, 1...1_000) else { return nil }
        checkFree(text, field)
        return text
    }

    /// Why something is done: required, and not blank.
    mutating func reason() -> String { prose("reason") }

    /// Free text that has to say something.
    mutating func prose(_ field: String) -> String {
        let text = string(field, 1...1_000)
        checkFree(text, field)
        if !text.isEmpty, text.allSatisfy(\.isWhitespace) {
            fail(field, code: FieldCode.malformed, "must not be blank")
        }
        return text
    }

    mutating func checkFree(_ text: String, _ field: String) {
        if text.unicodeScalars.contains(where: { $0.isControl && $0 != "\n" && $0 != "\t" }) {
            fail(field, code: FieldCode.malformed, "must not contain control characters")
        }
    }
}

extension Unicode.Scalar {
    /// C0 and DEL.
    fileprivate var isControl: Bool { value < 0x20 || value == 0x7F }
}

extension Request {
    /// A path's id; one that is malformed names nothing.
    func id<Value>(_ parameter: String, _ what: String, _ parse: (String) -> Value?) throws(Problem) -> Value
    {
        guard let value = parse(pathParameter(parameter)) else { throw .notFound(what) }
        return value
    }

    /// Nothing may stand in the query.
    func refuseParameters() throws(Problem) { try parameters().finish() }

    /// `{"reason": …}`, or no body at all.
    nonisolated(nonsending) func reason() async throws -> String? {
        if body.isEmpty { return nil }
        var fields = try await fields(limit: 64 * 1_024)
        if !fields.has("reason") || fields.isNull("reason") {
            fields.fail("reason", code: FieldCode.missing, "is required")
        }
        let reason = fields.text(optional: "reason")
        try fields.finish()
        return reason
    }
}
