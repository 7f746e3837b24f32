package import JSON

/// One difference between two documents, at its place.
package struct PolicyChange: Sendable, Equatable {
    package enum Kind: String, CaseIterable, Sendable { case added, removed, changed }

    package let kind: Kind
    /// RFC 6901; of something removed, in the old document.
    package let pointer: String
    package let before: JSONValue?
    package let after: JSONValue?
}

extension PolicyChange: JSONWritable {
    package func write(to w: inout JSONWriter) {
        w.object { w in
            w.field("change", kind.rawValue)
            w.field("pointer", pointer)
            w.field("before", before ?? .null)
            w.field("after", after ?? .null)
        }
    }
}

extension Policy {
    /// - Parameter old: nil where there was none.
    package func diff(from old: Policy?) -> [PolicyChange] {
        var difference = Difference()
        difference.compare(old?.document ?? .object(JSONObject()), document, at: "")
        return difference.changes
    }

    private var document: JSONValue {
        guard let value = try? JSONValue.parse(canonicalBytes) else {
            preconditionFailure("what the writer writes, the reader reads")
        }
        return value
    }
}

private struct Difference {
    private(set) var changes: [PolicyChange] = []

    mutating func compare(_ old: JSONValue, _ new: JSONValue, at pointer: String) {
        switch (old, new) {
        case (.object(let old), .object(let new)): compare(old, new, at: pointer)
        case (.array(let old), .array(let new)): compare(old, new, at: pointer)
        default: note(old, new, at: pointer)
        }
    }

    private mutating func compare(_ old: JSONObject, _ new: JSONObject, at pointer: String) {
        for member in old.members where !new.contains(member.name) {
            note(member.value, nil, at: JSONPointer.member(member.name, of: pointer))
        }
        for member in new.members {
            let place = JSONPointer.member(member.name, of: pointer)
            if let before = old[member.name] {
                compare(before, member.value, at: place)
            } else {
                note(nil, member.value, at: place)
            }
        }
    }

    /// Lists of texts are sets, in which order says nothing; of objects, the place counts.
    private mutating func compare(_ old: [JSONValue], _ new: [JSONValue], at pointer: String) {
        guard (old + new).allSatisfy({ $0.asString != nil }) else {
            let shared = min(old.count, new.count)
            for index in 0..<shared {
                compare(old[index], new[index], at: JSONPointer.element(index, of: pointer))
            }
            for (index, element) in old.enumerated().dropFirst(shared) {
                note(element, nil, at: JSONPointer.element(index, of: pointer))
            }
            for (index, element) in new.enumerated().dropFirst(shared) {
                note(nil, element, at: JSONPointer.element(index, of: pointer))
            }
            return
        }
        for (index, element) in old.enumerated() where !new.contains(element) {
            note(element, nil, at: JSONPointer.element(index, of: pointer))
        }
        for (index, element) in new.enumerated() where !old.contains(element) {
            note(nil, element, at: JSONPointer.element(index, of: pointer))
        }
    }

    private mutating func note(_ old: JSONValue?, _ new: JSONValue?, at pointer: String) {
        guard old != new else { return }
        let kind: PolicyChange.Kind = old == nil ? .added : new == nil ? .removed : .changed
        changes.append(PolicyChange(kind: kind, pointer: pointer, before: old, after: new))
    }
}
