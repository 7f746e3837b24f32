package import JSON
package import Kernel

/// What a key's account holds and nobody has offered yet, on spot: asked of the exchanges where a sale cannot
/// borrow what is missing. Accounts that borrow by themselves (Bybit's and OKX's unified ones) tell nothing
/// of the kind.
extension ExchangeName {
    /// A signed read on the host of spot orders; nil where there is none.
    package var holdingsRequest: RequestDraft? {
        switch self {
        case .binance: .list("spot", "/api/v3/account", [.init("omitZeroBalances", "true")])
        case .kraken: RequestDraft(known: .post, host: "spot", path: "/0/private/BalanceEx")
        case .coinbase: .list("main", "/api/v3/brokerage/accounts", [.init("limit", "250")])
        case .kucoin: .list("spot", "/api/v1/accounts", [.init("type", "trade")])
        case .gate: .list("main", "/api/v4/spot/accounts")
        case .bitget: .list("main", "/api/v2/spot/account/assets")
        case .mexc: .list("spot", "/api/v3/account")
        case .bybit, .okx: nil
        }
    }

    /// Amounts that are free, by asset; nil when it is no such answer. What is locked in other orders is sold
    /// already.
    package func holdings(in answer: JSONValue) -> [String: Decimal]? {
        switch self {
        case .binance, .mexc: answer["balances"]?.amounts("asset", "free")
        case .kraken: answer["result"]?.asObject.map { Self.kraken($0) }
        case .coinbase: answer["accounts"]?.amounts("currency", "value", within: "available_balance")
        case .kucoin: answer["data"]?.amounts("currency", "available")
        case .gate: answer.amounts("currency", "available")
        case .bitget: answer["data"]?.amounts("coin", "available")
        case .bybit, .okx: nil
        }
    }

    /// Old currencies have a letter before their name: `XXBT`, `ZEUR`. What has a point is lent or staked.
    private static func kraken(_ balances: JSONObject) -> [String: Decimal] {
        var found: [String: Decimal] = [:]
        for member in balances.members where !member.name.contains(".") {
            let (asset, row) = (member.name, member.value)
            let isOld = asset.count == 4 && (asset.hasPrefix("X") || asset.hasPrefix("Z"))
            let name = InstrumentRow.currency(isOld ? asset.dropFirst() : asset[...])
            guard let balance = row.words("balance").flatMap({ Decimal($0) }),
                let free = balance.subtracting(row.words("hold_trade").flatMap { Decimal($0) } ?? .zero)
            else { continue }
            found[name] = free
        }
        return found
    }
}

extension JSONValue {
    /// Of a list's rows; an asset that stands twice is not known.
    fileprivate func amounts(
        _ name: String, _ amount: String, within part: String? = nil
    ) -> [String: Decimal]? {
        guard let rows = asArray else { return nil }
        var found: [String: Decimal?] = [:]
        for row in rows {
            guard let asset = row.words(name) else { continue }
            let value = (part.map { row[$0] ?? .null } ?? row).words(amount).flatMap { Decimal($0) }
            found[asset] = found[asset] == nil ? .some(value) : .some(nil)
        }
        return found.compactMapValues { $0 }
    }
}
