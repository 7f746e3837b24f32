package import Access
import Events
import JSON
import Kernel

/// What a rule does to keys when it fires, beside sending. It takes, and never gives back.
package struct RuleAction: Equatable, Sendable {
    package enum Keys: Equatable, Sendable {
        /// The key that the event is about which fired.
        case ofEvent
        case selected(Scope)
    }

    package let deed: KeyDeed
    package let keys: Keys

    /// The key that an event is about, for a trial and for what is done: its subject, or what its `key_id`
    /// names. An own event may say either; whether anything may be done to that key is asked then.
    static func key(of type: EventType, subject: String?, _ data: JSONObject) -> ExchangeKeyID? {
        if let thing = EventTopic(of: type, subject: subject, data).thing { return ExchangeKeyID(thing) }
        guard type.isAboutThings else { return nil }
        return data["key_id"]?.asString.flatMap { ExchangeKeyID($0) }
    }

    /// On which keys, when an event about `key` fires; nil: on none.
    func scope(firedAbout key: ExchangeKeyID?) -> Scope? {
        switch keys {
        case .ofEvent: key.map { .key($0) }
        case .selected(let scope): scope
        }
    }
}

/// All that a rule does, and its brake.
package struct RuleActions: Equatable, Sendable {
    static let atMost = 4
    static let usualKeysPerHour = 20
    static let keysPerHourAtMost = 1_000

    package var list: [RuleAction] = []
    /// More than that it does not touch within an hour: then it touches none.
    package var keysPerHour = usualKeysPerHour

    package init() {}

    /// Of a request that makes a rule.
    init(_ f: inout Fields) { (list, keysPerHour) = (Self.readList(&f), Self.readBrake(&f)) }
}

// MARK: As written

extension RuleAction {
    private enum Form: String, CaseIterable { case setMode = "set_mode", openRotation = "open_rotation" }
    private enum Mode: String, CaseIterable { case reduceOnly = "reduce_only", suspended }

    var object: JSONObject {
        var object = JSONObject()
        let form = deed == .rotate ? Form.openRotation : .setMode
        _ = object.append("do", .string(form.rawValue))
        if let mode { _ = object.append("mode", .string(mode)) }
        _ = object.append("keys", keys.json)
        return object
    }

    /// What `do` says.
    var form: String { object["do"]?.asString ?? "" }

    /// Which mode it sets, if it sets one.
    var mode: String? { deed == .rotate ? nil : deed.rawValue }

    /// Of an action in a request.
    static func read(_ f: inout Fields) -> RuleAction {
        let form = f.choice("do", Form.self)
        var deed = KeyDeed.rotate
        if form == .setMode {
            deed = f.choice("mode", Mode.self) == .suspended ? .suspend : .reduceOnly
        } else if f.has("mode") {
            f.fail("mode", code: FieldCode.unknownField, "is of set_mode alone")
        }
        return RuleAction(deed: deed, keys: Keys.read(&f))
    }

    /// Nil for what this service never stored.
    init?(stored value: JSONValue) {
        guard let object = value.asObject, let keys = object["keys"].flatMap(Keys.init(stored:)) else {
            return nil
        }
        let deed: KeyDeed? =
            object["do"] == .string(Form.openRotation.rawValue)
            ? .rotate : object["mode"]?.asString.flatMap { KeyDeed(rawValue: $0) }
        guard let deed else { return nil }
        self.init(deed: deed, keys: keys)
    }
}

extension RuleAction.Keys {
    fileprivate var json: JSONValue {
        switch self {
        case .ofEvent: ["of_event": true]
        case .selected(.everything): ["all": true]
        case .selected(let scope): scope.json
        }
    }

    fileprivate static func read(_ f: inout Fields) -> RuleAction.Keys {
        f.object("keys") { f in
            let ofEvent = f.bool("of_event", default: false)
            let all = f.bool("all", default: false)
            let scope = Scope(&f)
            if case .account = scope {
                f.fail("resource", code: FieldCode.notAChoice, "is a key; name the account's keys by account")
            }
            switch (ofEvent, all, scope) {
            case (true, false, .everything): return .ofEvent
            case (false, true, .everything): return .selected(.everything)
            case (false, false, .everything):
                f.fail(
                    code: FieldCode.tooFew,
                    "must say which keys: what they have in common, {\"of_event\": true}, or {\"all\": true}")
                return .ofEvent
            case (false, false, _): return .selected(scope)
            default:
                f.fail(ofEvent ? "of_event" : "all", code: "excluded", "stands alone")
                return .ofEvent
            }
        } ?? .ofEvent
    }

    fileprivate init?(stored value: JSONValue) {
        guard let object = value.asObject else { return nil }
        if object["of_event"] == true {
            self = .ofEvent
        } else if object["all"] == true {
            self = .selected(.everything)
        } else if let scope = Scope(stored: value), scope != .everything {
            self = .selected(scope)
        } else {
            return nil
        }
    }
}

extension RuleActions {
    private static let listName = "actions"
    private static let brakeName = "keys_per_hour"

    static func readList(_ f: inout Fields) -> [RuleAction] {
        f.array(optional: listName, count: 0...atMost) { f in RuleAction.read(&f) } ?? []
    }

    static func readBrake(_ f: inout Fields) -> Int {
        f.int(optional: brakeName, 1...keysPerHourAtMost) ?? usualKeysPerHour
    }

    /// Beside what is in the column already; nothing where a rule does nothing.
    func store(in object: inout JSONObject) {
        if self == RuleActions() { return }
        _ = object.append(Self.listName, .array(list.map { .object($0.object) }))
        _ = object.append(Self.brakeName, .number(JSONNumber(keysPerHour)))
    }

    init(stored object: JSONObject) {
        list = (object[Self.listName]?.asArray ?? []).compactMap { RuleAction(stored: $0) }
        keysPerHour = object[Self.brakeName]?.asInt.map { Int($0) } ?? Self.usualKeysPerHour
    }

    func writeFields(to w: inout JSONWriter) {
        w.field(Self.listName, list.map { JSONValue.object($0.object) })
        w.field(Self.brakeName, keysPerHour)
    }
}
