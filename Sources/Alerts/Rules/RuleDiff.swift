import JSON

/// What is different between two versions of a rule, field by field.
struct RuleDiff {
    struct Change {
        let field: String
        let from: JSONValue
        let to: JSONValue
    }

    let changes: [Change]

    init(from old: RuleContent, to new: RuleContent) {
        let (old, new) = (old.object, new.object)
        changes = new.members.compactMap { member in
            let before = old[member.name] ?? .null
            return before == member.value
                ? nil : Change(field: member.name, from: before, to: member.value)
        }
    }
}

extension RuleDiff.Change: JSONWritable {
    func write(to w: inout JSONWriter) {
        w.object { w in
            w.field("field", field)
            w.field("from", from)
            w.field("to", to)
        }
    }
}

extension RuleContent {
    fileprivate var object: JSONObject {
        var w = JSONWriter()
        w.object { w in
            w.field("name", name)
            writeFields(to: &w)
        }
        return (try? JSONValue.parse(w.bytes))?.asObject ?? JSONObject()
    }
}
