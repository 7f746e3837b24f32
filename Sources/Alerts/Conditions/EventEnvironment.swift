import Events
import Expressions

extension Environment {
    /// `event`, with a variant for each event type that the patterns take, told apart by `event.type`.
    /// - Parameter remembers: whether what was at the event before is known.
    static func events(of patterns: [EventPattern], remembers: Bool = false) -> Environment {
        var environment = events(of: patterns)
        environment.remembers = remembers
        return environment
    }

    private static func events(of patterns: [EventPattern]) -> Environment {
        guard !patterns.isEmpty else { return Environment(["event": .dyn]) }
        let listed = EventType.all.filter { type in
            type.isOpenToRules && patterns.contains { $0.matches(type) }
        }
        let own = patterns.filter(\.takesCustom).map { pattern in
            ObjectType.Variant(
                tag: pattern.text.hasSuffix("*") ? String(pattern.text.dropLast()) : pattern.text,
                fields: EventVariants.envelope, isOpen: true)
        }
        let type = ObjectType(
            name: "event", tagField: "type",
            variants: listed.compactMap { EventVariants.byName[$0.name] } + own,
            unknownTag: "on takes no event of this type", knownTags: EventVariants.names)
        let isOverMarket = patterns.contains(.market)
        return Environment(
            ["event": .object(type)].merging(isOverMarket ? MarketVariables.types : [:]) { $1 })
    }
}

/// The declared fields of Events as the checker takes them, made once.
private enum EventVariants {
    static let names = EventType.all.map(\.name)

    static let envelope = fields(EventType.envelopeFields)

    static let byName = Dictionary(
        uniqueKeysWithValues: EventType.all.map { type in
            let own = fields(type.dataFields ?? [])
            // What stands around an event wins over a field of its data, as in `EventView`.
            return (
                type.name,
                ObjectType.Variant(
                    tag: type.name, fields: own.merging(envelope) { $1 }, isOpen: type.isCustom)
            )
        })

    private static func fields(_ fields: [EventField]) -> [String: ExpressionType] {
        Dictionary(fields.map { ($0.name, $0.type) }, uniquingKeysWith: { $1 })
    }
}

extension EventField {
    var type: ExpressionType {
        let type: ExpressionType =
            switch kind {
            case .string: .string
            case .strings: .list(.string)
            case .number: .double
            case .integer: .int
            case .boolean: .bool
            case .map: .map(.string, .dyn)
            }
        return isNullable ? .nullable(type) : type
    }
}

extension EventType {
    /// Alerts and what rules themselves report, so that no rule feeds itself.
    package var isOpenToRules: Bool { !name.hasPrefix("alert.") && !Self.toldByRules.contains(self) }

    private static let toldByRules: Set<EventType> = [
        .ruleFailed, .ruleNoData, .ruleOverflowed, .ruleActed, .ruleBraked, .ruleActionRefused,
    ]
}
