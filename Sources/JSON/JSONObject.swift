/// Members in their written order, each name once, found by name.
///
/// Names are compared byte for byte (RFC 8259 §8.3), not by Unicode equivalence as Swift's `String` does: the
/// Kelvin sign is not a K.
package struct JSONObject: Sendable {
    package struct Member: Sendable, Equatable {
        package let name: String
        package let value: JSONValue

        package static func == (a: Member, b: Member) -> Bool {
            a.name.hasSameBytes(as: b.name) && a.value == b.value
        }
    }

    /// Up to here a walk over the names is faster than hashing them.
    private static let indexedAboveMembers = 32

    package private(set) var members: [Member] = []
    /// Where each name stands; empty for small objects.
    private var positions: [ExactName: Int] = [:]

    package init() {}

    /// Of a name that comes twice the first counts.
    package init(members: [(String, JSONValue)]) {
        for (name, value) in members { _ = append(name, value) }
    }

    package var count: Int { members.count }

    package subscript(name: String) -> JSONValue? {
        position(of: name).map { members[$0].value }
    }

    /// False, and nothing changed, when the name is there already.
    package mutating func append(_ name: String, _ value: JSONValue) -> Bool {
        guard position(of: name) == nil else { return false }
        appendNew(name, value)
        return true
    }

    /// - Parameter name: known not to be there yet.
    mutating func appendNew(_ name: String, _ value: JSONValue) {
        // Most objects have a few members: growing from one on would be three more allocations.
        if members.isEmpty { members.reserveCapacity(4) }
        members.append(Member(name: name, value: value))
        updatePositions()
    }

    package func contains(_ name: String) -> Bool { position(of: name) != nil }

    func position(of name: String) -> Int? {
        if members.count > Self.indexedAboveMembers { return positions[ExactName(name)] }
        return members.firstIndex { $0.name.hasSameBytes(as: name) }
    }

    private mutating func updatePositions() {
        guard members.count > Self.indexedAboveMembers else { return }
        for position in positions.count..<members.count {
            positions[ExactName(members[position].name)] = position
        }
    }
}

/// The order of members has no meaning, so it does not count.
extension JSONObject: Equatable {
    package static func == (a: JSONObject, b: JSONObject) -> Bool {
        a.count == b.count && a.members.allSatisfy { b[$0.name] == $0.value }
    }
}

extension JSONObject: JSONWritable {
    package func write(to w: inout JSONWriter) {
        w.object { w in
            for member in members { w.field(member.name, member.value) }
        }
    }
}

/// A string that is hashed and compared by its bytes.
private struct ExactName: Hashable {
    let name: String

    init(_ name: String) { self.name = name }

    static func == (a: ExactName, b: ExactName) -> Bool { a.name.hasSameBytes(as: b.name) }

    func hash(into hasher: inout Hasher) {
        for byte in name.utf8 { hasher.combine(byte) }
    }
}

extension String {
    func hasSameBytes(as other: String) -> Bool {
        guard utf8.count == other.utf8.count else { return false }
        let (a, b) = (utf8Span.span, other.utf8Span.span)
        for index in a.indices where a[index] != b[index] { return false }
        return true
    }
}
