import Exchanges
import Expressions
package import JSON
import Kernel

extension Policy {
    /// - Parameter owner: whose it will be: a key's must say what it allows.
    package init(_ fields: consuming Fields, of owner: PolicyOwner) throws(FieldErrors) {
        var f = fields
        operations = f.operations(of: owner)
        ways = f.distinct("ways", f.choices(optional: "ways", UseWay.self, count: 1...2))
        hosts = f.hosts()
        cidrs = f.cidrs()
        orders = f.object(optional: "orders") { OrderBounds(&$0) }
        withdrawals = f.object(optional: "withdrawals") { WithdrawalBounds(&$0) }
        hours = f.object(optional: "hours") { HourBounds(&$0) }
        limits = f.limits(of: owner)
        when = f.condition("when", default: .opening)
        deny = f.denyRules()
        allowsReadOnlyStreams = f.object(optional: "streams") { $0.bool("read_only") }
        reveals = f.bool(optional: "reveals")
        logOnly = f.logOnly(of: self, owner)
        if canonicalBytes.count > PolicyLimits.documentBytes {
            f.fail(
                code: FieldCode.tooLong, "must have at most \(PolicyLimits.documentBytes) bytes as JSON")
        }
        try f.finish()
    }

    /// The clauses that this document has.
    package var clauseNames: [ClauseName] {
        var names: [ClauseName] = []
        let plain: [(ClauseName, Bool)] = [
            (.operations, operations != nil), (.ways, ways != nil), (.hosts, hosts != nil),
            (.cidrs, cidrs != nil), (.withdrawals, withdrawals != nil), (.hours, hours != nil),
            (.when, when != nil), (.streams, allowsReadOnlyStreams != nil),
        ]
        names += plain.filter(\.1).map(\.0)
        names += orders?.clauseNames ?? []
        names += limits.indices.map { .limit($0 + 1) }
        return names + deny.map { .deny($0.name) }
    }
}

extension OrderBounds {
    fileprivate init(_ f: inout Fields) {
        self.init()
        let expected = "a symbol, or its beginning or end with a star in place of the rest"
        symbols = f.distinct(
            "symbols", f.parsedList(optional: "symbols", expected: expected) { SymbolPattern($0) })
        sides = f.distinct("sides", f.choices(optional: "sides", OrderIntent.Side.self, count: 1...2))
        types = f.distinct("types", f.choices(optional: "types", OrderIntent.Kind.self, count: 1...20))
        timeInForce = f.distinct(
            "time_in_force",
            f.choices(optional: "time_in_force", OrderIntent.TimeInForce.self, count: 1...10))
        marginModes = f.distinct(
            "margin_modes", f.strings(optional: "margin_modes", count: 1...10, each: 1...32))
        instruments = f.distinct(
            "instruments", f.choices(optional: "instruments", OrderIntent.Instrument.self, count: 1...5))
        maxLeverage = f.positive(optional: "max_leverage")
        maxNotional = f.object(optional: "max_notional") { Notional(&$0) } ?? nil
        maxPriceDistancePercent = f.positive(optional: "max_price_distance_percent")
        scope = f.scope()
    }

    fileprivate var clauseNames: [ClauseName] {
        let all: [(ClauseName, Bool)] = [
            (.symbols, symbols != nil), (.sides, sides != nil), (.types, types != nil),
            (.timeInForce, timeInForce != nil), (.leverage, maxLeverage != nil),
            (.marginModes, marginModes != nil), (.instruments, instruments != nil),
            (.notional, maxNotional != nil), (.priceDistance, maxPriceDistancePercent != nil),
        ]
        return all.filter(\.1).map(\.0)
    }
}

extension WithdrawalBounds {
    fileprivate init(_ f: inout Fields) {
        destinations = f.array("destinations", count: 0...PolicyLimits.destinations) { f in
            Destination(
                asset: f.string("asset", 1...32), network: f.string(optional: "network", 1...64),
                address: f.string("address", 1...256), tag: f.string(optional: "tag", 1...256))
        }
    }
}

extension HourBounds {
    fileprivate init(_ f: inout Fields) {
        windows = f.array("windows", count: 1...PolicyLimits.windows) { f in
            let days = f.distinct("days", f.choices(optional: "days", Day.self, count: 1...7))
            let from = f.timeOfDay("from")
            if from.minutes == 1_440 {
                f.fail("from", code: FieldCode.outOfRange, "must be before 24:00")
            }
            let zone = f.parsed(optional: "time_zone", expected: "UTC or an offset such as +02:00") {
                FixedZone($0)
            }
            return Window(days ?? Day.allCases, from: from, to: f.timeOfDay("to"), in: zone ?? .utc)
        }
        scope = f.scope()
    }
}

extension Notional {
    fileprivate init?(_ f: inout Fields) {
        let amount = f.parsed("amount", expected: Fields.positiveDecimal) { Fields.positive($0) }
        f.readDollars()
        guard let amount else { return nil }
        self.init(amount)
    }
}

// MARK: Parts

extension Fields {
    fileprivate mutating func operations(of owner: PolicyOwner) -> [RequestOperation]? {
        let all = choices(optional: "operations", RequestOperation.self, count: 0...20)
        if owner == .key, all == nil, isNull("operations") || !has("operations") {
            fail("operations", code: FieldCode.missing, "is required: a key's policy says what it allows")
        }
        return distinct("operations", all)
    }

    fileprivate mutating func hosts() -> [String]? {
        let known = Set(Exchange.all.flatMap(\.aliases))
        let names = known.sorted().joined(separator: ", ")
        return distinct(
            "hosts",
            parsedList(optional: "hosts", expected: "one of \(names)") { known.contains($0) ? $0 : nil })
    }

    fileprivate mutating func denyRules() -> [DenyRule] {
        let rules = array(optional: "deny", count: 0...PolicyLimits.denyRules) { f -> DenyRule? in
            let name = f.parsed("name", expected: "lower-case letters, digits and _, at most 63") {
                Self.isName($0) ? $0 : nil
            }
            let condition = f.expression(
                "when", scope: f.choice("applies_to", ClauseScope.self, default: .all))
            guard let name, let condition else { return nil }
            return DenyRule(name, condition)
        }
        let read = (rules ?? []).compactMap { $0 }
        for (index, rule) in read.enumerated() where read[..<index].contains(where: { $0.name == rule.name })
        {
            fail("deny", index: index, code: "duplicate", "has the name of another rule")
        }
        return read
    }

    /// Text, or an object with the text and what it applies to.
    fileprivate mutating func condition(_ name: String, default scope: ClauseScope) -> PolicyCondition? {
        guard case .object? = take(name) else {
            guard has(name), !isNull(name) else { return nil }
            return expression(name, scope: scope)
        }
        return object(name) { f in
            f.expression("expression", scope: f.choice("applies_to", ClauseScope.self, default: scope))
        } ?? nil
    }

    fileprivate mutating func expression(_ name: String, scope: ClauseScope) -> PolicyCondition? {
        let source = string(name, 1...ExpressionLimits.characters)
        guard !source.isEmpty else { return nil }
        do throws(ExpressionMistake) {
            return try PolicyCondition(source, scope: scope)
        } catch {
            fail(name, code: "invalid_expression", error.sentence)
            return nil
        }
    }

    fileprivate mutating func logOnly(of policy: Policy, _ owner: PolicyOwner) -> [ClauseName] {
        let there = policy.clauseNames
        let names = strings(
            optional: "log_only", count: 0...PolicyLimits.list, each: 1...100)
        return (names ?? []).enumerated().compactMap { index, text in
            guard let name = there.first(where: { $0.description == text }) else {
                fail("log_only", index: index, code: FieldCode.notAChoice, "is no clause of this policy")
                return nil
            }
            if owner == .key, name == .operations || name == .withdrawals {
                fail("log_only", index: index, code: FieldCode.notAChoice, "is what allows: it cannot be")
            }
            if names?[..<index].contains(text) == true {
                fail("log_only", index: index, code: "duplicate", "stands more than once")
            }
            return name
        }
    }

    private static func isName(_ text: String) -> Bool {
        let isPart = { (byte: UInt8) in
            (97...122).contains(byte) || (48...57).contains(byte) || byte == UInt8(ascii: "_")
        }
        return (1...63).contains(text.utf8.count) && text.utf8.allSatisfy(isPart)
    }
}
