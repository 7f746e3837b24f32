import Access
import Audit
import JSON
import Kernel

/// Something that an exported trail shows to have happened since the backup.
struct RestoreAction: Equatable {
    /// What becomes of it.
    enum Fate: String {
        /// Done again in the transaction of the restore: nobody gets in by what was taken back.
        case now
        /// Done when the restore is confirmed: it needs the seal to be open.
        case waiting
        /// Left to a person.
        case left
    }

    let at: Timestamp
    let action: String
    let resource: String?
    let detail: JSONValue

    var fate: Fate {
        switch action {
        case "access_tokens.revoke", "access_tokens.rotate", "users.disable", "service_accounts.disable",
            "groups.remove", "factors.remove", "password.change", "users.unlink", "webhooks.disable",
            "webhooks.delete":
            .now
        // A denial that was made takes away, one that was taken back gives.
        case "grants.delete": isDenial ? .left : .now
        case "grants.create": isDenial ? .now : .left
        case "roles.change": permissionsRemoved.isEmpty ? .left : .now
        case "settings.solo_mode": detail["enabled"] == false ? .now : .left
        case "keys.revoke", "keys.suspend", "keys.activate", "keys.mode": resource == nil ? .left : .waiting
        default: .left
        }
    }

    /// From a role.
    var permissionsRemoved: [String] {
        detail["permissions_removed"]?.asArray?.compactMap(\.asString) ?? []
    }

    private var isDenial: Bool { detail["effect"] == "deny" }

    /// Whether it shuts somebody or a receiver out, or lets them in again; nil when it does neither.
    var shutsOut: Bool? {
        switch action {
        case "users.disable", "service_accounts.disable", "webhooks.disable", "webhooks.delete": true
        case "users.enable", "service_accounts.enable", "webhooks.enable": false
        default: nil
        }
    }

    /// Why a person has to look at it.
    var note: String? {
        guard fate == .left else { return nil }
        switch action {
        case "keys.away_mode": return "The key's away mode is as in the backup: set it again."
        case "policies.publish": return "The version before it counts again: publish this one again."
        case "webhooks.rotate_secret": return "The secret before it signs again: rotate it again."
        case "owners.recover":
            return "What they came in by before counts again: run keybell recover-owner for them again."
        case _ where resource == nil && action.hasPrefix("keys."):
            return
                "The keys that it changed are changed again one by one; a standing order is to be set again."
        default: return "It was done after the backup, and is not in it."
        }
    }
}

/// The part of an exported trail that lies behind a backup. Pure.
struct TrailSince {
    /// Of those that a person is to look at: whoever has more has other worries first.
    static let leftAtMost = 20_000
    /// What changes nothing that a restore would bring back, or ended what is void after it: `UsedOnce`.
    private static let quiet: Set<String> = [
        "candles.write", "events.push", "audit.export", "keys.verify", "keys.reveal", "keys.delete",
        "keys.rotations.test", "webhooks.test", "deliveries.retry", "tokens.change", "sessions.open",
        "sessions.end", "step_up.show", "approvals.request", "approvals.approve", "approvals.reject",
        "approvals.cancel", "approvals.expire", "approvals.run", "break_glass.revoke",
    ]

    /// The last entry of a lane that the backup has.
    struct Head: Equatable {
        let sequence: Int64
        let hash: Digest
        static let none = Head(sequence: 0, hash: .zero)
    }

    let heads: [Int: Head]
    private(set) var actions: [RestoreAction] = []
    private(set) var until: Timestamp?
    private(set) var isCut = false
    /// The last entry of each lane so far.
    private var ends: [Int: Int64] = [:]
    private var isForeign = false
    private var hasGap = false
    private var isUnread = false
    private var left = 0

    init(heads: [Int: Head]) { self.heads = heads }

    mutating func take(_ entry: ChainEntry) {
        until = max(until ?? entry.at, entry.at)
        let head = heads[entry.lane] ?? .none
        follow(entry, head)
        guard entry.sequence > head.sequence else { return }
        // As large as the trail writes them: one call may revoke every key of a desk.
        let body = try? JSONValue.parse(entry.body, limits: AuditTrail.bodyLimits)
        guard let items = body?["items"]?.asArray else {
            isUnread = true
            return
        }
        // A change of many keys says once what it does, and then names them one by one.
        var shared: JSONValue = [:]
        for item in items where item["outcome"]?.asString == "allowed" {
            guard let action = item["action"]?.asString, !Self.quiet.contains(action) else { continue }
            let resource = item["resource"]?.asString
            let own = item["detail"] ?? [:]
            if resource == nil { shared = own }
            let detail = own.asObject?.count == 0 ? shared : own
            guard detail["unchanged"]?.asBool != true else { continue }
            add(RestoreAction(at: entry.at, action: action, resource: resource, detail: detail))
        }
    }

    private mutating func follow(_ entry: ChainEntry, _ head: Head) {
        let isHead = entry.sequence == head.sequence
        if isHead || entry.sequence == head.sequence + 1 {
            if (isHead ? entry.hash : entry.previous) != head.hash { isForeign = true }
        } else if entry.sequence > head.sequence, ends[entry.lane] == nil {
            hasGap = true
        }
        ends[entry.lane] = entry.sequence
    }

    /// Why the trail cannot tell what happened since the backup; nil when it can. Asked at its end.
    /// - Parameter checkpoint: the newest of the trail, which names lanes of which no entry is kept, too.
    func fault(_ checkpoint: Checkpoint?) -> String? {
        let spans = checkpoint?.content.lanes ?? []
        let isOther = spans.contains { span in
            heads[span.lane].map { $0.sequence == span.last && $0.hash != span.hash } ?? false
        }
        if isForeign || isOther { return "it is the trail of another installation, or of another past" }
        if isUnread { return "an entry of it cannot be read" }
        if hasGap { return "it begins behind the backup: entries between the two are missing" }
        let lasts = Dictionary(spans.map { ($0.lane, $0.last ?? 0) }) { max($0, $1) }
        let isEarlier = heads.contains { lane, head in
            max(ends[lane] ?? 0, lasts[lane] ?? 0) < head.sequence
        }
        return isEarlier ? "it ends before the backup was taken: export it anew" : nil
    }

    private mutating func add(_ action: RestoreAction) {
        // What takes authority away is never left out, however many registrations came before it.
        if action.fate == .left {
            guard left < Self.leftAtMost else {
                isCut = true
                return
            }
            left += 1
        }
        actions.append(action)
    }

    /// In the order in which it happened; lanes are written side by side.
    var ordered: [RestoreAction] {
        actions.enumerated().sorted { a, b in
            (a.element.at, a.offset) < (b.element.at, b.offset)
        }.map(\.element)
    }
}
