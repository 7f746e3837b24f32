import Crypto
package import JSON
package import Signals

/// When to hold a token, as data.
package struct TradingRule: Equatable, Sendable {
    package enum Kind: Equatable, Sendable {
        /// Bought when `enter` holds and sold when `leave` does; between them it stays as it is.
        case states(enter: BarCondition, leave: BarCondition)
        /// Held while it holds.
        case level(BarCondition)
        /// Bought at a grade of at least `enter`, sold below `leave` or when there is no grade.
        case model(GradeModel, enter: Double, leave: Double)
        case always
    }

    package let kind: Kind
    /// Holds only while the market's gate is open; the state lives on under a closed gate.
    package let isGated: Bool

    package init(_ kind: Kind, isGated: Bool = false) { (self.kind, self.isGated) = (kind, isGated) }

    /// Bars before everything that it reads has a value.
    package var lookBack: Int {
        switch kind {
        case .states(let enter, let leave): max(enter.lookBack, leave.lookBack)
        case .level(let hold): hold.lookBack
        case .model(let model, _, _): model.lookBack
        case .always: 0
        }
    }

    var readsMarket: Bool {
        switch kind {
        case .states(let enter, let leave): isGated || enter.readsMarket || leave.readsMarket
        case .level(let hold): isGated || hold.readsMarket
        case .model, .always: isGated
        }
    }

    package var firstStable: Int {
        switch kind {
        case .states(let enter, let leave): max(enter.firstStable, leave.firstStable)
        case .level(let hold): hold.firstStable
        case .model(let model, _, _): model.lookBack
        case .always: 0
        }
    }
}

extension TradingRule: JSONWritable {
    package func write(to w: inout JSONWriter) {
        w.object { w in
            switch kind {
            case .states(let enter, let leave):
                w.field("enter", enter.source)
                w.field("leave", leave.source)
            case .level(let hold): w.field("hold", hold.source)
            case .model(let model, let enter, let leave):
                w.field("model", model.rawValue)
                w.field("enter", enter)
                w.field("leave", leave)
            case .always: w.field("hold", "true")
            }
            w.field("gate", isGated)
        }
    }

    /// The same for the same rule, whoever writes it: variants are counted by it.
    package var digest: [UInt8] {
        var w = JSONWriter()
        w.value(self)
        return SHA256.hash(w.bytes)
    }
}
