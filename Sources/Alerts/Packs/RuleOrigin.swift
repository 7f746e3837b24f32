package import JSON

/// The pack that a rule is of, and the version of it that it was made of.
package struct RuleOrigin: Equatable, Sendable {
    package let pack: String
    /// Of the rule in its pack.
    package let rule: String
    package let version: Int

    package init(pack: String, rule: String, version: Int) {
        (self.pack, self.rule, self.version) = (pack, rule, version)
    }

    init?(_ object: JSONObject) {
        guard let pack = object["pack"]?.asString, let rule = object["rule"]?.asString,
            let version = object["version"]?.asInt
        else { return nil }
        self.init(pack: pack, rule: rule, version: Int(version))
    }

    package var object: JSONObject {
        JSONObject(members: [
            ("pack", .string(pack)), ("rule", .string(rule)), ("version", .number(JSONNumber(version))),
        ])
    }
}
