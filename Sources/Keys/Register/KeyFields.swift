import Access
import Exchanges
import JSON
import Kernel

/// How the fields of a key are read, the same when it is registered and when it is changed.
extension Fields {
    /// 1 to 100 characters, as `NameText` has them.
    mutating func name(_ name: String) -> String {
        let text = string(name, 1...100)
        checkName(name, text)
        return text
    }

    mutating func name(optional name: String) -> String? {
        refuseNull(name)
        let text = string(optional: name, 1...100)
        if let text { checkName(name, text) }
        return text
    }

    mutating func checkName(_ name: String, _ text: String) {
        if let mistake = NameText.mistake(in: text) { fail(name, code: FieldCode.malformed, mistake) }
    }

    mutating func tags() -> [String]? {
        list("tags", most: 32, expected: "lower-case letters, digits and _.:-, at most 63") {
            Self.isTag($0) ? $0 : nil
        }
    }

    static func isTag(_ text: String) -> Bool { Scope.Selector.isTag(text) }

    mutating func permissions() -> [KeyPermission]? {
        refuseNull("permissions")
        guard let permissions = choices(optional: "permissions", KeyPermission.self, count: 0...6) else {
            return nil
        }
        refuseRepeats("permissions", permissions)
        return permissions
    }

    mutating func addresses() -> [CIDR]? {
        list("ip_allow_list", most: 100, expected: "an address, or a network without host bits") { CIDR($0) }
    }

    /// The name of an address; whether there is one of it, the register knows.
    mutating func egressAddress() -> String? {
        guard has("egress_address"), !isNull("egress_address") else { return nil }
        return parsed(optional: "egress_address", expected: "the name of a source address") {
            EgressAddress.isName($0) ? $0 : nil
        }
    }

    /// Where there is no passphrase, there is none to disclose.
    mutating func checkPassphrase(of exchange: ExchangeName) {
        if Exchange.of(exchange).hasPassphrase { return }
        fail(
            "passphrase_disclosable", code: "not_allowed",
            "is for exchanges whose credentials have a passphrase")
    }

    mutating func principal(_ name: String) -> PrincipalID? {
        refuseNull(name)
        return parsed(optional: name, expected: "the id of a user or a service account") { PrincipalID($0) }
    }

    mutating func time(_ name: String) -> Timestamp? {
        parsed(optional: name, expected: "an RFC 3339 time") { Timestamp($0) }
    }

    mutating func pastTime(_ name: String, now: Timestamp) -> Timestamp? {
        let time = time(name)
        if let time, time > now { fail(name, code: FieldCode.outOfRange, "must not lie in the future") }
        return time
    }

    mutating func rotation() -> RotationPlan? {
        object(optional: "rotation") { f in
            let expected = "a period such as 90d, at most 10 years"
            let every = f.parsed("every", expected: expected) { WrittenPeriod($0) }
            let reminders =
                f.list("remind_before", most: 8, expected: expected) { WrittenPeriod($0) } ?? []
            guard let every else { return nil }
            for (index, reminder) in reminders.enumerated() where reminder.period >= every.period {
                f.fail(
                    "remind_before", index: index, code: FieldCode.outOfRange, "must be shorter than every")
            }
            return RotationPlan(every: every, remindBefore: reminders)
        } ?? nil
    }

    /// Why somebody does something; line breaks are fine.
    mutating func reason() -> String { text("reason") }

    /// 1 to 1,000 characters.
    mutating func text(_ name: String) -> String {
        let text = string(name, 1...1_000)
        let isFit = { (scalar: Unicode.Scalar) in
            scalar.value >= 0x20 && scalar.value != 0x7F || scalar == "\n" || scalar == "\t"
        }
        if !text.unicodeScalars.allSatisfy(isFit) {
            fail(name, code: FieldCode.malformed, "must not hold control characters")
        }
        return text
    }

    mutating func refuseNull(_ name: String) {
        if isNull(name) { fail(name, code: FieldCode.wrongType, "must not be null") }
    }

    // MARK: Inside

    private mutating func list<Value: Equatable>(
        _ name: String, most: Int, expected: String, _ parse: (String) -> Value?
    ) -> [Value]? {
        refuseNull(name)
        guard has(name), !isNull(name) else { return nil }
        let values = parsedList(name, count: 0...most, expected: expected, parse)
        refuseRepeats(name, values)
        return values
    }

    /// When some elements were refused already, positions are others than the sender's.
    private mutating func refuseRepeats<Value: Equatable>(_ name: String, _ values: [Value]) {
        guard values.count == take(name)?.asArray?.count else { return }
        for (index, value) in values.enumerated() where values[..<index].contains(value) {
            fail(name, index: index, code: "duplicate", "stands more than once")
        }
    }
}

extension UInt8 {
}
