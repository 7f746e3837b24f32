import Access
import Events
import Expressions
import JSON
import Kernel
import Postgres

/// A rule as indexes share it: to copy one costs more than to evaluate its condition. What every event asks
/// of it stands beside it.
final class IndexedRule: Sendable {
    let rule: AlertRule
    let owner: PrincipalID?
    private let when: Condition?
    private let expiresAt: Timestamp?
    private let isRetroactive: Bool
    /// The groups that begin with it, before anything came.
    let firstKeys: [StateKey]

    init(_ rule: AlertRule) {
        (self.rule, owner, firstKeys) = (rule, rule.owner, rule.firstKeys)
        (when, expiresAt) = (rule.content.when, rule.content.course.expiresAt)
        isRetroactive = rule.content.isRetroactive
    }

    func isOver(at time: Timestamp) -> Bool { expiresAt.map { $0 <= time } ?? false }

    /// Of an event whose type it takes.
    func verdict(_ event: Value, isRetroactive: Bool) -> RuleVerdict {
        if isRetroactive, !self.isRetroactive { return .silent }
        guard let when else { return .fires }
        var memory = CrossingMemory()
        switch when.evaluate(event, remembering: &memory) {
        case .holds: return .fires
        case .fails: return .silent
        case .error(let message): return .error(message)
        }
    }
}

/// The rules that run, found by event type and by what they say of a field's value: what an event costs
/// depends on the rules that it may concern, not on how many there are. One worker's, and as one
/// configuration number stands for them. A value: whoever reads it is not disturbed by its next version,
/// which shares all with it but what changed.
struct RuleIndex {
    private(set) var configuration: Int64
    private var entries: [AlertRuleID: IndexedRule] = [:]
    /// Of every rule that runs, those too that others evaluate: which of its versions was read.
    private var revisions: [AlertRuleID: Int64] = [:]
    /// Rules over the market, those too that others evaluate.
    private var overMarket: Set<AlertRuleID> = []
    /// Those with groups that begin with them.
    private(set) var starting: [IndexedRule] = []
    /// Those that have to know what was before they began.
    private(set) var recalling: [AlertRule] = []
    /// The earliest that events of one of them begin; nil: there is none.
    private(set) var begun: EventPosition?
    private var byType: [String: Bucket] = [:]
    /// Own events are not listed anywhere, so areas such as `custom.*` stand for them: `custom.`.
    private var byCustomArea: [String: Bucket] = [:]

    /// Rules of one type or area.
    private struct Bucket {
        var all: [IndexedRule] = []
        /// By a field and its value: `event.key_id == 'key_…'` cannot hold for another.
        var keyed: [String: [String: [IndexedRule]]] = [:]

        mutating func add(_ rule: IndexedRule, _ equality: RuleContent.FieldValues?) {
            guard let equality else { return all.append(rule) }
            for value in Set(equality.values) {
                keyed[equality.field, default: [:]][value, default: []].append(rule)
            }
        }

        /// From where it was added.
        mutating func remove(_ rule: IndexedRule, _ equality: RuleContent.FieldValues?) {
            guard let equality else { return all.removeAll { $0 === rule } }
            for value in Set(equality.values) {
                keyed[equality.field]?[value]?.removeAll { $0 === rule }
                if keyed[equality.field]?[value]?.isEmpty == true { keyed[equality.field]?[value] = nil }
            }
            if keyed[equality.field]?.isEmpty == true { keyed[equality.field] = nil }
        }

        var isEmpty: Bool { all.isEmpty && keyed.isEmpty }

        func candidates(_ view: JSONObject) -> [IndexedRule] {
            keyed.reduce(into: all) { found, entry in
                switch view[entry.key] {
                case .string(let value): found += entry.value[value] ?? []
                // Where the field is missing the condition may be an error, which is for it to say.
                case nil: found += entry.value.values.flatMap(\.self).eachOnce
                default: break
                }
            }
        }
    }

    init(configuration: Int64, rules: [AlertRule] = []) {
        self.configuration = configuration
        replace(Array(rules.map(\.id)), by: rules)
    }

    /// - Parameter ids: what is known of these is known no more.
    private mutating func replace(_ ids: [AlertRuleID], by rules: [AlertRule]) {
        for id in ids {
            guard let entry = entries.removeValue(forKey: id) else { continue }
            update(entry.rule.content) { $0.remove(entry, $1) }
        }
        for rule in rules {
            let entry = IndexedRule(rule)
            entries[rule.id] = entry
            update(rule.content) { $0.add(entry, $1) }
        }
        starting = entries.values.filter { !$0.firstKeys.isEmpty }
        recalling = entries.values.lazy.map(\.rule).filter { $0.content.course.window?.isFirst == true }
        recalling.sort { $0.id < $1.id }
        begun = entries.values.lazy.map(\.rule.begun).min()
    }

    /// Wherever such a rule stands, with the equality that it stands under.
    private mutating func update(
        _ content: RuleContent, _ edit: (inout Bucket, RuleContent.FieldValues?) -> Void
    ) {
        let types = content.onlyTypes
        for type in EventType.all where content.takes(type) && types?.contains(type.name) ?? true {
            Self.update(&byType[type.name], content.equality(in: type), edit)
        }
        for pattern in content.on where pattern.takesCustom {
            let equality = content.equality(in: nil)
            if pattern.text.hasSuffix(".*") {
                Self.update(&byCustomArea[String(pattern.text.dropLast())], equality, edit)
            } else {
                Self.update(&byType[pattern.text], equality, edit)
            }
        }
    }

    private static func update(
        _ place: inout Bucket?, _ equality: RuleContent.FieldValues?,
        _ edit: (inout Bucket, RuleContent.FieldValues?) -> Void
    ) {
        var bucket = place.take() ?? Bucket()
        edit(&bucket, equality)
        place = bucket.isEmpty ? nil : bucket
    }

    // MARK: Finding

    var isEmpty: Bool { entries.isEmpty }
    /// Whether closes of candles are to be written as events.
    var watchesMarket: Bool { !overMarket.isEmpty }
    var ids: [AlertRuleID] { entries.keys.sorted() }

    func rule(_ id: AlertRuleID) -> AlertRule? { entries[id]?.rule }

    /// Those of which a later index has nothing any more, or says something else.
    func changed(in later: RuleIndex) -> Set<AlertRuleID> {
        Set(entries.lazy.filter { later.rule($0)?.contentNumber != $1.rule.contentNumber }.map(\.key))
    }

    func takes(_ type: EventType) -> Bool {
        if byType[type.name] != nil { return true }
        return type.isCustom && areas(of: type.name).contains { byCustomArea[$0] != nil }
    }

    /// Each rule once, of those for which the event may matter.
    /// - Parameter view: of the event, whole.
    func candidates(for type: EventType, _ view: JSONObject) -> [IndexedRule] {
        let exact = byType[type.name]?.candidates(view) ?? []
        guard type.isCustom, !byCustomArea.isEmpty else { return exact }
        return (exact + areas(of: type.name).flatMap { byCustomArea[$0]?.candidates(view) ?? [] }).eachOnce
    }

    /// `custom.`, `custom.balance.` for `custom.balance.low`.
    private func areas(of name: String) -> [String] {
        name.indices.filter { name[$0] == "." }.map { String(name[...$0]) }
    }

    // MARK: For statements

    /// Listed types, and own ones that are named whole.
    var typeNames: [String] { Array(byType.keys) }

    /// Of own types, as `like` takes them.
    var ownPrefixes: [String] { byCustomArea.keys.map { $0.replacing("_", with: "\\_") + "%" } }
}

extension [IndexedRule] {
    fileprivate var eachOnce: [IndexedRule] {
        var seen: Set<AlertRuleID> = []
        return filter { seen.insert($0.rule.id).inserted }
    }
}

extension RuleContent {
    /// A field that must have one of some values.
    struct FieldValues: Equatable {
        let field: String
        let values: [String]
    }

    /// Fields that say what an event is about. What a rule says of them chooses its events; what it says
    /// of all others tells how these are.
    static func isNaming(_ field: String) -> Bool {
        field.hasSuffix("_id")
            || Set(["subject", "symbol", "interval", "exchange", "environment", "source"]).contains(field)
    }

    /// What chooses the rule's events: others do not concern it. Of a rule that remembers only what
    /// holds, every such condition does so.
    private var choosing: [FieldValues] {
        let all = when?.equalities.map { FieldValues(field: $0.field, values: $0.values) } ?? []
        return ignoresMisses ? all : all.filter { Self.isNaming($0.field) }
    }

    /// Whether an event that `when` fails for changes nothing.
    var ignoresMisses: Bool {
        if isPoint { return true }
        guard when?.remembers != true, course.recoverWhen == nil else { return false }
        return course.window != nil || course.sequence != nil
    }

    /// Of the types that `when` names, if it does; not where the state of other types matters.
    fileprivate var onlyTypes: Set<String>? {
        if course.noDataAfter != nil { return nil }
        return choosing.first { $0.field == "type" }.map { Set($0.values) }
    }

    /// By which the index finds it among the rules of a type; the one with the fewest values.
    fileprivate func equality(in type: EventType?) -> FieldValues? {
        if course.noDataAfter != nil { return nil }
        return choosing.filter { entry in
            entry.field != "type" && type.map { $0.declares(entry.field) } ?? true
        }.min { $0.values.count < $1.values.count }
    }

    /// What fields that say what an event is about must be.
    var named: [String: Set<String>] {
        Dictionary(
            choosing.filter { Self.isNaming($0.field) }.map { ($0.field, Set($0.values)) },
            uniquingKeysWith: { $0.intersection($1) })
    }

    /// Whether the event is one of those that it is about.
    func chooses(_ view: JSONObject) -> Bool { ignoresMisses || names(view) }

    /// Whether the event is about what the rule names.
    func names(_ view: JSONObject) -> Bool {
        choosing.filter { Self.isNaming($0.field) }.allSatisfy { entry in
            guard case .string(let value)? = view[entry.field] else { return view[entry.field] == nil }
            return entry.values.contains(value)
        }
    }
}

extension RuleContent {
    fileprivate func isFor(_ kind: RuleIndex.Kind) -> Bool {
        kind == .point ? isPoint : !isPoint || course.noDataAfter != nil
    }
}

extension EventType {
    fileprivate func declares(_ field: String) -> Bool {
        Self.envelopeFields.contains { $0.name == field } || dataFields?.contains { $0.name == field } ?? true
    }
}

extension RuleIndex {
    /// Which rules somebody evaluates.
    enum Kind {
        /// By the event alone, in its transaction.
        case point
        /// Behind the horizon: also whether anything comes at all.
        case stateful
    }

    /// Suspended ones too: whether their owners may act is asked by event, and needs no new index when that
    /// changes. Whatever changes what is read of a rule raises its revision.
    private static let list = Statement(
        "alert_rule_revisions",
        "select id, revision from alert_rule where status not in ('disabled', 'expired')")
    private static let load = Statement(
        "alert_rule_index",
        """
        select id, owner, status, status_reason, version, revision, created_at, updated_at, name, severity,
            event_types, condition, group_by, cooldown, labels, send_to, is_security, is_retroactive,
            course, advice, '[]'::json, null::timestamptz, null::json, begun_era, begun_xid::text
        from alert_rule where id = any ($1::uuid[]) and status not in ('disabled', 'expired')
        """)

    /// Reads what changed: of ten thousand rules of which one did, their revisions and that one.
    /// - Parameters:
    ///   - earlier: what was read before, of the same kind.
    ///   - source: not the transaction that asks, whose own changes may yet be undone.
    nonisolated(nonsending) static func load(
        _ kind: Kind, configuration: Int64, after earlier: RuleIndex?, from source: any Queryable
    ) async throws -> RuleIndex {
        var index = earlier ?? RuleIndex(configuration: configuration)
        index.configuration = configuration
        let outdated = index.outdated(by: try await source.query(list).map { ($0.id(0), $0.int64(1)) })
        if outdated.isEmpty { return index }
        let rows = try await source.query(load, .idArray(outdated))
        for id in outdated { index.revisions[id] = nil }
        index.overMarket.subtract(outdated)
        for row in rows { index.revisions[row.id(0)] = row.int64(5) }
        let rules = rows.compactMap { AlertRule(indexed: $0) }
        index.overMarket.formUnion(rules.lazy.filter { $0.content.isOverMarket }.map(\.id))
        index.replace(outdated, by: rules.filter { $0.content.isFor(kind) })
        return index
    }

    /// New ones, other ones, and those that are gone.
    private func outdated(by listed: [(id: AlertRuleID, revision: Int64)]) -> [AlertRuleID] {
        var (outdated, met): ([AlertRuleID], Int) = ([], 0)
        for (id, revision) in listed {
            let known = revisions[id]
            if known != nil { met += 1 }
            if known != revision { outdated.append(id) }
        }
        if met < revisions.count {
            let there = Set(listed.map(\.id))
            outdated += revisions.keys.filter { !there.contains($0) }
        }
        return outdated
    }
}

extension AlertRule {
    /// With where its events begin.
    fileprivate init?(indexed row: Row) {
        self.init(row)
        guard !row.isNull(23) else { return }
        begun = EventPosition(
            era: Int32(row.int(23)), transaction: UInt64(row.text(24)) ?? 0, id: EventPosition.beginning.id)
    }
}
