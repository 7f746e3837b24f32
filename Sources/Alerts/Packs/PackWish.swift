import Access
import HTTPServer
import JSON
import Kernel

/// What a request wants of a pack.
struct PackWish {
    /// In the order of the pack.
    var rules: [PackRule]
    /// Of rules, by their names: null takes a choice back.
    var adjustments: [String: JSONObject] = [:]
    var isDry = false
    var reason: String?

    /// - Parameter takesParameters: otherwise it takes a reason.
    init(_ fields: consuming Fields, of pack: RulePack, takesParameters: Bool) throws {
        var f = fields
        let names = f.strings(optional: "rules", count: 1...50, each: 1...60)
        for (index, name) in (names ?? []).enumerated() where pack.rule(name) == nil {
            f.fail("rules", index: index, code: FieldCode.notAChoice, Self.hint(name, pack))
        }
        f.refuseRepeats("rules", names ?? [])
        rules = names.map { names in pack.rules.filter { names.contains($0.name) } } ?? pack.rules
        isDry = f.bool("dry_run", default: false)
        if takesParameters {
            if let ids = f.sendToAll() {
                for rule in rules { adjustments[rule.name] = JSONObject(members: [("send_to", ids)]) }
            }
            f.object(optional: "parameters") { f in read(&f, pack) }
        } else {
            reason = f.prose(optional: "reason")
        }
        try f.finish()
    }

    private mutating func read(_ f: inout Fields, _ pack: RulePack) {
        for rule in pack.rules {
            let read = f.object(optional: rule.name) { f in
                rule.parameters.reduce(into: JSONObject()) { chosen, parameter in
                    guard f.has(parameter.name), let value = f.take(parameter.name) else { return }
                    if !value.isNull, parameter.value(of: value) == nil {
                        f.fail(parameter.name, code: FieldCode.malformed, parameter.expectation)
                    }
                    _ = chosen.append(parameter.name, value)
                }
            }
            guard let chosen = read else { continue }
            guard rules.contains(where: { $0.name == rule.name }) else {
                f.fail(rule.name, code: FieldCode.notAChoice, "is not among the rules of the request")
                continue
            }
            adjustments[rule.name] = (adjustments[rule.name] ?? JSONObject()).merging(chosen)
        }
    }

    private static func hint(_ name: String, _ pack: RulePack) -> String {
        let guess = Suggestion.closest(to: name, among: pack.rules.map(\.name))
        return "the pack has no such rule" + (guess.map { "; did you mean \($0)?" } ?? "")
    }
}

extension Fields {
    /// As JSON; for all rules of the request.
    fileprivate mutating func sendToAll() -> JSONValue? {
        guard has("send_to"), !isNull("send_to") else { return nil }
        return .array(sendTo().map { .string($0.description) })
    }
}

extension JSONObject {
    /// With the other's members instead of its own of the same names.
    func merging(_ other: JSONObject) -> JSONObject {
        var merged = JSONObject()
        for member in members where other[member.name] == nil { _ = merged.append(member.name, member.value) }
        for member in other.members { _ = merged.append(member.name, member.value) }
        return merged
    }

    /// Without members that are null.
    var withoutNulls: JSONObject {
        members.reduce(into: JSONObject()) { kept, member in
            if !member.value.isNull { _ = kept.append(member.name, member.value) }
        }
    }
}
