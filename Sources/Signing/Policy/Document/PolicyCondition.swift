package import Expressions

/// A condition of CEL over a request, checked when it was read.
package struct PolicyCondition: Sendable {
    /// As written.
    package let source: String
    package let scope: ClauseScope
    /// It may ask what an order is worth.
    let asksNotional: Bool
    private let expression: Expression

    package init(_ source: String, scope: ClauseScope) throws(ExpressionMistake) {
        expression = try Expression(source, in: .policy(scope), giving: .bool)
        (self.source, self.scope) = (source, scope)
        asksNotional = source.contains("notional_usd")
    }
}

extension PolicyCondition: Equatable {
    package static func == (a: PolicyCondition, b: PolicyCondition) -> Bool {
        a.scope == b.scope && a.source.utf8.elementsEqual(b.source.utf8)
    }
}

extension PolicyCondition {
    enum Outcome: Equatable {
        case holds, fails
        /// Why it cannot be said. Never the same as false.
        case error(String)
    }

    /// What one evaluation may cost, in the units of `ExpressionLimits`: a quarter of a millisecond at most.
    /// A request may be a batch, and each of its orders is asked by every condition.
    static let cost = 5_000

    func evaluate(_ variables: PolicyVariables) -> Outcome {
        switch expression.evaluate(variables, cost: Self.cost) {
        case .success(.bool(true)): .holds
        case .success(.bool(false)): .fails
        case .success(let value): .error("it gives \(value.typeName.rawValue), not bool")
        case .failure(let error): .error("\(expression.text(of: error)): \(error.message)")
        }
    }
}
