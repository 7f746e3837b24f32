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
        /// Held while a model's bullish signal is open, by the rule that makes the stored ones.
        case signal(GradeModel)
        case always
    }

    package let kind: Kind
    /// Holds only while the market's gate is open; the state lives on under a closed gate.
    package let isGated: Bool

    package init(_ kind: Kind, isGated: Bool = false) { (self.kind, self.isGated) = (kind, isGated) }

    /// Its texts, in the order in which a decision's reading has what they came to.
    var conditions: [(field: String, condition: BarCondition)] {
        switch kind {
        case .states(let enter, let leave): [("enter", enter), ("leave", leave)]
        case .level(let hold): [("hold", hold)]
        case .model, .signal, .always: []
        }
    }

    /// Bars before everything that it reads has a value.
    package var lookBack: Int {
        switch kind {
        case .states(let enter, let leave): max(enter.lookBack, leave.lookBack)
        case .level(let hold): hold.lookBack
        case .model(let model, _, _), .signal(let model): model.lookBack
        case .always: 0
        }
    }

    var readsMarket: Bool {
        switch kind {
        case .states(let enter, let leave): isGated || enter.readsMarket || leave.readsMarket
        case .level(let hold): isGated || hold.readsMarket
        case .model, .always: isGated
        case .signal: true
        }
    }

    package var firstStable: Int {
        switch kind {
        case .states(let enter, let leave): max(enter.firstStable, leave.firstStable)
        case .level(let hold): hold.firstStable
        case .model(let model, _, _), .signal(let model): model.lookBack
        case .always: 0
        }
    }
}

extension TradingRule: JSONWritable {
    package func write(to w: inout JSONWriter) { write(to: &w) { $0.source } }

    private func write(to w: inout JSONWriter, _ text: (BarCondition) -> String) {
        w.object { w in
            switch kind {
            case .states(let enter, let leave):
                w.field("enter", text(enter))
                w.field("leave", text(leave))
            case .level(let hold): w.field("hold", text(hold))
            case .model(let model, let enter, let leave):
                w.field("model", model.rawValue)
                w.field("enter", enter)
                w.field("leave", leave)
            case .signal(let model): return w.field("signal", model.rawValue)
            case .always: w.field("hold", "true")
            }
            w.field("gate", isGated)
        }
    }

    /// As JSON, without what does not matter to it, as white space.
    var plain: [UInt8] {
        var w = JSONWriter()
        write(to: &w) { $0.words }
        return w.bytes
    }

    /// The same for the same rule, whoever writes it.
    package var digest: [UInt8] { SHA256.hash(plain) }
}
