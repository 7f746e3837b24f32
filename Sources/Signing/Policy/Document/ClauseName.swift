/// What a verdict is about. `description` is how documents and answers write it.
package enum ClauseName: Hashable, Sendable {
    // Always there, whatever policies say.
    case request, policy, mode, permissions, approval, instrument, streams, clock
    // Of a policy's document.
    case operations, ways, hosts, cidrs
    case symbols, sides, types, timeInForce, leverage, marginModes, instruments, notional, priceDistance
    case withdrawals, hours, when
    /// By its place in the list, from 1.
    case limit(Int)
    case deny(String)
}

extension ClauseName: CustomStringConvertible {
    package var description: String {
        switch self {
        case .limit(let number): "limits.\(number)"
        case .deny(let name): "deny.\(name)"
        default: fixedName
        }
    }

    private var fixedName: String {
        switch self {
        case .request: "request"
        case .policy: "policy"
        case .mode: "mode"
        case .permissions: "permissions"
        case .approval: "approval"
        case .instrument: "instrument"
        case .streams: "streams"
        case .clock: "clock"
        case .operations: "operations"
        case .ways: "ways"
        case .hosts: "hosts"
        case .cidrs: "cidrs"
        case .symbols: "orders.symbols"
        case .sides: "orders.sides"
        case .types: "orders.types"
        case .timeInForce: "orders.time_in_force"
        case .leverage: "orders.max_leverage"
        case .marginModes: "orders.margin_modes"
        case .instruments: "orders.instruments"
        case .notional: "orders.max_notional"
        case .priceDistance: "orders.max_price_distance_percent"
        case .withdrawals: "withdrawals"
        case .hours: "hours"
        case .when: "when"
        case .limit, .deny: ""
        }
    }
}
