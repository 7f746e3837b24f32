import Events
import HTTPClient
import JSON
import Kernel

/// How the fields of a webhook are read, the same when it is made and when it is changed.
extension Fields {
    mutating func webhookName(_ name: String) -> String {
        let text = string(name, 1...100)
        checkName(name, text)
        return text
    }

    mutating func webhookName(optional name: String) -> String? {
        if has(name), isNull(name) { fail(name, code: FieldCode.wrongType, "must be a string") }
        let text = string(optional: name, 1...100)
        if let text { checkName(name, text) }
        return text
    }

    private mutating func checkName(_ name: String, _ text: String) {
        if let mistake = NameText.mistake(in: text) { fail(name, code: FieldCode.malformed, mistake) }
    }

    /// What of the address guard's rules can be seen in the text; the rest is checked when it is sent to.
    mutating func webhookURL(optional name: String, _ allowance: Allowance) -> String? {
        if has(name), isNull(name) { fail(name, code: FieldCode.wrongType, "must be a string") }
        guard let text = string(optional: name, 8...2_048) else { return nil }
        do throws(URLRefusal) {
            _ = try OutgoingURL(text, allowance: allowance)
        } catch {
            fail(name, code: error.rawValue, error.sentence)
        }
        return text
    }

    mutating func eventPatterns(_ name: String) -> [String]? {
        if has(name), isNull(name) { fail(name, code: FieldCode.wrongType, "must be an array") }
        guard let texts = strings(optional: name, count: 1...200, each: 3...100) else { return nil }
        var seen: Set<String> = []
        for (index, text) in texts.enumerated() {
            if EventPattern(text) == nil {
                fail(name, index: index, code: "unknown_event_type", EventPattern.mistake(in: text))
            } else if !seen.insert(text).inserted {
                fail(name, index: index, code: "repeated", "stands twice")
            }
        }
        return texts
    }
}
