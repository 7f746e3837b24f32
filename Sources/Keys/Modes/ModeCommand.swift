import Access
import HTTPServer
import JSON
import Kernel

/// What a body asks of a selection of keys.
struct ModeCommand {
    let selector: KeySelector
    let mode: KeyMode
    let reason: String
    let isDryRun: Bool
    /// How many keys the caller means; another count changes nothing.
    let expectedCount: Int?

    /// - Parameters:
    ///   - selector: set where the path says it.
    ///   - mode: set where the path says it.
    init(_ fields: Fields, of selector: KeySelector? = nil, mode: KeyMode? = nil) throws(FieldErrors) {
        var f = fields
        self.selector = selector ?? KeySelector.read(&f)
        self.mode = mode ?? f.choice("mode", KeyMode.self)
        reason = f.reason()
        isDryRun = f.bool("dry_run", default: false)
        expectedCount = f.int(optional: "expect_count", 0...KeySweep.keyLimit)
        if !isDryRun, expectedCount == nil {
            f.fail(
                "expect_count", code: FieldCode.missing,
                "is required, unless dry_run is true: how many keys are meant")
        }
        try f.finish()
    }
}

extension ModeCommand {
    var permission: Permission { mode == .revoked ? .keysRevoke : .keysSuspend }

    /// A mode that lasts is for keys too that come later, and for those that the caller may not touch: it
    /// needs the permission on all that the selector is of. What is done to the keys that there are is done
    /// to those that the caller may touch.
    func check(for context: Context) throws(Problem) {
        guard context.rights.somewhere.contains(permission) else { throw .forbidden(missing: permission) }
        guard selector.isLasting, mode != .revoked,
            !context.rights.covers(permission, on: selector.scope)
        else { return }
        throw Problem(
            .forbidden,
            "This needs the permission \(permission.rawValue) on all keys that the selector is of.",
            members: [("missing_permission", .string(permission.rawValue))])
    }
}

/// What became of a selection, or would.
struct ModeOutcome {
    var changed: [ExchangeKey] = []
    /// Matched, but already so.
    var unchanged = 0
    /// Matched, but held by their own mode or a stricter standing order.
    var held: [ExchangeKey] = []
    /// Matched, but their rows were changed past the service: nothing was done with them, and nothing is.
    var tampered: [TamperedKey] = []
    /// What is to be deleted at the exchanges, once keys are revoked.
    var deletions: [OpenedDeletions] = []
    /// Something that was stopped goes on by it, at once or when keys come that an order held.
    var isLooser = false
    /// Of a dry run: keys that would change and may leave orders behind; nil otherwise.
    var ordersSeen: [OrdersSeen]?
    /// A standing order was set or taken back.
    var order: String?

    var matched: Int { changed.count + unchanged + held.count + tampered.count }
}

extension ModeOutcome {
    private static let listed = 1_000

    func response(_ command: ModeCommand, now: Timestamp) -> Response {
        Response.object { w in
            w.field("selector", command.selector.json)
            w.field("mode", command.mode.rawValue)
            w.field("reason", command.reason)
            w.field("dry_run", command.isDryRun)
            w.field("matched", matched)
            if command.mode == .revoked { w.field("revoked", changed.count) }
            w.field("changed", changed.count)
            w.field("unchanged", unchanged)
            w.field("held", held.count)
            w.field("tampered", tampered.count)
            w.field("standing_order", order)
            let until = changed.compactMap(\.handedOutUntil).max()
            w.field("handed_out_until", command.mode == .revoked ? until?.description : nil)
            if command.mode == .revoked {
                writeDeletions(to: &w)
            }
            if let ordersSeen {
                w.array("orders_seen", ordersSeen) { w, seen in w.value(seen) }
            } else {
                w.null("orders_seen")
            }
            w.array("keys", changed.prefix(Self.listed)) { w, key in w.value(key.id.description) }
            w.array("held_keys", held.prefix(Self.listed)) { w, key in w.value(key.id.description) }
            w.array("tampered_keys", tampered.prefix(Self.listed)) { w, key in w.value(key.id.description) }
        }
    }
    /// Keys that are deleted by requests of ours, and those that are tasks for people.
    private func writeDeletions(to w: inout JSONWriter) {
        let count = { (way: KeyDeletion.Way) in deletions.filter { $0.way == way }.reduce(0) { $0 + $1.keys }
        }
        w.object("at_the_exchange") { w in
            w.field("deleting", count(.api))
            w.field("tasks", count(.person))
            w.array("exchanges", deletions) { w, opened in w.value(opened) }
        }
    }
}
