package import Events
package import JSON

/// What one room does about somebody who leaves. Steps run in the off-boarding's own transaction, before the
/// user is disabled; what they do is rolled back when it was only tried. They come in one order of locks:
/// principals, then what hangs on them, exchange keys last.
package struct LeavingStep {
    package typealias Action = nonisolated(nonsending) (Leaver, Change) async throws -> [LeftThing]

    /// As the report names it: `access_tokens`.
    package let name: String
    package let carryOut: Action

    package init(_ name: String, _ carryOut: @escaping Action) {
        (self.name, self.carryOut) = (name, carryOut)
    }
}

/// One thing that somebody leaves behind, and what became of it.
package struct LeftThing: Sendable {
    package enum Outcome: String, CaseIterable, Sendable {
        /// It gives nobody anything any more.
        case ended
        /// Somebody else has it now.
        case reassigned
        /// It stops until somebody takes it on.
        case suspended
        /// It stays as it is: for a person to look at.
        case kept
    }

    package let id: String
    package let name: String?
    package let outcome: Outcome
    package let note: String?

    package init(
        _ id: some CustomStringConvertible, name: String?, _ outcome: Outcome, note: String? = nil
    ) {
        (self.id, self.name, self.outcome, self.note) = (id.description, name, outcome, note)
    }
}

extension LeftThing: JSONWritable {
    package func write(to w: inout JSONWriter) {
        w.object { w in
            w.field("id", id)
            w.field("name", name)
            w.field("outcome", outcome.rawValue)
            w.field("note", note)
        }
    }
}

/// What a step found and did.
struct StepReport {
    /// More are counted, and found in the lists themselves.
    static let listedAtMost = 200
    /// The step that names exchange keys.
    static let keys = "keys"

    let name: String
    let things: [LeftThing]

    func write(to w: inout JSONWriter) {
        w.object { w in
            w.field("step", name)
            w.field("count", Int64(things.count))
            w.array("things", things.prefix(Self.listedAtMost)) { w, thing in thing.write(to: &w) }
        }
    }
}
