import Exchanges
package import JSON
import Kernel

extension Policy {
    /// The document in its one form: the same value gives the same bytes, and reading them gives the value.
    package var canonicalBytes: [UInt8] {
        var w = JSONWriter(capacity: 1_024)
        write(to: &w)
        return w.bytes
    }
}

/// What is not there is not written.
extension Policy: JSONWritable {
    package func write(to w: inout JSONWriter) {
        w.object { w in
            w.list("operations", operations?.map(\.rawValue))
            w.list("ways", ways?.map(\.rawValue))
            w.list("hosts", hosts)
            w.list("cidrs", cidrs?.map(\.description))
            w.optional("orders", orders)
            w.optional("withdrawals", withdrawals)
            w.optional("hours", hours)
            if !limits.isEmpty { w.array("limits", limits) { $0.value($1) } }
            w.optional("when", when)
            if !deny.isEmpty { w.array("deny", deny) { $0.value($1) } }
            if !logOnly.isEmpty { w.array("log_only", logOnly) { $0.value($1.description) } }
            if let allowsReadOnlyStreams {
                w.object("streams") { $0.field("read_only", allowsReadOnlyStreams) }
            }
            w.optional("reveals", reveals)
        }
    }
}

extension OrderBounds: JSONWritable {
    package func write(to w: inout JSONWriter) {
        w.object { w in
            w.list("symbols", symbols?.map(\.text))
            w.list("sides", sides?.map(\.rawValue))
            w.list("types", types?.map(\.rawValue))
            w.list("time_in_force", timeInForce?.map(\.rawValue))
            w.optional("max_leverage", maxLeverage?.description)
            w.list("margin_modes", marginModes)
            w.list("instruments", instruments?.map(\.rawValue))
            w.optional("max_notional", maxNotional)
            w.optional("max_price_distance_percent", maxPriceDistancePercent?.description)
            w.scope(scope)
        }
    }
}

extension WithdrawalBounds: JSONWritable {
    package func write(to w: inout JSONWriter) {
        w.object { w in
            w.array("destinations", destinations) { w, destination in
                w.object { w in
                    w.field("asset", destination.asset)
                    w.optional("network", destination.network)
                    w.field("address", destination.address)
                    w.optional("tag", destination.tag)
                }
            }
        }
    }
}

extension HourBounds: JSONWritable {
    package func write(to w: inout JSONWriter) {
        w.object { w in
            w.array("windows", windows) { w, window in
                w.object { w in
                    w.list("days", window.days.map(\.rawValue))
                    w.field("from", window.from.description)
                    w.field("to", window.to.description)
                    w.field("time_zone", window.zone.text)
                }
            }
            w.scope(scope)
        }
    }
}

extension UseLimit: JSONWritable {
    package func write(to w: inout JSONWriter) {
        w.object { w in
            w.field("count", count.rawValue)
            if count == .notional {
                w.field("max", Notional(microdollars: max))
            } else {
                w.field("max", String(max))
            }
            w.field("per", per.text)
            w.list("operations", operations?.map(\.rawValue))
            w.list("symbols", symbols?.map(\.text))
            w.optional("of", of?.rawValue)
            w.scope(scope)
        }
    }
}

/// Text alone where it binds opening orders.
extension PolicyCondition: JSONWritable {
    package func write(to w: inout JSONWriter) {
        if scope == .opening {
            w.string(source)
        } else {
            w.object { w in
                w.field("expression", source)
                w.field("applies_to", scope.rawValue)
            }
        }
    }
}

extension DenyRule: JSONWritable {
    package func write(to w: inout JSONWriter) {
        w.object { w in
            w.field("name", name)
            w.field("when", when.source)
            if when.scope != .all { w.field("applies_to", when.scope.rawValue) }
        }
    }
}

extension JSONWriter {
    fileprivate mutating func list(_ name: String, _ texts: [String]?) {
        if let texts { field(name, texts) }
    }

    fileprivate mutating func optional<T: JSONWritable>(_ name: String, _ value: T?) {
        if let value { field(name, value) }
    }

    fileprivate mutating func scope(_ scope: ClauseScope) {
        if scope != .opening { field("applies_to", scope.rawValue) }
    }
}
