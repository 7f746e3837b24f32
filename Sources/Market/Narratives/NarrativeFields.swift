import Access
import JSON
import Kernel
import Postgres
import Signals

/// What a request says of a narrative. What is nil was not named.
struct NarrativeDraft {
    struct Member {
        let token: SeriesFinder.TokenReference
        let from: Timestamp?
        let to: Timestamp?
    }

    private(set) var name: String?
    private(set) var description: String?
    private(set) var clearsDescription = false
    private(set) var source = ""
    private(set) var interval = Interval.day
    private(set) var members: [Member]?

    init(making fields: consuming Fields) throws(FieldErrors) {
        var f = fields
        name = f.marketName()
        description = f.note("description")
        source = f.source()
        let choices = Narrative.intervals.map(\.rawValue).joined(separator: ", ")
        let interval = f.parsed(optional: "interval", expected: "one of \(choices)") { text in
            Interval(rawValue: text).flatMap { Narrative.intervals.contains($0) ? $0 : nil }
        }
        members = f.members() ?? []
        try f.finish()
        self.interval = interval ?? .day
    }

    init(changing fields: consuming Fields) throws(FieldErrors) {
        var f = fields
        let isEmpty = !["name", "description", "members"].contains { f.has($0) }
        if isEmpty { f.fail(code: FieldCode.tooFew, "must name at least one field") }
        if f.has("name") { name = f.marketName() }
        clearsDescription = f.isNull("description")
        description = f.note("description")
        members = f.members()
        try f.finish()
    }

    /// Found among the tokens that there are; nil when none were named.
    nonisolated(nonsending) func found(in transaction: Transaction) async throws -> [Narrative.Member]? {
        guard let members else { return nil }
        let places = try await TokenNames.places(of: members.map(\.token), in: transaction)
        var mistakes = FieldErrors()
        var found: [Narrative.Member] = []
        for (index, member) in members.enumerated() {
            let pointer = "/members/\(index)/token"
            guard let entry = places[index] else {
                mistakes.append(
                    FieldError(pointer: pointer, code: "unknown", message: "is no known token"))
                continue
            }
            let one = Narrative.Member(
                token: entry.token, symbol: entry.symbol, from: member.from, to: member.to)
            if found.contains(where: one.overlaps) {
                mistakes.append(
                    FieldError(
                        pointer: pointer, code: "repeated", message: "belongs to it already at that time"))
            }
            found.append(one)
        }
        guard mistakes.errors.isEmpty else { throw mistakes }
        return found
    }
}

extension Fields {
    fileprivate mutating func members() -> [NarrativeDraft.Member]? {
        let time = "an RFC 3339 time"
        return array(optional: "members", count: 0...Narrative.mostMembers) { f in
            let token = f.parsed("token", expected: "a token's id or a ticker") {
                SeriesFinder.TokenReference($0)
            }
            let from = f.parsed(optional: "valid_from", expected: time) { Timestamp($0) }
            let to = f.parsed(optional: "valid_to", expected: time) { Timestamp($0) }
            if let from, let to, to <= from {
                f.fail("valid_to", code: FieldCode.outOfRange, "must be after valid_from")
            }
            return token.map { NarrativeDraft.Member(token: $0, from: from, to: to) }
        }?.compactMap(\.self)
    }
}
