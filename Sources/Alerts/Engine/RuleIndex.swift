import Access
import Events
import Expressions
import JSON
import Kernel
import Postgres

/// A rule as indexes share it: to copy one costs more than to evaluate its condition.
final class IndexedRule: Sendable {
    let rule: AlertRule
    private let when: Condition?

    init(_ rule: AlertRule) { (self.rule, when) = (rule, rule.content.when) }

    /// Of an event whose type it takes.
    func verdict(_ event: Value, isRetroactive: Bool) -> RuleVerdict {
        if isRetroactive, !rule.content.isRetroactive { return .silent }
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
/// configuration number stands for them.
final class RuleIndex {
    let configuration: Int64
    let rules: [AlertRule]
    /// Those that have to know what was before they began.
    let recalling: [AlertRule]
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

        var isEmpty: Bool { all.isEmpty && keyed.isEmpty }

        func candidates(_ view: JSONObject) -> [IndexedRule] {
            keyed.reduce(into: all) { found, entry in
                switch view[entry.key] {
                case .string(let value): found += entry.value[value] ?? []
                // Where the field is missing the condition may be an error, which is for it to say.
                case nil: found += entry.value.values.flatMap(\.self)
                default: break
                }
            }
        }
    }

    init(configuration: Int64, rules: [AlertRule]) {
        (self.configuration, self.rules) = (configuration, rules)
        recalling = rules.filter { $0.content.course.window?.isFirst == true }
        for rule in rules {
            let entry = IndexedRule(rule)
            let types = rule.content.onlyTypes
            for type in EventType.all where rule.content.takes(type) && types?.contains(type.name) ?? true {
                byType[type.name, default: Bucket()].add(entry, rule.content.equality(in: type))
            }
            for pattern in rule.content.on where pattern.takesCustom {
                if pattern.text.hasSuffix(".*") {
                    let area = String(pattern.text.dropLast())
                    byCustomArea[area, default: Bucket()].add(entry, rule.content.equality(in: nil))
                } else {
                    byType[pattern.text, default: Bucket()].add(entry, rule.content.equality(in: nil))
                }
            }
        }
    }

    func takes(_ type: EventType) -> Bool {
        if byType[type.name]?.isEmpty == false { return true }
        return type.isCustom && areas(of: type.name).contains { byCustomArea[$0] != nil }
    }

    /// Each rule once, of those for which the event may matter.
    /// - Parameter view: of the event, whole.
    func candidates(for type: EventType, _ view: JSONObject) -> [IndexedRule] {
        let exact = byType[type.name]?.candidates(view) ?? []
        guard type.isCustom, !byCustomArea.isEmpty else { return exact }
        var seen: Set<AlertRuleID> = []
        return (exact + areas(of: type.name).flatMap { byCustomArea[$0]?.candidates(view) ?? [] }).filter {
            seen.insert($0.rule.id).inserted
        }
    }

    /// `custom.`, `custom.balance.` for `custom.balance.low`.
    private func areas(of name: String) -> [String] {
        name.indices.filter { name[$0] == "." }.map { String(name[...$0]) }
    }

    // MARK: For statements

    /// Listed types, and own ones that are named whole.
    var typeNames: [String] { byType.filter { !$0.value.isEmpty }.map(\.key) }

    /// Of own types, as `like` takes them.
    var ownPrefixes: [String] { byCustomArea.keys.map { $0.replacing("_", with: "\\_") + "%" } }
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
    /// changes.
    private static let load = Statement(
        "alert_rule_index",
        """
        select id, owner, status, status_reason, version, revision, created_at, updated_at, name, severity,
            event_types, condition, group_by, cooldown, labels, send_to, is_security, is_retroactive,
            course, advice, '[]'::json, null::timestamptz, null::json, begun_era, begun_xid::text
        from alert_rule where status not in ('disabled', 'expired') order by id
        """)

    /// - Parameter source: not the transaction that asks, whose own changes may yet be undone.
    nonisolated(nonsending) static func load(
        _ kind: Kind, configuration: Int64, from source: any Queryable
    ) async throws -> RuleIndex {
        let rules = try await source.query(load).compactMap { row -> AlertRule? in
            guard var rule = AlertRule(row), rule.content.isFor(kind) else { return nil }
            rule.begun =
                row.isNull(23)
                ? .beginning
                : EventPosition(
                    era: Int32(row.int(23)), transaction: UInt64(row.text(24)) ?? 0,
                    id: EventPosition.beginning.id)
            return rule
        }
        return RuleIndex(configuration: configuration, rules: rules)
    }
}
