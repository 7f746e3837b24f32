import Access
import JSON
import Kernel

/// A rule of a pack: what it says, with places for its parameters.
package struct PackRule: Sendable {
    package let name: String
    package let title: String
    package let advice: String
    /// What must be there beside the service for it ever to fire; nil: nothing.
    package let needs: String?
    let severity: Severity
    let isSecurity: Bool
    /// Its own and then those that every rule has.
    let parameters: [PackParameter]
    /// Fields of `CreateAlertRuleRequest`.
    private let body: JSONObject
    private let tests: [JSONValue]

    init(_ value: JSONValue) throws {
        var f = try Fields(value)
        name = f.string("name", 1...60)
        title = f.string("title", 1...100)
        advice = f.string("advice", 10...300)
        needs = f.string(optional: "needs", 10...300)
        severity = f.choice("severity", Severity.self)
        isSecurity = f.bool("security")
        let own = f.array("parameters", count: 0...10) { $0.packParameter() }
        body = f.take("rule")?.asObject ?? JSONObject()
        tests = f.values("tests", count: 2...20)
        let cooldown = body["cooldown"]?.asString.flatMap { Lapse($0) }
        parameters = own + PackParameter.common(severity: severity, cooldown: cooldown)
        if Set(parameters.map(\.name)).count != parameters.count {
            f.fail("parameters", code: FieldCode.notAChoice, "a name stands twice")
        }
        let names = own.filter { $0.preset.size != nil }.map(\.name)
        for bound in own.compactMap(\.bound) where !names.contains(bound.name) {
            f.fail("parameters", code: FieldCode.notAChoice, "there is no size of \(bound.name)")
        }
        try f.finish()
    }

    func parameter(_ name: String) -> PackParameter? { parameters.first { $0.name == name } }

    /// What was chosen and cannot stay: the parameter is gone, or takes other values, or others beside this.
    func unfit(_ adjustments: JSONObject) -> [String] {
        let apart = Set(
            contradictions(values(adjustments)).flatMap { [$0.name, $0.bound?.name].compactMap(\.self) })
        return adjustments.members.filter { member in
            apart.contains(member.name) || parameter(member.name)?.value(of: member.value) == nil
        }.map(\.name)
    }

    // MARK: A rule of it

    private func values(_ adjustments: JSONObject) -> [String: PackValue] {
        parameters.reduce(into: [:]) { values, parameter in
            values[parameter.name] =
                adjustments[parameter.name].flatMap { parameter.value(of: $0) } ?? parameter.preset
        }
    }

    /// As if somebody had sent it.
    /// - Parameter adjustments: what was chosen, of fitting values.
    func draft(_ adjustments: JSONObject, at now: Timestamp) throws -> RuleDraft {
        try checkBounds(adjustments)
        return try RuleDraft(new: try Fields(.object(try filled(adjustments).request)), at: now)
    }

    private func checkBounds(_ adjustments: JSONObject) throws(FieldErrors) {
        let values = values(adjustments)
        var errors = FieldErrors()
        for parameter in contradictions(values) {
            guard let bound = parameter.bound, let other = values[bound.name] else { continue }
            let word = bound.side == .atMost ? "most" : "least"
            errors.append(
                FieldError(
                    pointer: "/parameters/\(name)/\(parameter.name)", code: FieldCode.outOfRange,
                    message: "must be at \(word) \(bound.name), which is \(other.expression)"))
        }
        if !errors.isEmpty { throw errors }
    }

    /// Those beyond their bounds: what fits one by one may make no sense together.
    private func contradictions(_ values: [String: PackValue]) -> [PackParameter] {
        parameters.filter { parameter in
            guard let bound = parameter.bound, let size = values[parameter.name]?.size,
                let limit = values[bound.name]?.size
            else { return false }
            return bound.side == .atMost ? size > limit : size < limit
        }
    }

    /// Parameters of its own that neither the rule nor a test asks for; there are none.
    package func unusedParameters() throws -> [String] {
        let used = try filled(JSONObject()).used
        let common = Set(PackParameter.common(severity: severity, cooldown: nil).map(\.name))
        return parameters.map(\.name).filter { !common.contains($0) && !used.contains($0) }
    }

    private func filled(
        _ adjustments: JSONObject
    ) throws(PackMistake) -> (request: JSONObject, used: Set<String>) {
        let values = values(adjustments)
        var template = PackTemplate(values)
        let rule = try template.fill(body)
        let used = template.used
        var request = JSONObject(members: [
            ("name", .string(title)), ("severity", values["severity"]?.json ?? .null),
            ("advice", .string(advice)), ("cooldown", values["cooldown"]?.json ?? .null),
            ("send_to", values["send_to"]?.json ?? .null),
        ])
        if isSecurity { _ = request.append("security", true) }
        for member in rule.members where member.name != "cooldown" {
            _ = request.append(member.name, member.value)
        }
        var cases: [JSONValue] = []
        for test in tests { cases.append(try PackTest.filled(test, values)) }
        _ = request.append("tests", .array(cases))
        return (request, used)
    }
}

/// A test case of a pack's rule: events may come `times` times, one `every` so long; `${n}` counts them.
enum PackTest {
    static func filled(_ test: JSONValue, _ values: [String: PackValue]) throws(PackMistake) -> JSONValue {
        guard let object = test.asObject else { throw PackMistake("a test is an object") }
        var filled = JSONObject()
        for member in object.members {
            guard member.name == "events", let events = member.value.asArray else {
                var template = PackTemplate(values)
                _ = filled.append(member.name, try template.fill(member.value))
                continue
            }
            var moments: [JSONValue] = []
            for event in events { moments += try repeated(event, values) }
            _ = filled.append(member.name, .array(moments))
        }
        return .object(filled)
    }

    private static func repeated(
        _ moment: JSONValue, _ values: [String: PackValue]
    ) throws(PackMistake) -> [JSONValue] {
        var template = PackTemplate(values)
        let times = try moment["times"].map { value throws(PackMistake) in try template.fill(value) }
        let at = try moment["at"].map { value throws(PackMistake) in try template.fill(value) }
        let start = at?.asString.flatMap { Period($0) } ?? .seconds(0)
        let every = moment["every"]?.asString.flatMap { Period($0) } ?? .seconds(0)
        guard let event = moment["event"] else { throw PackMistake("a moment has an event") }
        var moments: [JSONValue] = []
        for number in 0..<Int(times?.asInt ?? 1) {
            var counted = PackTemplate(values.merging(["n": .integer(number + 1)]) { $1 })
            let time = start + Period(microseconds: every.microseconds * Int64(number))
            moments.append([
                "at": .string(time.description), "event": try counted.fill(event),
            ])
        }
        return moments
    }
}

extension Fields {
    /// A parameter as a pack's file declares it.
    fileprivate mutating func packParameter() -> PackParameter {
        let name = string("name", 1...40)
        let description = string("description", 1...200)
        let unit = string(optional: "unit", 1...20)
        let kind = packKind()
        let shape = PackParameter(
            name: name, kind: kind, unit: unit, description: description, preset: .none)
        let preset = take("default").flatMap { shape.value(of: $0) }
        if preset == nil { fail("default", code: FieldCode.malformed, shape.expectation) }
        let most = string(optional: "at_most", 1...40)
        let least = string(optional: "at_least", 1...40)
        return PackParameter(
            name: name, kind: kind, unit: unit, description: description, preset: preset ?? .none,
            bound: most.map { PackParameter.Bound(side: .atMost, name: $0) }
                ?? least.map { PackParameter.Bound(side: .atLeast, name: $0) })
    }

    private mutating func packKind() -> PackParameter.Kind {
        switch string("type", 1...20) {
        case "integer":
            let least = int("minimum", 0...1_000_000)
            return .integer(least...max(least, int("maximum", 0...1_000_000)))
        case "number":
            let least = double("minimum", -1e12...1e12)
            return .number(least...max(least, double("maximum", -1e12...1e12)))
        case "duration":
            let least = parsed("minimum", expected: Self.lapseHint) { Lapse($0) }?.period
            let most = parsed("maximum", expected: Self.lapseHint) { Lapse($0) }?.period
            guard let least, let most, least <= most else { return .choice([]) }
            return .duration(least...most)
        case "strings":
            return .strings(
                atLeast: int("minimum", 0...10, default: 0),
                choices: strings("choices", count: 1...50, each: 1...100, default: []))
        default:
            fail("type", code: FieldCode.notAChoice, "must be integer, number, duration or strings")
            return .choice([])
        }
    }
}
