import Access
import Crypto
import JSON
import Kernel

/// What leaving meant, or would mean.
struct OffboardingReport: Sendable {
    /// In one answer; the others come in pages.
    static let keysAtMost = 1_000

    let id: OffboardingID
    let user: UserID
    let at: Timestamp
    let by: String?
    let reason: String
    let heir: UserID?
    /// Of what was found and done, but for what changes by itself: uses and times.
    let digest: String
    let steps: JSONValue
    var counts: (could: Int64, used: Int64, known: Int64) = (0, 0, 0)
    var keys: [KeyLine] = []
    /// The user was not enabled since.
    var isInForce = true
    var isDryRun = false
    var isAlready = false

    func write(to w: inout JSONWriter, showingKeys: Bool) {
        w.field("id", isDryRun ? nil : id.description)
        w.field("user_id", user.description)
        w.field("dry_run", isDryRun)
        w.field("already", isAlready)
        w.field("in_force", isInForce && !isDryRun)
        w.field("at", at.description)
        w.field("by", by)
        w.field("reason", reason)
        w.field("reassign_to", heir?.description)
        w.field("expect", digest)
        // Whoever may not know of keys does not count them either.
        w.field("steps", showingKeys ? steps : stepsWithoutKeys)
        if showingKeys {
            w.object("key_counts") { w in
                w.field("could_use", counts.could)
                w.field("used", counts.used)
                w.field("knew_secret", counts.known)
            }
        } else {
            w.null("key_counts")
        }
        w.array("keys", showingKeys ? keys : []) { w, key in key.write(to: &w) }
    }

    private var stepsWithoutKeys: JSONValue {
        let shown = steps.asArray?.map { step in
            guard step["step"]?.asString == StepReport.keys else { return step }
            return ["step": .string(StepReport.keys), "count": .null, "things": []]
        }
        return .array(shown ?? [])
    }
}

extension [StepReport] {
    /// As the report holds them.
    var json: JSONValue {
        get throws {
            var w = JSONWriter()
            w.array(self) { w, step in step.write(to: &w) }
            return try JSONValue.parse(w.bytes)
        }
    }

    /// What has to be the same between a dry run and the real one.
    func digest(_ user: UserID, heir: UserID?, known: [ExchangeKeyID]) -> String {
        var lines = ["\(user) \(heir?.description ?? "nobody")"]
        for step in self {
            lines += step.things.map { "\(step.name) \($0.id) \($0.outcome.rawValue)" }.sorted()
        }
        lines += known.map { "knew \($0)" }
        return Hex.encode(SHA256.hash(lines.joined(separator: "\n")))
    }
}
